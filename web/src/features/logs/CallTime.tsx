import { useTranslation } from 'react-i18next';
import { formatSpan, formatWholeSeconds } from '@/lib/time';
import { readOther } from './logOther';
import { LogType, type LogRow } from './types';

/** How long the call took, and after how long its first byte came. */
export function CallTime({ row }: { row: LogRow }) {
  const { t } = useTranslation();
  if (row.type !== LogType.consume) return <span className="text-muted">–</span>;
  const { firstByteMs } = readOther(row.other);
  return (
    <span className="ya-num whitespace-nowrap">
      {formatWholeSeconds(row.use_time)}
      <span className="block text-xs text-muted">
        {row.is_stream && firstByteMs !== undefined ? t('logs.firstByte', { time: formatSpan(firstByteMs) }) : t(row.is_stream ? 'logs.streamed' : 'logs.whole')}
      </span>
    </span>
  );
}
