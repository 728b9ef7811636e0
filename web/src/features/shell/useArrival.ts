import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation } from 'react-router';
import { useServer } from '@/features/status/useServer';
import { navItems } from './navigation';

/** What a browser does by itself when a page loads: the title, the top of the page, the reader's place in it. */
export function useArrival(): void {
  const { t } = useTranslation();
  const { name } = useServer();
  const { pathname } = useLocation();
  const last = useRef(pathname);
  const place = navItems.find((item) => item.path === pathname);
  const title = place ? `${t(`shell.nav.${place.label}`)} · ${name}` : name;
  useEffect(() => {
    document.title = title;
    return () => {
      document.title = name;
    };
  }, [title, name]);
  useEffect(() => {
    if (last.current === pathname) return;
    last.current = pathname;
    window.scrollTo(0, 0);
    document.getElementById('content')?.focus({ preventScroll: true });
  }, [pathname]);
}
