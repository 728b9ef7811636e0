import { Input, Select } from 'antd';
import { useTranslation } from 'react-i18next';
import { FilterBar } from '@/components/FilterBar';
import { useGetGroupsQuery, useGetOwnGroupsQuery, useGetOwnModelsQuery } from '@/features/catalog/catalogApi';
import { LogType, type LogFilters } from './types';

interface Props {
  filters: LogFilters;
  isAdmin: boolean;
  onChange: (change: Partial<LogFilters>) => void;
  onReset: () => void;
}

const textFilters = ['token', 'model', 'username', 'channel'] as const;

function useGroupNames(isAdmin: boolean): string[] {
  const all = useGetGroupsQuery(undefined, { skip: !isAdmin });
  const own = useGetOwnGroupsQuery(undefined, { skip: isAdmin });
  return isAdmin ? (all.data ?? []) : Object.keys(own.data ?? {});
}

/** What narrows the log down, besides the time. */
export function LogFilterBar({ filters, isAdmin, onChange, onReset }: Props) {
  const { t } = useTranslation();
  const groups = useGroupNames(isAdmin);
  const { data: models = [] } = useGetOwnModelsQuery();
  const texts = textFilters.filter((name) => name !== 'model' && (isAdmin || name === 'token'));
  const active = [filters.token, filters.username, filters.channel, filters.group].filter(Boolean).length + (filters.type ? 1 : 0);
  const types = Object.values(LogType).map((value) => ({ value, label: t(`logs.type.${value}`) }));
  return (
    <FilterBar
      active={active}
      onReset={onReset}
      main={
        <Select
          className="w-full"
          mode="tags"
          maxCount={1}
          allowClear
          aria-label={t('logs.filter.model')}
          placeholder={t('logs.filter.model')}
          value={filters.model ? [filters.model] : []}
          options={models.map((value) => ({ value, label: value }))}
          onChange={(names: string[]) => onChange({ model: names.at(-1) ?? '' })}
        />
      }
    >
      <Select className="w-full md:w-32" aria-label={t('common.type')} value={filters.type} options={types} onChange={(type: number) => onChange({ type })} />
      {texts.map((name) => (
        <Input
          key={name}
          allowClear
          className="w-full md:w-36!"
          aria-label={t(`logs.filter.${name}`)}
          placeholder={t(`logs.filter.${name}`)}
          inputMode={name === 'channel' ? 'numeric' : 'text'}
          value={filters[name]}
          onChange={(event) => onChange({ [name]: event.target.value })}
        />
      ))}
      <Select
        className="w-full md:w-32"
        allowClear
        aria-label={t('common.group')}
        placeholder={t('common.group')}
        value={filters.group || null}
        options={groups.map((value) => ({ value, label: value }))}
        onChange={(group?: string) => onChange({ group: group ?? '' })}
      />
    </FilterBar>
  );
}
