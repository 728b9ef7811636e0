import { fresh } from '@/api/live';
import { useTranslation } from 'react-i18next';
import { useServer } from '@/features/status/useServer';
import { formatCount } from '@/lib/numbers';
import { useGetLogStatQuery } from './logsApi';
import type { LogFilters } from './types';

/** What the filtered calls cost together, and the traffic of the last minute. */
export function LogStatLine({ filters, everybody }: { filters: LogFilters; everybody: boolean }) {
  const { t } = useTranslation();
  const { quota } = useServer();
  const { data } = useGetLogStatQuery({ filters, everybody }, fresh);
  const figures = [
    { name: 'quota', value: data ? quota(data.quota) : '–' },
    { name: 'rpm', value: data ? formatCount(data.rpm) : '–' },
    { name: 'tpm', value: data ? formatCount(data.tpm) : '–' },
  ] as const;
  return (
    <dl className="ya-card mb-4 grid grid-cols-3 divide-x divide-line">
      {figures.map((figure) => (
        <div key={figure.name} className="px-4 py-3">
          <dt className="text-xs text-muted">{t(`logs.stat.${figure.name}`)}</dt>
          <dd className="ya-num mt-0.5 text-lg font-semibold">{figure.value}</dd>
        </div>
      ))}
    </dl>
  );
}
