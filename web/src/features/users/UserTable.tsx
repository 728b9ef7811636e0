import type { TableProps } from 'antd';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { ResponsiveTable } from '@/components/ResponsiveTable';
import { useServer } from '@/features/status/useServer';
import { formatCount } from '@/lib/numbers';
import type { User } from './types';
import { UserActions, type UserIntents } from './UserActions';
import { UserCard } from './UserCard';
import { UserStatusTag } from './UserStatusTag';

interface Props extends UserIntents {
  rows: User[] | undefined;
  fetching: boolean;
  empty: ReactNode;
}

function NameCell({ user }: { user: User }) {
  return (
    <div className="max-w-64 min-w-32">
      <span className="block truncate font-medium">{user.username}</span>
      <span className="block truncate text-xs text-muted">
        #{user.id}
        {user.display_name && user.display_name !== user.username ? ` · ${user.display_name}` : ''}
        {user.email ? ` · ${user.email}` : ''}
      </span>
    </div>
  );
}

function useColumns(intents: UserIntents): NonNullable<TableProps<User>['columns']> {
  const { t } = useTranslation();
  const { quota } = useServer();
  return [
    { title: t('users.user'), key: 'name', fixed: 'left', render: (_, user) => <NameCell user={user} /> },
    { title: t('users.roleTitle'), key: 'role', render: (_, user) => t(`users.role.${user.role}`) },
    { title: t('common.status'), key: 'status', render: (_, user) => <UserStatusTag user={user} /> },
    { title: t('common.group'), key: 'group', dataIndex: 'group' },
    { title: t('users.balance'), key: 'quota', align: 'right', render: (_, user) => <span className="ya-num">{quota(user.quota)}</span> },
    { title: t('users.used'), key: 'used', align: 'right', render: (_, user) => <span className="ya-num text-muted">{quota(user.used_quota)}</span> },
    { title: t('users.calls'), key: 'calls', align: 'right', render: (_, user) => <span className="ya-num text-muted">{formatCount(user.request_count)}</span> },
    { title: t('common.actions'), key: 'actions', fixed: 'right', align: 'right', render: (_, user) => <UserActions user={user} {...intents} /> },
  ];
}

/** The accounts, one a row. */
export function UserTable({ rows, fetching, empty, ...intents }: Props) {
  const { t } = useTranslation();
  return (
    <ResponsiveTable<User>
      label={t('shell.nav.users')}
      columns={useColumns(intents)}
      rows={rows}
      rowKey={(user) => String(user.id)}
      fetching={fetching}
      card={(user) => <UserCard user={user} {...intents} />}
      empty={empty}
    />
  );
}
