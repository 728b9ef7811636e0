import { DeleteOutlined, EditOutlined, MoreOutlined, WalletOutlined } from '@ant-design/icons';
import { App, Button } from 'antd';
import { useTranslation } from 'react-i18next';
import { ConfirmButton } from '@/components/ConfirmButton';
import { MenuButton } from '@/components/MenuButton';
import { useRun } from '@/components/useRun';
import { useSession } from '@/features/session/useSession';
import type { User, UserAction } from './types';
import { actionsFor, mayChange } from './userRights';
import { useManageUserMutation, useRemoveUserMutation } from './usersApi';

export interface UserIntents {
  onEdit: (user: User) => void;
  onAddQuota: (user: User) => void;
}

function Remove({ user }: { user: User }) {
  const { t } = useTranslation();
  const run = useRun();
  const [remove] = useRemoveUserMutation();
  return (
    <ConfirmButton
      size="small"
      type="text"
      icon={<DeleteOutlined />}
      label={t('users.remove')}
      withText
      question={t('users.removeQuestion', { name: user.username })}
      onConfirm={() => run(remove(user.id), t('common.deleted'))}
    />
  );
}

function useMenu(user: User, actions: UserAction[]) {
  const { t } = useTranslation();
  const { modal } = App.useApp();
  const run = useRun();
  const [manage] = useManageUserMutation();
  const act = (action: UserAction) => run(manage({ id: user.id, action }), t('common.saved'));
  const ask = (action: UserAction) =>
    void modal.confirm({
      title: t(`users.ask.${action}`, { name: user.username }),
      okText: t(`users.action.${action}`),
      okButtonProps: { danger: action === 'delete' || action === 'disable' },
      autoFocusButton: 'cancel',
      onOk: () => act(action),
    });
  return actions.map((action) => ({
    key: action,
    label: t(`users.action.${action}`),
    danger: action === 'delete',
    onPick: () => (action === 'enable' ? void act(action) : ask(action)),
  }));
}

/** What the signed-in administrator can do with an account; nothing for those above. */
export function UserActions({ user, onEdit, onAddQuota }: UserIntents & { user: User }) {
  const { t } = useTranslation();
  const { user: me } = useSession();
  const role = me?.role ?? 0;
  const items = useMenu(user, actionsFor(role, user));
  if (!mayChange(role, user)) return <span className="text-muted">–</span>;
  if (user.DeletedAt !== null) return <Remove user={user} />;
  return (
    <div className="flex items-center gap-1 md:justify-end">
      <Button size="small" type="text" icon={<EditOutlined />} aria-label={t('users.editOf', { name: user.username })} onClick={() => onEdit(user)}>
        {t('common.edit')}
      </Button>
      <Button size="small" type="text" icon={<WalletOutlined />} aria-label={t('users.addQuotaTitle', { name: user.username })} onClick={() => onAddQuota(user)}>
        {t('users.addQuota')}
      </Button>
      {items.length > 0 ? (
        <MenuButton size="small" icon={<MoreOutlined />} label={t('users.moreOf', { name: user.username })} entries={items} />
      ) : (
        <span className="hidden w-7 md:block" aria-hidden="true" />
      )}
    </div>
  );
}
