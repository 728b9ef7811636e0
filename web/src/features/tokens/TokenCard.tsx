import { useTranslation } from 'react-i18next';
import { formatMinute } from '@/lib/time';
import { TokenActions } from './TokenActions';
import { TokenKey } from './TokenKey';
import { TokenLimits } from './TokenLimits';
import { TokenQuota } from './TokenQuota';
import { TokenStatusTag } from './TokenStatusTag';
import type { Token } from './types';

/** One token on a phone. */
export function TokenCard({ token, onEdit }: { token: Token; onEdit: (token: Token) => void }) {
  const { t } = useTranslation();
  return (
    <article className="flex flex-col gap-3">
      <div className="flex items-start justify-between gap-3">
        <h2 className="min-w-0 font-medium [overflow-wrap:anywhere]">{token.name}</h2>
        <TokenStatusTag token={token} />
      </div>
      <TokenKey token={token} />
      <dl className="grid grid-cols-2 gap-3 text-sm [&_dt]:text-xs [&_dt]:text-muted">
        <div>
          <dt>{t('tokens.quota')}</dt>
          <dd><TokenQuota token={token} /></dd>
        </div>
        <div>
          <dt>{t('tokens.expires')}</dt>
          <dd className="ya-num">{token.expired_time > 0 ? formatMinute(token.expired_time) : t('tokens.expiry.never')}</dd>
        </div>
        <div>
          <dt>{t('common.group')}</dt>
          <dd>{token.group || t('tokens.ownGroupShort')}</dd>
        </div>
        <div>
          <dt>{t('tokens.limits')}</dt>
          <dd><TokenLimits token={token} /></dd>
        </div>
      </dl>
      <div className="-mx-1 border-t border-line pt-3">
        <TokenActions token={token} onEdit={onEdit} />
      </div>
    </article>
  );
}
