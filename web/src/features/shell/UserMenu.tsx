import { LockOutlined, LogoutOutlined, UserOutlined } from '@ant-design/icons';
import { Button, Dropdown } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
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
  const items = [
    {
      key: 'who',
      type: 'group' as const,
      label: (
        <span className="block max-w-52 truncate">
          {user?.username} · {t(`users.role.${user?.role ?? 1}`)}
        </span>
      ),
    },
    { key: 'password', icon: <LockOutlined />, label: t('shell.changePassword'), onClick: () => setChanging(true) },
    { key: 'out', icon: <LogoutOutlined />, label: t('auth.signOut'), onClick: () => void signOut() },
  ];
  return (
    <>
      <Dropdown menu={{ items }} trigger={['click']} placement="bottomRight">
        <Button type="text" icon={<UserOutlined />} aria-label={t('shell.account', { name: shown })} aria-haspopup="menu">
          <span className="hidden max-w-36 truncate sm:inline">{shown}</span>
        </Button>
      </Dropdown>
      <ChangePassword open={changing} onClose={() => setChanging(false)} />
    </>
  );
}
