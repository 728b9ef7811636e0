import type { Series } from './usage';

interface Props {
  label: string;
  series: Series[];
  colors: string[];
  nameOf: (series: Series) => string;
  format: (value: number) => string;
}

/** The models of the chart by size, in figures; it is the chart's legend too. */
export function ModelRanking({ label, series, colors, nameOf, format }: Props) {
  const most = series[0]?.total ?? 1;
  return (
    <ol aria-label={label} className="flex flex-col gap-3">
      {series.map((entry, index) => (
        <li key={entry.name}>
          <div className="flex items-baseline justify-between gap-3">
            <span className="min-w-0 truncate" title={nameOf(entry)}>
              <span className="mr-2 inline-block size-2 rounded-full" style={{ background: colors[index % colors.length] }} aria-hidden="true" />
              {nameOf(entry)}
            </span>
            <span className="ya-num shrink-0 text-muted">{format(entry.total)}</span>
          </div>
          <span className="mt-1.5 block h-1 rounded-full bg-sunken" aria-hidden="true">
            <span
              className="block h-full rounded-full"
              style={{ width: `${Math.max(1, (entry.total / Math.max(most, 1)) * 100)}%`, background: colors[index % colors.length] }}
            />
          </span>
        </li>
      ))}
    </ol>
  );
}
