import { live } from '@/api/live';
import { BarChartOutlined } from '@ant-design/icons';
import { Segmented } from 'antd';
import dayjs from 'dayjs';
import { lazy, Suspense, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { seriesColors } from '@/app/theme';
import { EmptyState } from '@/components/EmptyState';
import { LoadFault } from '@/components/LoadFault';
import { useShade } from '@/features/preferences/useShade';
import { useServer } from '@/features/status/useServer';
import { formatCompact, formatCount } from '@/lib/numbers';
import { formatUsd, quotaToUsd } from '@/lib/quota';
import { useGetUsageQuery } from './dataApi';
import { ModelRanking } from './ModelRanking';
import { measures, spans, type Measure, type Span, type UsageRow } from './types';
import { bucketsOf, groupUsage, spanQuery, type Series } from './usage';

const UsageChart = lazy(() => import('./UsageChart'));

function useFormats(measure: Measure) {
  const { quota, display } = useServer();
  return useMemo(() => {
    if (measure !== 'quota') return { format: formatCount, formatAxis: formatCompact };
    const axis = display.inCurrency ? (value: number) => formatUsd(quotaToUsd(value, display.perUnit)) : formatCompact;
    return { format: quota, formatAxis: axis };
  }, [measure, quota, display]);
}

function Usage({ rows, span, measure }: { rows: UsageRow[]; span: Span; measure: Measure }) {
  const { t } = useTranslation();
  const shade = useShade();
  const formats = useFormats(measure);
  const buckets = useMemo(() => bucketsOf(span, dayjs()), [span]);
  const series = useMemo(() => groupUsage(rows, buckets, measure), [rows, buckets, measure]);
  const nameOf = (entry: Series) => entry.name || t('dashboard.otherModels');
  if (series.length === 0) return <EmptyState icon={<BarChartOutlined />} title={t('dashboard.noUsageTitle')} text={t('dashboard.noUsageText')} />;
  return (
    <div className="grid grid-cols-1 gap-6 lg:grid-cols-[minmax(0,1fr)_16rem]">
      <Suspense fallback={<div className="h-72 animate-pulse rounded-lg bg-sunken" />}>
        <UsageChart label={t('dashboard.chartLabel')} buckets={buckets} series={series} colors={seriesColors} nameOf={nameOf} shade={shade} {...formats} />
      </Suspense>
      <ModelRanking label={t('dashboard.byModel')} series={series} colors={seriesColors} nameOf={nameOf} format={formats.format} />
    </div>
  );
}

/** Traffic over time by model. */
export function UsagePanel({ everybody }: { everybody: boolean }) {
  const { t } = useTranslation();
  const [span, setSpan] = useState<Span>('week');
  const [query, setQuery] = useState(() => spanQuery('week'));
  const [measure, setMeasure] = useState<Measure>('quota');
  const { data, error, refetch } = useGetUsageQuery({ ...query, everybody }, live);
  return (
    <section className="ya-card p-4 md:p-5" aria-labelledby="usage-title">
      <div className="mb-5 flex flex-wrap items-center justify-between gap-3">
        <h2 id="usage-title" className="text-base font-semibold">{t('dashboard.usage')}</h2>
        <div className="flex flex-wrap gap-2">
          <Segmented
            aria-label={t('dashboard.measureLabel')}
            value={measure}
            options={measures.map((value) => ({ value, label: t(`dashboard.measure.${value}`) }))}
            onChange={setMeasure}
          />
          <Segmented
            aria-label={t('dashboard.spanLabel')}
            value={span}
            options={spans.map((value) => ({ value, label: t(`dashboard.span.${value}`) }))}
            onChange={(value) => {
              setSpan(value);
              setQuery(spanQuery(value));
            }}
          />
        </div>
      </div>
      <LoadFault error={error} onRetry={() => void refetch()} />
      {data ? <Usage rows={data} span={span} measure={measure} /> : null}
      {!data && !error ? <div role="status" aria-label={t('common.loading')} className="h-72 animate-pulse rounded-lg bg-sunken" /> : null}
    </section>
  );
}
