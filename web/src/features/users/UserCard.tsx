import { useTranslation } from 'react-i18next';
import { useServer } from '@/features/status/useServer';
import { formatCount } from '@/lib/numbers';
import type { User } from './types';
import { UserActions, type UserIntents } from './UserActions';
import { UserStatusTag } from './UserStatusTag';

/** One account on a phone. */
export function UserCard({ user, ...intents }: UserIntents & { user: User }) {
  const { t } = useTranslation();
  const { quota } = useServer();
  return (
    <article className="flex flex-col gap-3">
      <div className="flex items-start justify-between gap-3">
        <div className="min-w-0">
          <h2 className="font-medium [overflow-wrap:anywhere]">{user.username}</h2>
          <p className="text-xs text-muted">
            #{user.id} · {t(`users.role.${user.role}`)} · {user.group}
          </p>
        </div>
        <UserStatusTag user={user} />
      </div>
      <dl className="grid grid-cols-3 gap-2 text-sm [&_dt]:text-xs [&_dt]:text-muted">
        <div>
          <dt>{t('users.balance')}</dt>
          <dd className="ya-num">{quota(user.quota)}</dd>
        </div>
        <div>
          <dt>{t('users.used')}</dt>
          <dd className="ya-num">{quota(user.used_quota)}</dd>
        </div>
        <div>
          <dt>{t('users.calls')}</dt>
          <dd className="ya-num">{formatCount(user.request_count)}</dd>
        </div>
      </dl>
      <div className="-mx-1 border-t border-line pt-3">
        <UserActions user={user} {...intents} />
      </div>
    </article>
  );
}
