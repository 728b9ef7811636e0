import { useTranslation } from 'react-i18next';
import { Chips } from '@/components/Chips';
import { useServer } from '@/features/status/useServer';
import { splitList } from '@/lib/list';
import { ChannelActions, type ChannelIntents } from './ChannelActions';
import { ChannelReason, ChannelStatusTag } from './ChannelStatusTag';
import { channelTypeName } from './channelTypes';
import { ResponseTime } from './ResponseTime';
import type { Channel } from './types';

/** One channel on a phone. */
export function ChannelCard({ channel, ...intents }: ChannelIntents & { channel: Channel }) {
  const { t } = useTranslation();
  const { quota } = useServer();
  return (
    <article className="flex flex-col gap-3">
      <div className="flex items-start justify-between gap-3">
        <div className="min-w-0">
          <h2 className="font-medium [overflow-wrap:anywhere]">{channel.name}</h2>
          <p className="text-xs text-muted">
            #{channel.id} · {channelTypeName(channel.type)}
            {channel.tag ? ` · ${channel.tag}` : ''}
          </p>
        </div>
        <ChannelStatusTag channel={channel} plain />
      </div>
      <ChannelReason channel={channel} />
      <div className="flex flex-col gap-1">
        <Chips names={splitList(channel.models)} show={3} />
        <p className="text-xs [overflow-wrap:anywhere] text-muted">{splitList(channel.group).join(', ')}</p>
      </div>
      <dl className="grid grid-cols-3 gap-2 text-sm [&_dt]:text-xs [&_dt]:text-muted">
        <div>
          <dt>{t('channels.lastTest')}</dt>
          <dd><ResponseTime channel={channel} /></dd>
        </div>
        <div>
          <dt>{t('channels.used')}</dt>
          <dd className="ya-num">{quota(channel.used_quota)}</dd>
        </div>
        <div>
          <dt>{t('channels.priorityWeight')}</dt>
          <dd className="ya-num">{channel.priority ?? 0} / {channel.weight ?? 0}</dd>
        </div>
      </dl>
      <div className="-mx-1 border-t border-line pt-3">
        <ChannelActions channel={channel} {...intents} />
      </div>
    </article>
  );
}
