import type { TableProps } from 'antd';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { ResponsiveTable } from '@/components/ResponsiveTable';
import { formatDay, formatHour, formatShort } from '@/lib/time';
import { TokenActions } from './TokenActions';
import { TokenCard } from './TokenCard';
import { TokenKey } from './TokenKey';
import { TokenLimits } from './TokenLimits';
import { TokenQuota } from './TokenQuota';
import { TokenStatusTag } from './TokenStatusTag';
import { wasUsed, type Token } from './types';

interface Props {
  rows: Token[] | undefined;
  fetching: boolean;
  empty: ReactNode;
  onEdit: (token: Token) => void;
}

function NameCell({ token }: { token: Token }) {
  const { t } = useTranslation();
  return (
    <div className="max-w-44 min-[1400px]:max-w-60">
      <span className="block truncate font-medium" title={token.name}>
        {token.name}
      </span>
      <span className="ya-num block text-xs whitespace-nowrap text-muted">
        {wasUsed(token) ? t('tokens.lastUsedAt', { time: formatShort(token.accessed_time) }) : t('tokens.notUsed')}
      </span>
    </div>
  );
}

function Expiry({ seconds }: { seconds: number }) {
  const { t } = useTranslation();
  if (seconds <= 0) return t('tokens.expiry.never');
  return (
    <span className="ya-num whitespace-nowrap">
      {formatDay(seconds)}
      <span className="block text-xs text-muted">{formatHour(seconds)}</span>
    </span>
  );
}

function useColumns(onEdit: Props['onEdit']): NonNullable<TableProps<Token>['columns']> {
  const { t } = useTranslation();
  return [
    { title: t('common.name'), key: 'name', fixed: 'left', render: (_, token) => <NameCell token={token} /> },
    { title: t('tokens.key'), key: 'key', render: (_, token) => <TokenKey token={token} /> },
    { title: t('common.status'), key: 'status', render: (_, token) => <TokenStatusTag token={token} /> },
    { title: t('tokens.quota'), key: 'quota', render: (_, token) => <TokenQuota token={token} /> },
    { title: t('common.group'), key: 'group', render: (_, token) => token.group || <span className="text-muted">{t('tokens.ownGroupShort')}</span> },
    { title: t('tokens.limits'), key: 'limits', render: (_, token) => <TokenLimits token={token} /> },
    {
      title: t('tokens.expires'),
      key: 'expires',
      render: (_, token) => <Expiry seconds={token.expired_time} />,
    },
    { title: t('common.actions'), key: 'actions', fixed: 'right', align: 'right', render: (_, token) => <TokenActions token={token} onEdit={onEdit} /> },
  ];
}

/** The own tokens, one a row. */
export function TokenTable({ rows, fetching, empty, onEdit }: Props) {
  const { t } = useTranslation();
  return (
    <ResponsiveTable<Token>
      label={t('shell.nav.tokens')}
      columns={useColumns(onEdit)}
      rows={rows}
      rowKey={(token) => String(token.id)}
      fetching={fetching}
      card={(token) => <TokenCard token={token} onEdit={onEdit} />}
      empty={empty}
    />
  );
}
