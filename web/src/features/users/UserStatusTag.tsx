import { useTranslation } from 'react-i18next';
import { StatusBadge } from '@/components/StatusBadge';
import { UserStatus, type User } from './types';

/** The account's state in a word. */
export function UserStatusTag({ user }: { user: User }) {
  const { t } = useTranslation();
  if (user.DeletedAt !== null && user.DeletedAt !== undefined) return <StatusBadge tone="bad" text={t('users.status.deleted')} />;
  const enabled = user.status === UserStatus.enabled;
  return <StatusBadge tone={enabled ? 'good' : 'off'} text={t(enabled ? 'users.status.enabled' : 'users.status.disabled')} />;
}
