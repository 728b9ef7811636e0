import { useTranslation } from 'react-i18next';
import { formatShort, formatSpan } from '@/lib/time';
import type { Channel } from './types';

/** A slow answer stands out. A quick one is not praised: a test that failed leaves its time too. */
function toneOf(milliseconds: number): string {
  if (milliseconds <= 3000) return '';
  return milliseconds <= 8000 ? 'text-warn' : 'text-bad';
}

/** How long the last test took, and when it was. */
export function ResponseTime({ channel }: { channel: Channel }) {
  const { t } = useTranslation();
  if (!channel.test_time) return <span className="text-muted">{t('channels.neverTested')}</span>;
  return (
    <span className="whitespace-nowrap">
      <span className={`ya-num block ${toneOf(channel.response_time)}`}>{formatSpan(channel.response_time)}</span>
      <span className="block text-xs text-muted">{formatShort(channel.test_time)}</span>
    </span>
  );
}
