import type { TableProps } from 'antd';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { ResponsiveTable } from '@/components/ResponsiveTable';
import { useServer } from '@/features/status/useServer';
import { formatCount } from '@/lib/numbers';
import { formatTime } from '@/lib/time';
import { CallTime } from './CallTime';
import { LogCard } from './LogCard';
import { LogDetails } from './LogDetails';
import { LogTypeTag } from './LogTypeTag';
import { isChannelTest, LogType, type LogRow } from './types';

interface Props {
  rows: LogRow[] | undefined;
  fetching: boolean;
  isAdmin: boolean;
  empty: ReactNode;
}

/** Users see ids that repeat, so the moment and the sums help to tell rows apart. */
function keyOf(row: LogRow): string {
  return [row.id, row.created_at, row.prompt_tokens, row.completion_tokens, row.quota].join('-');
}

function TwoLines({ first, second }: { first: string; second: string }) {
  return (
    <span className="block max-w-60">
      <span className="block truncate" title={first}>{first || '–'}</span>
      <span className="block truncate text-xs text-muted" title={second}>{second}</span>
    </span>
  );
}

function useColumns(isAdmin: boolean): NonNullable<TableProps<LogRow>['columns']> {
  const { t } = useTranslation();
  const { quota } = useServer();
  const tokenOf = (row: LogRow) => (isChannelTest(row) ? t('logs.channelTest') : row.token_name);
  const channelOf = (row: LogRow) => (row.channel ? `#${row.channel} ${row.channel_name}`.trim() : '');
  return [
    {
      title: t('logs.time'),
      key: 'time',
      render: (_, row) => <span className="ya-num whitespace-nowrap">{formatTime(row.created_at)}</span>,
    },
    { title: t('common.type'), key: 'type', render: (_, row) => <LogTypeTag type={row.type} /> },
    {
      title: isAdmin ? t('logs.userAndToken') : t('logs.token'),
      key: 'who',
      render: (_, row) => (isAdmin ? <TwoLines first={row.username} second={tokenOf(row)} /> : <TwoLines first={tokenOf(row)} second={row.group} />),
    },
    {
      title: isAdmin ? t('logs.modelAndChannel') : t('common.model'),
      key: 'model',
      render: (_, row) => <TwoLines first={row.model_name || row.content} second={isAdmin ? channelOf(row) : ''} />,
    },
    { title: t('logs.duration'), key: 'duration', render: (_, row) => <CallTime row={row} /> },
    {
      title: t('logs.tokensInOut'),
      key: 'tokens',
      align: 'right',
      render: (_, row) =>
        row.type === LogType.consume ? (
          <span className="ya-num whitespace-nowrap">
            {formatCount(row.prompt_tokens)} <span className="text-muted">/</span> {formatCount(row.completion_tokens)}
          </span>
        ) : null,
    },
    {
      title: t('logs.cost.short'),
      key: 'cost',
      align: 'right',
      render: (_, row) => (row.type === LogType.consume || row.quota ? <span className="ya-num font-medium whitespace-nowrap">{quota(row.quota)}</span> : null),
    },
  ];
}

/** The log, one entry a row; each opens to its details. */
export function LogTable({ rows, fetching, isAdmin, empty }: Props) {
  const { t } = useTranslation();
  return (
    <ResponsiveTable<LogRow>
      label={t('shell.nav.logs')}
      columns={useColumns(isAdmin)}
      rows={rows}
      rowKey={keyOf}
      fetching={fetching}
      card={(row) => <LogCard row={row} isAdmin={isAdmin} />}
      empty={empty}
      expandable={{ columnTitle: <span className="sr-only">{t('logs.details')}</span>, expandedRowRender: (row) => <LogDetails row={row} />, expandRowByClick: true }}
    />
  );
}
