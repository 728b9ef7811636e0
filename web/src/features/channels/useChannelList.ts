import { guessTotal } from '@/api/paging';
import { useDebounced } from '@/lib/useDebounced';
import { useListChannelsQuery, useSearchChannelsQuery } from './channelsApi';
import type { Channel, ChannelFilters } from './types';

export interface Paging {
  page: number;
  pageSize: number;
}

interface ChannelList {
  /** Undefined until the first answer. */
  rows: Channel[] | undefined;
  total: number;
  fetching: boolean;
  error: unknown;
  refetch: () => void;
}

/** Whether any filter is set. */
export function isFiltered(filters: ChannelFilters): boolean {
  return filters.keyword !== '' || filters.group !== '' || filters.model !== '' || filters.status !== null || filters.type !== null;
}

function keeps(row: Channel, filters: ChannelFilters): boolean {
  return (filters.status === null || row.status === filters.status) && (filters.type === null || row.type === filters.type);
}

/**
 * The channels to show. Without filters the server pages; with filters it sends every match, and status, type and
 * pages are sorted out here, because the search of the API knows neither.
 */
export function useChannelList(filters: ChannelFilters, paging: Paging, idSort: boolean): ChannelList {
  const still = useDebounced(filters);
  const searching = isFiltered(still);
  const { page, pageSize } = paging;
  const list = useListChannelsQuery({ page, pageSize, idSort }, { skip: searching });
  const { keyword, group, model } = still;
  const search = useSearchChannelsQuery({ keyword: keyword.trim(), group, model, idSort }, { skip: !searching });
  if (!searching) {
    const rows = list.data?.rows;
    const total = list.data?.total ?? guessTotal(page, pageSize, rows?.length ?? 0);
    return { rows, total, fetching: list.isFetching, error: list.error, refetch: () => void list.refetch() };
  }
  const matches = search.data?.filter((row) => keeps(row, still));
  return {
    rows: matches?.slice((page - 1) * pageSize, page * pageSize),
    total: matches?.length ?? 0,
    fetching: search.isFetching,
    error: search.error,
    refetch: () => void search.refetch(),
  };
}
