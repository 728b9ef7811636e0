import type { ReactNode } from 'react';

const tones = {
  bad: 'border-bad/40 bg-bad/8 text-bad',
  warn: 'border-warn/40 bg-warn/8 text-warn',
  info: 'border-accent/30 bg-accent-soft text-ink',
};

/** A message inside the page. Faults are read out at once, the rest when the reader pauses. */
export function Notice({ tone, children }: { tone: keyof typeof tones; children: ReactNode }) {
  return (
    <div
      role={tone === 'bad' ? 'alert' : 'status'}
      className={`rounded-lg border px-3.5 py-2.5 leading-relaxed [overflow-wrap:anywhere] ${tones[tone]}`}
    >
      {children}
    </div>
  );
}
