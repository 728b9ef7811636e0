import { KeyOutlined, PlusOutlined, SearchOutlined } from '@ant-design/icons';
import { Button, Input } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { EmptyState } from '@/components/EmptyState';
import { LoadFault } from '@/components/LoadFault';
import { PageHeader } from '@/components/PageHeader';
import { Pager } from '@/components/Pager';
import { TokenForm, type TokenFormTarget } from './TokenForm';
import { TokenTable } from './TokenTable';
import { useTokenList } from './useTokenList';

/** The API keys of the signed-in user. */
export default function TokensPage() {
  const { t } = useTranslation();
  const [typed, setTyped] = useState('');
  const [paging, setPaging] = useState({ page: 1, pageSize: 20 });
  const [target, setTarget] = useState<TokenFormTarget | null>(null);
  const list = useTokenList(typed, paging.page, paging.pageSize);
  const addButton = (
    <Button type="primary" icon={<PlusOutlined />} onClick={() => setTarget({ mode: 'add' })}>
      {t('tokens.add')}
    </Button>
  );
  const empty = typed ? (
    <EmptyState icon={<SearchOutlined />} title={t('common.nothingFound')} text={t('common.nothingFoundHelp')} />
  ) : (
    <EmptyState icon={<KeyOutlined />} title={t('tokens.emptyTitle')} text={t('tokens.emptyText')}>
      {addButton}
    </EmptyState>
  );
  return (
    <>
      <PageHeader title={t('shell.nav.tokens')} lead={t('tokens.lead')} actions={addButton} />
      <search className="mb-4 block md:max-w-72">
        <Input
          allowClear
          prefix={<SearchOutlined className="text-muted" />}
          aria-label={t('tokens.searchLabel')}
          placeholder={t('tokens.searchLabel')}
          value={typed}
          onChange={(event) => {
            setTyped(event.target.value);
            setPaging({ ...paging, page: 1 });
          }}
        />
      </search>
      <LoadFault error={list.error} onRetry={list.refetch} />
      {list.error && !list.rows ? null : (
        <TokenTable rows={list.rows} fetching={list.fetching} empty={empty} onEdit={(token) => setTarget({ mode: 'edit', token })} />
      )}
      <Pager {...paging} total={list.total} onChange={(page, pageSize) => setPaging({ page, pageSize })} />
      <TokenForm target={target} onClose={() => setTarget(null)} />
    </>
  );
}
