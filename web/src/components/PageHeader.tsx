import type { ReactNode } from 'react';

interface Props {
  title: string;
  lead?: string;
  actions?: ReactNode;
}

/** A page's name, what it is for, and what can be done on it. */
export function PageHeader({ title, lead, actions }: Props) {
  return (
    <div className="mb-5 flex flex-wrap items-start justify-between gap-x-6 gap-y-3">
      <div className="min-w-0 md:flex-1">
        <h1 className="text-xl font-semibold tracking-tight md:text-2xl">{title}</h1>
        {lead ? <p className="mt-1 max-w-2xl text-muted">{lead}</p> : null}
      </div>
      {actions ? <div className="flex flex-wrap gap-2 max-md:flex-row-reverse">{actions}</div> : null}
    </div>
  );
}
