import { Tooltip } from 'antd';
import { useTranslation } from 'react-i18next';
import { StatusBadge, type Tone } from '@/components/StatusBadge';
import { looseObject } from '@/lib/json';
import { formatTime } from '@/lib/time';
import { ChannelStatus, type Channel } from './types';

function toneOf(status: number): Tone {
  if (status === ChannelStatus.enabled) return 'good';
  return status === ChannelStatus.autoDisabled ? 'bad' : 'off';
}

/** Why and when the gateway switched the channel off by itself; empty when it did not say. */
function useReason(channel: Channel): string {
  const { t } = useTranslation();
  if (channel.status !== ChannelStatus.autoDisabled) return '';
  const info = looseObject(channel.other_info);
  if (typeof info.status_reason !== 'string' || info.status_reason === '') return '';
  return t('channels.autoDisabledBecause', { reason: info.status_reason, time: formatTime(Number(info.status_time)) });
}

/** Why the gateway switched the channel off, in full; nothing for other channels. */
export function ChannelReason({ channel }: { channel: Channel }) {
  const reason = useReason(channel);
  return reason ? <p className="text-xs [overflow-wrap:anywhere] text-muted">{reason}</p> : null;
}

/** The channel's state; one that the gateway switched off tells why in a bubble, unless it is told beside it. */
export function ChannelStatusTag({ channel, plain }: { channel: Channel; plain?: boolean }) {
  const { t } = useTranslation();
  const reason = useReason(channel);
  const known = channel.status >= 1 && channel.status <= 3 ? channel.status : 0;
  const badge = <StatusBadge tone={toneOf(channel.status)} text={t(`channels.status.${known}`)} />;
  if (!reason || plain) return badge;
  return (
    <Tooltip title={reason}>
      <span tabIndex={0} aria-label={`${t(`channels.status.${known}`)}. ${reason}`} className="cursor-help border-b border-dotted border-muted">
        {badge}
      </span>
    </Tooltip>
  );
}
