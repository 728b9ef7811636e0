import { DeleteOutlined, EditOutlined } from '@ant-design/icons';
import { Button, Switch } from 'antd';
import { useTranslation } from 'react-i18next';
import { ConfirmButton } from '@/components/ConfirmButton';
import { useRun } from '@/components/useRun';
import { useDeleteTokenMutation, useSetTokenStatusMutation } from './tokensApi';
import { TokenStatus, type Token } from './types';

/** What can be done with one token. */
export function TokenActions({ token, onEdit }: { token: Token; onEdit: (token: Token) => void }) {
  const { t } = useTranslation();
  const run = useRun();
  const [setStatus, setting] = useSetTokenStatusMutation();
  const [remove] = useDeleteTokenMutation();
  const enabled = token.status === TokenStatus.enabled;
  const toggle = () => void run(setStatus({ id: token.id, status: enabled ? TokenStatus.disabled : TokenStatus.enabled }));
  return (
    <div className="flex items-center gap-1 md:justify-end">
      <Switch
        size="small"
        className="mr-2!"
        checked={enabled}
        loading={setting.isLoading}
        aria-label={t('tokens.switchLabel', { name: token.name })}
        onChange={toggle}
      />
      <Button size="small" type="text" icon={<EditOutlined />} aria-label={t('tokens.editOf', { name: token.name })} title={t('common.edit')} onClick={() => onEdit(token)}>
        <span className="md:max-2xl:hidden">{t('common.edit')}</span>
      </Button>
      <ConfirmButton
        size="small"
        type="text"
        icon={<DeleteOutlined />}
        label={t('common.delete')}
        name={t('tokens.deleteOf', { name: token.name })}
        question={t('tokens.deleteQuestion', { name: token.name })}
        detail={t('tokens.deleteHelp')}
        onConfirm={() => run(remove(token.id), t('common.deleted'))}
      />
    </div>
  );
}
