import type { TableProps } from 'antd';
import { useTranslation } from 'react-i18next';
import { live } from '@/api/live';
import { LoadFault } from '@/components/LoadFault';
import { ResponsiveTable } from '@/components/ResponsiveTable';
import { StatusBadge, type Tone } from '@/components/StatusBadge';
import { formatCount } from '@/lib/numbers';
import { formatMinute, formatTime } from '@/lib/time';
import { useGetNodesQuery, type ServerNode } from './nodesApi';

const tones: Record<ServerNode['state'], Tone> = { online: 'good', lost: 'bad', stopped: 'off' };

function NodeState({ node }: { node: ServerNode }) {
  const { t } = useTranslation();
  return <StatusBadge tone={tones[node.state]} text={t(`nodes.state.${node.state}`)} />;
}

/** Its name, and what kind of node it is. */
function NodeName({ node }: { node: ServerNode }) {
  const { t } = useTranslation();
  const facts = [node.self ? t('nodes.self') : '', node.type ? t(`nodes.type.${node.type}`) : '', node.version, node.address === node.name ? '' : node.address];
  return (
    <div className="min-w-40">
      <span className="block font-medium [overflow-wrap:anywhere]">{node.name}</span>
      <span className="block text-xs text-muted [overflow-wrap:anywhere]">{facts.filter(Boolean).join(' · ')}</span>
    </div>
  );
}

function NodeRedis({ node }: { node: ServerNode }) {
  const { t } = useTranslation();
  return node.state === 'online' && node.redis ? t(`nodes.redisState.${node.redis}`) : '–';
}

function NodeJobs({ node }: { node: ServerNode }) {
  const { t } = useTranslation();
  // Another program's jobs may have names that are not known here.
  return node.jobs.length > 0 ? node.jobs.map((job) => t(`nodes.job.${job}`, { defaultValue: job })).join(', ') : '–';
}

/** Requests under way, processor and memory of one that is there. */
function NodeLoad({ node }: { node: ServerNode }) {
  const { t } = useTranslation();
  const { open_requests: open, cpu_percent: cpu, memory_bytes: memory } = node.load;
  if (node.state !== 'online' || open === undefined) return '–';
  return (
    <span className="ya-num">
      {t('nodes.loadLine', { count: open, requests: formatCount(open), cpu: (cpu ?? 0).toFixed(0), memory: formatCount((memory ?? 0) / 1048576) })}
    </span>
  );
}

function useColumns(): NonNullable<TableProps<ServerNode>['columns']> {
  const { t } = useTranslation();
  return [
    { title: t('nodes.node'), key: 'name', render: (_, node) => <NodeName node={node} /> },
    { title: t('common.status'), key: 'state', render: (_, node) => <NodeState node={node} /> },
    { title: t('nodes.load'), key: 'load', render: (_, node) => <NodeLoad node={node} /> },
    { title: t('nodes.jobs'), key: 'jobs', render: (_, node) => <NodeJobs node={node} /> },
    { title: t('nodes.redis'), key: 'redis', render: (_, node) => <NodeRedis node={node} /> },
    { title: t('nodes.started'), key: 'started', render: (_, node) => <span className="ya-num">{formatMinute(node.started_at)}</span> },
    { title: t('nodes.seen'), key: 'seen', render: (_, node) => <span className="ya-num">{formatTime(node.last_seen_at)}</span> },
  ];
}

function NodeCard({ node }: { node: ServerNode }) {
  const { t } = useTranslation();
  return (
    <article className="flex flex-col gap-3">
      <div className="flex items-start justify-between gap-3">
        <NodeName node={node} />
        <NodeState node={node} />
      </div>
      <dl className="grid grid-cols-2 gap-2 text-sm [&_dt]:text-xs [&_dt]:text-muted">
        <div className="col-span-2">
          <dt>{t('nodes.load')}</dt>
          <dd><NodeLoad node={node} /></dd>
        </div>
        <div>
          <dt>{t('nodes.jobs')}</dt>
          <dd><NodeJobs node={node} /></dd>
        </div>
        <div>
          <dt>{t('nodes.redis')}</dt>
          <dd><NodeRedis node={node} /></dd>
        </div>
        <div>
          <dt>{t('nodes.started')}</dt>
          <dd className="ya-num">{formatMinute(node.started_at)}</dd>
        </div>
        <div>
          <dt>{t('nodes.seen')}</dt>
          <dd className="ya-num">{formatTime(node.last_seen_at)}</dd>
        </div>
      </dl>
    </article>
  );
}

/** The programs that share the database. */
export function NodesPanel() {
  const { t } = useTranslation();
  const { data, error, refetch } = useGetNodesQuery(undefined, live);
  const columns = useColumns();
  return (
    <>
      <p className="mb-4 max-w-2xl text-muted">{t('nodes.lead')}</p>
      <LoadFault error={error} onRetry={() => void refetch()} />
      {error && !data ? null : (
        <ResponsiveTable<ServerNode>
          label={t('nodes.title')}
          columns={columns}
          rows={data}
          rowKey={(node) => node.name}
          fetching={false}
          card={(node) => <NodeCard node={node} />}
          empty={t('common.none')}
        />
      )}
    </>
  );
}
