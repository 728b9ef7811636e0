import { CopyOutlined, DeleteOutlined, EditOutlined, MoreOutlined, TagsOutlined, ThunderboltOutlined } from '@ant-design/icons';
import { App, Button, Switch } from 'antd';
import { useTranslation } from 'react-i18next';
import { MenuButton } from '@/components/MenuButton';
import { useRun } from '@/components/useRun';
import { useDeleteChannelMutation, useUpdateChannelMutation } from './channelsApi';
import { ChannelStatus, type Channel } from './types';

export interface ChannelIntents {
  onEdit: (channel: Channel) => void;
  onCopy: (channel: Channel) => void;
  onTest: (channel: Channel) => void;
  onTag: (tag: string) => void;
}

/** What can be done with one channel. */
export function ChannelActions({ channel, onEdit, onCopy, onTest, onTag }: ChannelIntents & { channel: Channel }) {
  const { t } = useTranslation();
  const { modal } = App.useApp();
  const run = useRun();
  const [update, updating] = useUpdateChannelMutation();
  const [remove] = useDeleteChannelMutation();
  const enabled = channel.status === ChannelStatus.enabled;
  const toggle = () =>
    void run(update({ id: channel.id, status: enabled ? ChannelStatus.disabled : ChannelStatus.enabled }));
  const askDelete = () =>
    void modal.confirm({
      title: t('channels.deleteQuestion', { name: channel.name }),
      content: t('channels.deleteHelp'),
      okText: t('common.delete'),
      okButtonProps: { danger: true },
      autoFocusButton: 'cancel',
      onOk: () => run(remove(channel.id), t('common.deleted')),
    });
  const { tag } = channel;
  const entries = [
    { key: 'copy', icon: <CopyOutlined />, label: t('channels.copy'), onPick: () => onCopy(channel) },
    ...(tag ? [{ key: 'tag', icon: <TagsOutlined />, label: t('channels.tagEdit'), onPick: () => onTag(tag) }] : []),
    { key: 'delete', icon: <DeleteOutlined />, danger: true, label: t('common.delete'), onPick: askDelete },
  ];
  return (
    <div className="flex items-center gap-1 md:justify-end">
      <Switch
        size="small"
        className="mr-2!"
        checked={enabled}
        loading={updating.isLoading}
        aria-label={t('channels.switchLabel', { name: channel.name })}
        onChange={toggle}
      />
      <Button size="small" type="text" icon={<ThunderboltOutlined />} aria-label={t('channels.testOf', { name: channel.name })} title={t('channels.test')} onClick={() => onTest(channel)}>
        <span className="md:max-2xl:hidden">{t('channels.test')}</span>
      </Button>
      <Button size="small" type="text" icon={<EditOutlined />} aria-label={t('channels.editOf', { name: channel.name })} title={t('common.edit')} onClick={() => onEdit(channel)}>
        <span className="md:max-2xl:hidden">{t('common.edit')}</span>
      </Button>
      <MenuButton size="small" icon={<MoreOutlined />} label={t('channels.moreOf', { name: channel.name })} title={t('channels.more')} entries={entries} />
    </div>
  );
}
