import { useTranslation } from 'react-i18next';
import { useServer } from '@/features/status/useServer';
import { formatCount } from '@/lib/numbers';
import { formatTime, formatWholeSeconds } from '@/lib/time';
import { LogDetails } from './LogDetails';
import { LogTypeTag } from './LogTypeTag';
import { isChannelTest, LogType, type LogRow } from './types';

/** One entry on a phone; it unfolds to its details. */
export function LogCard({ row, isAdmin }: { row: LogRow; isAdmin: boolean }) {
  const { t } = useTranslation();
  const { quota } = useServer();
  const isCall = row.type === LogType.consume;
  return (
    <article className="flex flex-col gap-2">
      <div className="flex items-start justify-between gap-3">
        <h2 className="min-w-0 font-medium [overflow-wrap:anywhere]">{row.model_name || row.content}</h2>
        {isCall || row.quota ? <span className="ya-num shrink-0 font-semibold">{quota(row.quota)}</span> : null}
      </div>
      <p className="flex flex-wrap items-center gap-x-2 gap-y-1 text-xs text-muted">
        <LogTypeTag type={row.type} />
        <span className="ya-num">{formatTime(row.created_at)}</span>
        {isAdmin ? <span>{row.username}</span> : null}
        {row.token_name ? <span className="[overflow-wrap:anywhere]">{isChannelTest(row) ? t('logs.channelTest') : row.token_name}</span> : null}
      </p>
      {isCall ? (
        <p className="ya-num text-sm text-muted">
          {t('logs.tokensLine', { input: formatCount(row.prompt_tokens), output: formatCount(row.completion_tokens), time: formatWholeSeconds(row.use_time) })}
        </p>
      ) : null}
      <details className="group">
        <summary className="cursor-pointer text-sm text-accent">{t('logs.details')}</summary>
        <div className="pt-2 text-sm">
          <LogDetails row={row} />
        </div>
      </details>
    </article>
  );
}
