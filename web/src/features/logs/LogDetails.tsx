import { useTranslation } from 'react-i18next';
import { useServer } from '@/features/status/useServer';
import { formatSpan, formatWholeSeconds } from '@/lib/time';
import { costOf } from './cost';
import { CostDetails } from './CostDetails';
import { readOther, type LogOther } from './logOther';
import { isChannelTest, LogType, wordsOf, type LogRow } from './types';

type Fact = [name: string, value: string];

function factsOf(row: LogRow, other: LogOther): Fact[] {
  const all: (Fact | null)[] = [
    row.group ? ['group', row.group] : null,
    row.channel ? ['channel', row.channel_name ? `#${row.channel} ${row.channel_name}` : `#${row.channel}`] : null,
    other.triedChannels.length > 1 ? ['tried', other.triedChannels.map((id) => `#${id}`).join(' → ')] : null,
    other.upstreamModel ? ['upstream', other.upstreamModel] : null,
    other.reasoningEffort ? ['effort', other.reasoningEffort] : null,
    row.type === LogType.consume ? ['duration', formatWholeSeconds(row.use_time)] : null,
    other.firstByteMs !== undefined ? ['firstByte', formatSpan(other.firstByteMs)] : null,
    row.request_id ? ['request', row.request_id] : null,
  ];
  return all.filter((fact): fact is Fact => fact !== null);
}

/** Everything that the row tells: its words, its circumstances, and how its cost came about. */
export function LogDetails({ row }: { row: LogRow }) {
  const { t } = useTranslation();
  const { display } = useServer();
  const other = readOther(row.other);
  const cost = row.type === LogType.consume ? costOf(row, other, display.perUnit || 500_000) : null;
  const words = isChannelTest(row) ? t('logs.channelTestHelp') : wordsOf(row);
  return (
    <div className="flex flex-col gap-4 py-1 [overflow-wrap:anywhere]">
      {words ? <p>{words}</p> : null}
      <dl className="flex flex-wrap gap-x-8 gap-y-2">
        {factsOf(row, other).map(([name, value]) => (
          <div key={name}>
            <dt className="text-xs text-muted">{t(`logs.fact.${name}`)}</dt>
            <dd className="ya-num">{value}</dd>
          </div>
        ))}
      </dl>
      {cost ? <CostDetails cost={cost} isTest={isChannelTest(row)} /> : null}
    </div>
  );
}
