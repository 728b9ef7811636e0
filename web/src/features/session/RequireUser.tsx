import { lazy, useState } from 'react';
import { Navigate, Outlet, useLocation } from 'react-router';
import { useAppSelector } from '@/app/hooks';
import { useSession } from './useSession';

const FirstPasswordPage = lazy(() => import('./FirstPasswordPage'));

/** Sends guests to the sign-in page and back, and holds an account with its first password to changing it. */
export function RequireUser() {
  const { user } = useSession();
  const expired = useAppSelector((state) => state.session.expired);
  const { pathname, search } = useLocation();
  const [hadUser] = useState(user !== null);
  if (!user) {
    // Whoever signed out has left; the next one need not want the same page.
    const left = hadUser && !expired;
    const back = left || pathname === '/' ? '' : `?next=${encodeURIComponent(pathname + search)}`;
    return <Navigate to={`/login${back}`} replace />;
  }
  return user.must_change_password ? <FirstPasswordPage /> : <Outlet />;
}
