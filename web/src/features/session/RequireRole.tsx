import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { FullPageMessage } from '@/components/FullPageMessage';
import { Role } from './types';
import { useSession } from './useSession';

/** Shows the children to roles that may use them; the server checks again. */
export function RequireRole({ role, children }: { role: number; children: ReactNode }) {
  const { t } = useTranslation();
  const { user } = useSession();
  if ((user?.role ?? Role.guest) >= role) return children;
  return (
    <FullPageMessage title={t('error.forbiddenTitle')} text={t('error.forbiddenText')}>
      <Link to="/detail" className="text-accent">
        {t('error.toDashboard')}
      </Link>
    </FullPageMessage>
  );
}
