import { PlusOutlined, SearchOutlined } from '@ant-design/icons';
import { Button, Input, Select } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { EmptyState } from '@/components/EmptyState';
import { FilterBar } from '@/components/FilterBar';
import { LoadFault } from '@/components/LoadFault';
import { PageHeader } from '@/components/PageHeader';
import { Pager } from '@/components/Pager';
import { useGetGroupsQuery } from '@/features/catalog/catalogApi';
import { useDebounced } from '@/lib/useDebounced';
import { AddQuota } from './AddQuota';
import type { User } from './types';
import { UserForm, type UserFormTarget } from './UserForm';
import { useListUsersQuery } from './usersApi';
import { UserTable } from './UserTable';

/** Who may use the server, and with what balance. */
export default function UsersPage() {
  const { t } = useTranslation();
  const [keyword, setKeyword] = useState('');
  const [group, setGroup] = useState('');
  const [paging, setPaging] = useState({ page: 1, pageSize: 20 });
  const [target, setTarget] = useState<UserFormTarget | null>(null);
  const [funded, setFunded] = useState<User | null>(null);
  const { data: groups = [] } = useGetGroupsQuery();
  const { data, error, isFetching, refetch } = useListUsersQuery({ keyword: useDebounced(keyword.trim()), group, ...paging });
  const toFirstPage = () => setPaging({ ...paging, page: 1 });
  const empty = <EmptyState icon={<SearchOutlined />} title={t('common.nothingFound')} text={t('common.nothingFoundHelp')} />;
  return (
    <>
      <PageHeader
        title={t('shell.nav.users')}
        lead={t('users.lead')}
        actions={
          <Button type="primary" icon={<PlusOutlined />} onClick={() => setTarget({ mode: 'add' })}>
            {t('users.add')}
          </Button>
        }
      />
      <FilterBar
        active={group ? 1 : 0}
        onReset={() => setGroup('')}
        main={
          <Input
            allowClear
            prefix={<SearchOutlined className="text-muted" />}
            aria-label={t('users.searchLabel')}
            placeholder={t('users.searchLabel')}
            value={keyword}
            onChange={(event) => {
              setKeyword(event.target.value);
              toFirstPage();
            }}
          />
        }
      >
        <Select
          allowClear
          className="w-full md:w-36"
          aria-label={t('common.group')}
          placeholder={t('common.group')}
          value={group || null}
          options={groups.map((value) => ({ value, label: value }))}
          onChange={(value?: string) => {
            setGroup(value ?? '');
            toFirstPage();
          }}
        />
      </FilterBar>
      <LoadFault error={error} onRetry={() => void refetch()} />
      {error && !data ? null : (
        <UserTable
          rows={data?.items}
          fetching={isFetching}
          empty={empty}
          onEdit={(user) => setTarget({ mode: 'edit', user })}
          onAddQuota={setFunded}
        />
      )}
      <Pager {...paging} total={data?.total ?? 0} onChange={(page, pageSize) => setPaging({ page, pageSize })} />
      <UserForm target={target} onClose={() => setTarget(null)} />
      <AddQuota user={funded} onClose={() => setFunded(null)} />
    </>
  );
}
