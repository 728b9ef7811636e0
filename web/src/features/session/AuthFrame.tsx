import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Logo } from '@/components/Logo';
import { LanguageSwitch } from '@/features/preferences/LanguageSwitch';
import { ThemeSwitch } from '@/features/preferences/ThemeSwitch';
import { useServer } from '@/features/status/useServer';
import { BrandPanel } from './BrandPanel';

interface Props {
  title: string;
  lead?: string;
  children: ReactNode;
}

/** The frame of the pages before the console: brand on the left where there is room, the form on the right. */
export function AuthFrame({ title, lead, children }: Props) {
  const { t } = useTranslation();
  const { name } = useServer();
  return (
    <div className="flex min-h-dvh">
      <BrandPanel />
      <div className="flex min-w-0 flex-1 flex-col bg-surface">
        <header className="flex items-center justify-between gap-3 px-5 py-4 sm:px-8">
          <div className="flex items-center gap-2.5 lg:invisible">
            <Logo size={28} />
            <span className="text-base font-semibold">{name}</span>
          </div>
          <div className="flex items-center gap-1">
            <LanguageSwitch />
            <ThemeSwitch />
          </div>
        </header>
        <main className="mx-auto flex w-full max-w-105 flex-1 flex-col justify-center px-5 pb-20 sm:px-0">
          <h1 className="text-2xl font-semibold tracking-tight">{title}</h1>
          {lead ? <p className="mt-2 text-muted">{lead}</p> : null}
          <div className="mt-7">{children}</div>
        </main>
        <footer className="px-5 py-4 text-center text-xs text-muted sm:px-8">{t('auth.footer')}</footer>
      </div>
    </div>
  );
}
