import { useTranslation } from 'react-i18next';
import { useServer } from '@/features/status/useServer';
import type { Token } from './types';

/** What is left of the token's quota, as a bar and in figures. */
export function TokenQuota({ token }: { token: Token }) {
  const { t } = useTranslation();
  const { quota } = useServer();
  const used = <span className="block text-xs text-muted">{t('tokens.usedAmount', { amount: quota(token.used_quota) })}</span>;
  if (token.unlimited_quota) {
    return (
      <span className="ya-num">
        {t('tokens.unlimited')}
        {used}
      </span>
    );
  }
  const whole = token.remain_quota + token.used_quota;
  const share = whole > 0 ? Math.max(0, Math.min(1, token.remain_quota / whole)) : 0;
  return (
    <span className="ya-num block min-w-28">
      {quota(token.remain_quota)}
      <span className="my-1 block h-1 overflow-hidden rounded-full bg-line" aria-hidden="true">
        <span className="block h-full rounded-full bg-accent" style={{ width: `${share * 100}%` }} />
      </span>
      {used}
    </span>
  );
}
