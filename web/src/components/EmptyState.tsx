import type { ReactNode } from 'react';

interface Props {
  icon: ReactNode;
  title: string;
  text: string;
  children?: ReactNode;
}

/** Says that there is nothing yet and what to do next. */
export function EmptyState({ icon, title, text, children }: Props) {
  return (
    <div className="flex flex-col items-center gap-2 px-4 py-12 text-center">
      <span className="mb-1 flex size-12 items-center justify-center rounded-full bg-accent-soft text-xl text-accent" aria-hidden="true">
        {icon}
      </span>
      <p className="text-base font-medium text-ink">{title}</p>
      <p className="max-w-md text-muted">{text}</p>
      <div className="mt-3 flex flex-wrap justify-center gap-2 empty:hidden">{children}</div>
    </div>
  );
}
