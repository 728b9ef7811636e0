const dots = { good: 'bg-good', warn: 'bg-warn', bad: 'bg-bad', off: 'bg-muted' };

export type Tone = keyof typeof dots;

/** A state as a coloured dot and a word; the word carries the meaning. */
export function StatusBadge({ tone, text }: { tone: Tone; text: string }) {
  return (
    <span className="inline-flex items-center gap-2 whitespace-nowrap">
      <span className={`size-2 rounded-full ${dots[tone]}`} aria-hidden="true" />
      {text}
    </span>
  );
}
