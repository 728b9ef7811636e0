import { lazy } from 'react';
import { Navigate, Outlet, useLocation } from 'react-router';
import { useAppSelector } from '@/app/hooks';
import { useSession } from './useSession';

const FirstPasswordPage = lazy(() => import('./FirstPasswordPage'));

/** Sends guests to the sign-in page and back, and holds an account with its first password to changing it. */
export function RequireUser() {
  const { user } = useSession();
  const left = useAppSelector((state) => state.session.left === true);
  const { pathname, search } = useLocation();
  if (!user) {
    const back = left || pathname === '/' ? '' : `?next=${encodeURIComponent(pathname + search)}`;
    return <Navigate to={`/login${back}`} replace />;
  }
  return user.must_change_password ? <FirstPasswordPage /> : <Outlet />;
}
