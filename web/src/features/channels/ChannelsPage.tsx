import { ApiOutlined, DeleteOutlined, PlusOutlined, SearchOutlined } from '@ant-design/icons';
import { Button } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ConfirmButton } from '@/components/ConfirmButton';
import { EmptyState } from '@/components/EmptyState';
import { LoadFault } from '@/components/LoadFault';
import { PageHeader } from '@/components/PageHeader';
import { Pager } from '@/components/Pager';
import { useRun } from '@/components/useRun';
import { ChannelFilterBar } from './ChannelFilterBar';
import { ChannelForm, type ChannelFormTarget } from './ChannelForm';
import { ChannelTable } from './ChannelTable';
import { ChannelTest } from './ChannelTest';
import { useDeleteDisabledChannelsMutation } from './channelsApi';
import { TagForm } from './TagForm';
import type { Channel, ChannelFilters } from './types';
import { isFiltered, useChannelList } from './useChannelList';

const noFilters: ChannelFilters = { keyword: '', group: '', model: '', status: null, type: null };

function DeleteDisabled() {
  const { t } = useTranslation();
  const run = useRun();
  const [remove, { isLoading }] = useDeleteDisabledChannelsMutation();
  return (
    <ConfirmButton
      type="text"
      icon={<DeleteOutlined />}
      label={t('channels.deleteDisabled')}
      withText
      question={t('channels.deleteDisabledQuestion')}
      loading={isLoading}
      onConfirm={() => run(remove(), t('common.deleted'))}
    />
  );
}

/** The upstream accounts behind the gateway. */
export default function ChannelsPage() {
  const { t } = useTranslation();
  const [filters, setFilters] = useState(noFilters);
  const [idSort, setIdSort] = useState(false);
  const [paging, setPaging] = useState({ page: 1, pageSize: 20 });
  const [target, setTarget] = useState<ChannelFormTarget | null>(null);
  const [tested, setTested] = useState<Channel | null>(null);
  const [tag, setTag] = useState<string | null>(null);
  const list = useChannelList(filters, paging, idSort);
  const narrow = (change: Partial<ChannelFilters>) => {
    setFilters({ ...filters, ...change });
    setPaging({ ...paging, page: 1 });
  };
  const addButton = (
    <Button type="primary" icon={<PlusOutlined />} onClick={() => setTarget({ mode: 'add' })}>
      {t('channels.add')}
    </Button>
  );
  const empty = isFiltered(filters) ? (
    <EmptyState icon={<SearchOutlined />} title={t('common.nothingFound')} text={t('common.nothingFoundHelp')} />
  ) : (
    <EmptyState icon={<ApiOutlined />} title={t('channels.emptyTitle')} text={t('channels.emptyText')}>
      {addButton}
    </EmptyState>
  );
  return (
    <>
      <PageHeader title={t('shell.nav.channels')} lead={t('channels.lead')} actions={<>{list.total > 0 ? <DeleteDisabled /> : null}{addButton}</>} />
      <ChannelFilterBar
        filters={filters}
        idSort={idSort}
        onChange={narrow}
        onIdSort={(value) => {
          setIdSort(value);
          setPaging({ ...paging, page: 1 });
        }}
        onReset={() => narrow({ ...noFilters, keyword: filters.keyword })}
      />
      <LoadFault error={list.error} onRetry={list.refetch} />
      {list.error && !list.rows ? null : (
        <ChannelTable
          rows={list.rows}
          fetching={list.fetching}
          empty={empty}
          onEdit={(channel) => setTarget({ mode: 'edit', channel })}
          onCopy={(channel) => setTarget({ mode: 'copy', channel })}
          onTest={setTested}
          onTag={setTag}
        />
      )}
      <Pager {...paging} total={list.total} onChange={(page, pageSize) => setPaging({ page, pageSize })} />
      <ChannelForm target={target} onClose={() => setTarget(null)} />
      <TagForm tag={tag} onClose={() => setTag(null)} />
      <ChannelTest channel={tested} onClose={() => setTested(null)} />
    </>
  );
}
