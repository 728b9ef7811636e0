import { lazy, Suspense } from 'react';
import { Navigate, Route, Routes } from 'react-router';
import { PageLoading } from '@/components/PageLoading';
import { RequireRole } from '@/features/session/RequireRole';
import { RequireUser } from '@/features/session/RequireUser';
import { Role } from '@/features/session/types';
import { StatusGate } from '@/features/status/StatusGate';
import { wantConsoleTexts } from './i18n';

const SetupPage = lazy(() => import('@/features/setup/SetupPage'));
const SignInPage = lazy(() => import('@/features/session/SignInPage'));
const Shell = lazy(async () => {
  const [page] = await Promise.all([import('@/features/shell/Shell'), wantConsoleTexts()]);
  return page;
});
const DashboardPage = lazy(() => import('@/features/dashboard/DashboardPage'));
const ChannelsPage = lazy(() => import('@/features/channels/ChannelsPage'));
const TokensPage = lazy(() => import('@/features/tokens/TokensPage'));
const LogsPage = lazy(() => import('@/features/logs/LogsPage'));
const UsersPage = lazy(() => import('@/features/users/UsersPage'));
const SettingsPage = lazy(() => import('@/features/settings/SettingsPage'));
const NotFoundPage = lazy(() => import('@/features/shell/NotFoundPage'));

/** Every path of the console. The server answers all of them with the same page. */
export function AppRoutes() {
  return (
    <Suspense fallback={<div className="p-8"><PageLoading /></div>}>
      <Routes>
        <Route element={<StatusGate />}>
          <Route path="/setup" element={<SetupPage />} />
          <Route path="/login" element={<SignInPage />} />
          <Route element={<RequireUser />}>
            <Route element={<Shell />}>
              <Route index element={<Navigate to="/detail" replace />} />
              <Route path="/detail" element={<DashboardPage />} />
              <Route path="/token" element={<TokensPage />} />
              <Route path="/log" element={<LogsPage />} />
              <Route path="/channel" element={<RequireRole role={Role.admin}><ChannelsPage /></RequireRole>} />
              <Route path="/user" element={<RequireRole role={Role.admin}><UsersPage /></RequireRole>} />
              <Route path="/setting" element={<RequireRole role={Role.root}><SettingsPage /></RequireRole>} />
              <Route path="*" element={<NotFoundPage />} />
            </Route>
          </Route>
        </Route>
      </Routes>
    </Suspense>
  );
}
