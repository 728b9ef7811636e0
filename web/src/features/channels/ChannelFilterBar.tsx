import { SearchOutlined } from '@ant-design/icons';
import { Checkbox, Input, Select } from 'antd';
import { useTranslation } from 'react-i18next';
import { FilterBar } from '@/components/FilterBar';
import { useGetGroupsQuery, useGetOwnModelsQuery } from '@/features/catalog/catalogApi';
import { channelTypes } from './channelTypes';
import { ChannelStatus, type ChannelFilters } from './types';

interface Props {
  filters: ChannelFilters;
  idSort: boolean;
  onChange: (change: Partial<ChannelFilters>) => void;
  onIdSort: (idSort: boolean) => void;
  onReset: () => void;
}

const typeOptions = channelTypes.map((type) => ({ value: type.id, label: type.name }));

/** What narrows the list of channels down. */
export function ChannelFilterBar({ filters, idSort, onChange, onIdSort, onReset }: Props) {
  const { t } = useTranslation();
  const { data: groups = [] } = useGetGroupsQuery();
  const { data: models = [] } = useGetOwnModelsQuery();
  const active = [filters.group !== '', filters.model !== '', filters.status !== null, filters.type !== null].filter(Boolean).length;
  const statusOptions = Object.values(ChannelStatus).map((value) => ({ value, label: t(`channels.status.${value}`) }));
  const common = { allowClear: true, showSearch: { optionFilterProp: 'label' }, className: 'w-full md:w-36' };
  return (
    <FilterBar
      active={active}
      onReset={onReset}
      main={
        <Input
          allowClear
          prefix={<SearchOutlined className="text-muted" />}
          aria-label={t('channels.searchLabel')}
          placeholder={t('channels.searchLabel')}
          value={filters.keyword}
          onChange={(event) => onChange({ keyword: event.target.value })}
        />
      }
    >
      <Select {...common} aria-label={t('common.status')} placeholder={t('common.status')} value={filters.status} options={statusOptions}
        onChange={(status?: number) => onChange({ status: status ?? null })} />
      <Select {...common} aria-label={t('common.type')} placeholder={t('common.type')} value={filters.type} options={typeOptions} popupMatchSelectWidth={220}
        onChange={(type?: number) => onChange({ type: type ?? null })} />
      <Select {...common} aria-label={t('common.group')} placeholder={t('common.group')} value={filters.group || null}
        options={groups.map((value) => ({ value, label: value }))} onChange={(group?: string) => onChange({ group: group ?? '' })} />
      <Select {...common} aria-label={t('common.model')} placeholder={t('common.model')} value={filters.model || null} popupMatchSelectWidth={260}
        options={models.map((value) => ({ value, label: value }))} onChange={(model?: string) => onChange({ model: model ?? '' })} />
      <Checkbox checked={idSort} onChange={(event) => onIdSort(event.target.checked)}>
        {t('channels.idSort')}
      </Checkbox>
    </FilterBar>
  );
}
