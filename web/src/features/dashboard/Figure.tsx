import type { ReactNode } from 'react';

interface Props {
  icon: ReactNode;
  label: string;
  /** Undefined while it is not known. */
  value: string | undefined;
  /** It will not be known: asking for it failed. */
  failed: boolean;
  note?: string;
}

/** One figure to take in at a glance. */
export function Figure({ icon, label, value, failed, note }: Props) {
  return (
    <div className="ya-card p-4 md:p-5">
      <dt className="flex items-center gap-2 text-muted">
        <span aria-hidden="true" className="text-accent">{icon}</span>
        {label}
      </dt>
      <dd className="ya-num mt-2 min-h-8 text-xl font-semibold tracking-tight md:text-2xl">
        {value ?? (failed ? '–' : <span className="inline-block h-6 w-20 animate-pulse rounded bg-line align-middle" />)}
      </dd>
      {note ? <dd className="ya-num mt-0.5 text-xs text-muted">{note}</dd> : null}
    </div>
  );
}
