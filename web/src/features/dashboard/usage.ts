import dayjs, { type Dayjs } from 'dayjs';
import type { Measure, Span, UsageRow } from './types';

export interface Bucket {
  /** First second of the bucket, and the first after it. */
  start: number;
  end: number;
  label: string;
}

export interface Series {
  /** A model's name; empty for all that are not among the biggest. */
  name: string;
  /** One value a bucket. */
  values: number[];
  total: number;
}

const daysOf: Record<Exclude<Span, 'day'>, number> = { week: 7, month: 30 };

/** The hours of the last day, or the days of a week or a month, the last bucket being the present one. */
export function bucketsOf(span: Span, now: Dayjs): Bucket[] {
  const unit = span === 'day' ? 'hour' : 'day';
  const count = span === 'day' ? 24 : daysOf[span];
  const last = now.startOf(unit);
  return Array.from({ length: count }, (_, index) => {
    const start = last.subtract(count - 1 - index, unit);
    return { start: start.unix(), end: start.add(1, unit).unix(), label: start.format(unit === 'hour' ? 'HH:mm' : 'MM-DD') };
  });
}

function valuesOf(rows: UsageRow[], buckets: Bucket[], measure: Measure): number[] {
  return buckets.map((bucket) =>
    rows.reduce((sum, row) => (row.created_at >= bucket.start && row.created_at < bucket.end ? sum + row[measure] : sum), 0),
  );
}

function seriesOf(name: string, rows: UsageRow[], buckets: Bucket[], measure: Measure): Series {
  const values = valuesOf(rows, buckets, measure);
  return { name, values, total: values.reduce((sum, value) => sum + value, 0) };
}

/** Traffic by model over the buckets, the biggest first; what is beyond the limit goes together under no name. */
export function groupUsage(rows: UsageRow[], buckets: Bucket[], measure: Measure, limit = 7): Series[] {
  const byModel = new Map<string, UsageRow[]>();
  for (const row of rows) byModel.set(row.model_name, [...(byModel.get(row.model_name) ?? []), row]);
  const all = [...byModel].map(([name, own]) => seriesOf(name, own, buckets, measure)).filter((series) => series.total > 0);
  all.sort((a, b) => b.total - a.total || a.name.localeCompare(b.name));
  const rest = all.slice(limit);
  if (rest.length === 0) return all;
  const values = buckets.map((_, index) => rest.reduce((sum, series) => sum + (series.values[index] ?? 0), 0));
  return [...all.slice(0, limit), { name: '', values, total: rest.reduce((sum, series) => sum + series.total, 0) }];
}

/** The span's query: whole hours or days up to now. */
export function spanQuery(span: Span): { start: number; end: number } {
  const now = dayjs();
  return { start: bucketsOf(span, now)[0]?.start ?? now.unix(), end: now.unix() };
}
