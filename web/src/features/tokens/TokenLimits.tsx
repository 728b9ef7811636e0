import { useTranslation } from 'react-i18next';
import { Chips } from '@/components/Chips';
import { splitList } from '@/lib/list';
import { ipLines } from './tokenFormValues';
import type { Token } from './types';

/** What the token may be used for, in few words; a dash when nothing is limited. */
export function TokenLimits({ token }: { token: Token }) {
  const { t } = useTranslation();
  const ips = ipLines(token.allow_ips ?? '').split('\n').filter(Boolean);
  if (!token.model_limits_enabled && ips.length === 0) return <span className="text-muted">{t('common.none')}</span>;
  return (
    <span className="flex flex-col items-start gap-1">
      {token.model_limits_enabled ? <Chips names={splitList(token.model_limits)} show={1} /> : null}
      {ips.length > 0 ? <Chips names={ips} show={1} /> : null}
    </span>
  );
}
