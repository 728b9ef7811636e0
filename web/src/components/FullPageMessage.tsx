import type { ReactNode } from 'react';
import { Logo } from './Logo';

/** A page that has only one thing to say, with the way on below it. */
export function FullPageMessage({ title, text, children }: { title: string; text: string; children?: ReactNode }) {
  return (
    <main className="flex min-h-[70dvh] flex-col items-center justify-center gap-4 px-6 py-16 text-center">
      <Logo size={44} />
      <h1 className="text-xl font-semibold">{title}</h1>
      <p className="max-w-md text-muted">{text}</p>
      <div className="mt-2 flex flex-wrap justify-center gap-3">{children}</div>
    </main>
  );
}
