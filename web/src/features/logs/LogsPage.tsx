import { FileTextOutlined, ReloadOutlined } from '@ant-design/icons';
import { Button } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { fresh } from '@/api/live';
import { EmptyState } from '@/components/EmptyState';
import { LoadFault } from '@/components/LoadFault';
import { PageHeader } from '@/components/PageHeader';
import { Pager } from '@/components/Pager';
import { useSession } from '@/features/session/useSession';
import { useDebounced } from '@/lib/useDebounced';
import { LogFilterBar } from './LogFilterBar';
import { LogStatLine } from './LogStatLine';
import { LogTable } from './LogTable';
import { useListLogsQuery } from './logsApi';
import { TimeRange } from './TimeRange';
import { startOf, type RangePreset } from './timeRange';
import type { LogFilters } from './types';

const noFilters = { end: 0, type: 0, token: '', model: '', group: '', username: '', channel: '' };

/** Every call with its cost, and what else happened to quotas. */
export default function LogsPage() {
  const { t } = useTranslation();
  const { isAdmin } = useSession();
  const [preset, setPreset] = useState<RangePreset | null>('week');
  const [filters, setFilters] = useState<LogFilters>(() => ({ ...noFilters, start: startOf('week') }));
  const [paging, setPaging] = useState({ page: 1, pageSize: 20 });
  const still = useDebounced(filters);
  const { data, error, isFetching, refetch } = useListLogsQuery({ filters: still, everybody: isAdmin, ...paging }, fresh);
  const narrow = (change: Partial<LogFilters>) => {
    setFilters({ ...filters, ...change });
    setPaging({ ...paging, page: 1 });
  };
  const empty = <EmptyState icon={<FileTextOutlined />} title={t('logs.emptyTitle')} text={t('logs.emptyText')} />;
  return (
    <>
      <PageHeader
        title={t('shell.nav.logs')}
        lead={t('logs.lead')}
        actions={
          <Button icon={<ReloadOutlined />} loading={isFetching} onClick={() => void refetch()}>
            {t('common.refresh')}
          </Button>
        }
      />
      <div className="mb-3">
        <TimeRange
          preset={preset}
          start={filters.start}
          end={filters.end}
          onChange={(range) => {
            setPreset(range.preset);
            narrow({ start: range.start, end: range.end });
          }}
        />
      </div>
      <LogFilterBar
        filters={filters}
        isAdmin={isAdmin}
        onChange={narrow}
        onReset={() => narrow({ type: 0, token: '', group: '', username: '', channel: '' })}
      />
      <LogStatLine filters={still} everybody={isAdmin} />
      <LoadFault error={error} onRetry={() => void refetch()} />
      {error && !data ? null : <LogTable rows={data?.items} fetching={isFetching} isAdmin={isAdmin} empty={empty} />}
      <Pager {...paging} total={data?.total ?? 0} onChange={(page, pageSize) => setPaging({ page, pageSize })} />
    </>
  );
}
