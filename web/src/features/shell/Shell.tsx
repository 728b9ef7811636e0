import { App as Messages, Drawer } from 'antd';
import { Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Outlet, useLocation } from 'react-router';
import { ErrorBoundary } from '@/components/ErrorBoundary';
import { Logo } from '@/components/Logo';
import { PageLoading } from '@/components/PageLoading';
import { useGetSelfQuery } from '@/features/session/sessionApi';
import { useServer } from '@/features/status/useServer';
import { useIsPhone } from '@/lib/useMediaQuery';
import { NavList } from './NavList';
import { TopBar } from './TopBar';
import { useArrival } from './useArrival';

function Brand() {
  const { name } = useServer();
  return (
    <div className="flex min-w-0 items-center gap-2.5">
      <Logo size={30} />
      <span className="truncate text-base font-semibold">{name}</span>
    </div>
  );
}

function Sider() {
  const { version } = useServer();
  return (
    <aside className="sticky top-0 hidden h-dvh w-56 shrink-0 flex-col border-r border-line bg-surface px-3 md:flex">
      <div className="flex h-15 items-center px-2">
        <Brand />
      </div>
      <div className="flex-1 overflow-y-auto py-3">
        <NavList />
      </div>
      {version ? <p className="px-3 py-4 text-xs text-muted">{version}</p> : null}
    </aside>
  );
}

/** The console around a page: navigation, top bar, and the page itself with its own safety net. */
export default function Shell() {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  const isPhone = useIsPhone();
  const { pathname } = useLocation();
  useGetSelfQuery();
  useArrival();
  return (
    <Messages component={false} message={{ maxCount: 3 }}>
      <a href="#content" className="sr-only rounded-lg bg-accent text-surface focus:not-sr-only focus:fixed focus:top-3 focus:left-3 focus:z-50 focus:px-4! focus:py-2!">
        {t('shell.skip')}
      </a>
      <div className="flex">
        <Sider />
        {isPhone ? (
          <Drawer placement="left" size={272} open={open} onClose={() => setOpen(false)} title={<Brand />} styles={{ body: { padding: 12 } }}>
            <NavList onPick={() => setOpen(false)} />
          </Drawer>
        ) : null}
        <div className="flex min-h-dvh min-w-0 flex-1 flex-col">
          <TopBar onOpenNavigation={() => setOpen(true)} />
          <main id="content" tabIndex={-1} className="mx-auto w-full max-w-350 flex-1 px-4 py-5 outline-none md:px-6 md:py-6 xl:px-8">
            <ErrorBoundary resetKey={pathname}>
              <Suspense fallback={<PageLoading />}>
                <Outlet />
              </Suspense>
            </ErrorBoundary>
          </main>
        </div>
      </div>
    </Messages>
  );
}
