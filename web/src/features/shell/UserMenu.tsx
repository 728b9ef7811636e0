import { LockOutlined, LogoutOutlined, UserOutlined } from '@ant-design/icons';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { MenuButton } from '@/components/MenuButton';
import { useSignOutMutation } from '@/features/session/sessionApi';
import { useSession } from '@/features/session/useSession';
import { ChangePassword } from './ChangePassword';

/** The own account: who one is, the password, the way out. */
export function UserMenu() {
  const { t } = useTranslation();
  const { user } = useSession();
  const [changing, setChanging] = useState(false);
  const [signOut] = useSignOutMutation();
  const shown = user?.display_name || user?.username || '';
  const heading = {
    key: 'who',
    type: 'group' as const,
    label: (
      <span className="block max-w-52 truncate">
        {user?.username} · {t(`users.role.${user?.role ?? 1}`)}
      </span>
    ),
  };
  const entries = [
    { key: 'password', icon: <LockOutlined />, label: t('shell.changePassword'), onPick: () => setChanging(true) },
    { key: 'out', icon: <LogoutOutlined />, label: t('auth.signOut'), onPick: () => void signOut() },
  ];
  return (
    <>
      <MenuButton label={t('shell.account', { name: shown })} icon={<UserOutlined />} heading={heading} entries={entries}>
        <span className="hidden max-w-36 truncate sm:inline">{shown}</span>
      </MenuButton>
      <ChangePassword open={changing} onClose={() => setChanging(false)} />
    </>
  );
}
