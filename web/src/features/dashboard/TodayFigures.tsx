import { live } from '@/api/live';
import { DollarOutlined, NumberOutlined, SwapOutlined, WalletOutlined } from '@ant-design/icons';
import { useTranslation } from 'react-i18next';
import { LoadFault } from '@/components/LoadFault';
import { useGetSelfQuery } from '@/features/session/sessionApi';
import { useServer } from '@/features/status/useServer';
import { formatCompact, formatCount } from '@/lib/numbers';
import { Figure } from './Figure';
import { useToday } from './useToday';

/** Today's traffic, and the own balance. */
export function TodayFigures({ everybody }: { everybody: boolean }) {
  const { t } = useTranslation();
  const { quota } = useServer();
  const { data: self, isError } = useGetSelfQuery(undefined, live);
  const today = useToday(everybody);
  const failed = today.error !== undefined;
  const shown = (value: number | undefined, format: (value: number) => string) => (value === undefined ? undefined : format(value));
  return (
    <section aria-label={t('dashboard.today')}>
      <LoadFault error={today.error} onRetry={today.refetch} />
      <dl className="grid grid-cols-2 gap-3 lg:grid-cols-4 lg:gap-4">
        <Figure icon={<SwapOutlined />} label={t('dashboard.requestsToday')} value={shown(today.requests, formatCount)} failed={failed} />
        <Figure icon={<NumberOutlined />} label={t('dashboard.tokensToday')} value={shown(today.tokens, formatCompact)} failed={failed} />
        <Figure icon={<DollarOutlined />} label={t('dashboard.spentToday')} value={shown(today.quota, quota)} failed={failed} />
        <Figure
          icon={<WalletOutlined />}
          label={t('dashboard.balance')}
          value={shown(self?.quota, quota)}
          failed={isError}
          note={self ? t('dashboard.usedInAll', { amount: quota(self.used_quota), count: formatCount(self.request_count) }) : ''}
        />
      </dl>
    </section>
  );
}
