import type { TableProps } from 'antd';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Chips } from '@/components/Chips';
import { InlineNumber } from '@/components/InlineNumber';
import { ResponsiveTable } from '@/components/ResponsiveTable';
import { useRun } from '@/components/useRun';
import { useServer } from '@/features/status/useServer';
import { splitList } from '@/lib/list';
import { ChannelActions, type ChannelIntents } from './ChannelActions';
import { ChannelCard } from './ChannelCard';
import { ChannelStatusTag } from './ChannelStatusTag';
import { channelTypeName } from './channelTypes';
import { useUpdateChannelMutation } from './channelsApi';
import { ResponseTime } from './ResponseTime';
import type { Channel } from './types';

interface Props extends ChannelIntents {
  rows: Channel[] | undefined;
  fetching: boolean;
  empty: ReactNode;
}

function NameCell({ channel }: { channel: Channel }) {
  return (
    <div className="max-w-44 min-w-36 min-[1400px]:max-w-60">
      <span className="block truncate font-medium" title={channel.name}>
        {channel.name}
      </span>
      <span className="block truncate text-xs text-muted">
        #{channel.id} · {channelTypeName(channel.type)}
        {channel.tag ? ` · ${channel.tag}` : ''}
      </span>
    </div>
  );
}

function ModelsCell({ channel }: { channel: Channel }) {
  return (
    <span className="flex flex-col items-start gap-1">
      <Chips names={splitList(channel.models)} show={1} />
      <span className="text-xs text-muted">{splitList(channel.group).join(', ')}</span>
    </span>
  );
}

function useColumns(intents: ChannelIntents): NonNullable<TableProps<Channel>['columns']> {
  const { t } = useTranslation();
  const { quota } = useServer();
  const run = useRun();
  const [update] = useUpdateChannelMutation();
  const number = (field: 'priority' | 'weight') => ({
    title: t(`channels.${field}`),
    key: field,
    render: (_: unknown, channel: Channel) => (
      <InlineNumber
        label={t('channels.fieldOf', { field: t(`channels.${field}`), name: channel.name })}
        value={channel[field] ?? 0}
        {...(field === 'weight' ? { min: 0 } : {})}
        onSave={(value) => void run(update({ id: channel.id, [field]: value }), t('common.saved'))}
      />
    ),
  });
  return [
    { title: t('common.name'), key: 'name', fixed: 'left', render: (_, channel) => <NameCell channel={channel} /> },
    { title: t('common.status'), key: 'status', render: (_, channel) => <ChannelStatusTag channel={channel} /> },
    { title: t('channels.modelsAndGroups'), key: 'models', render: (_, channel) => <ModelsCell channel={channel} /> },
    { title: t('channels.lastTest'), key: 'test', render: (_, channel) => <ResponseTime channel={channel} /> },
    { title: t('channels.used'), key: 'used', align: 'right', render: (_, channel) => <span className="ya-num">{quota(channel.used_quota)}</span> },
    number('priority'),
    number('weight'),
    { title: t('common.actions'), key: 'actions', fixed: 'right', align: 'right', render: (_, channel) => <ChannelActions channel={channel} {...intents} /> },
  ];
}

/** The channels, one a row. */
export function ChannelTable({ rows, fetching, empty, ...intents }: Props) {
  const { t } = useTranslation();
  return (
    <ResponsiveTable<Channel>
      label={t('shell.nav.channels')}
      columns={useColumns(intents)}
      rows={rows}
      rowKey={(channel) => String(channel.id)}
      fetching={fetching}
      card={(channel) => <ChannelCard channel={channel} {...intents} />}
      empty={empty}
    />
  );
}
