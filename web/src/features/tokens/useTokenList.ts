import { guessTotal } from '@/api/paging';
import { useDebounced } from '@/lib/useDebounced';
import { useListTokensQuery, useSearchTokensQuery } from './tokensApi';
import type { Token } from './types';

interface TokenList {
  /** Undefined until the first answer. */
  rows: Token[] | undefined;
  total: number;
  fetching: boolean;
  error: unknown;
  refetch: () => void;
}

/** The tokens to show. What looks like a key is looked for among the keys, anything else among the names. */
export function useTokenList(typed: string, page: number, pageSize: number): TokenList {
  const still = useDebounced(typed.trim());
  const byKey = still.startsWith('sk-');
  const list = useListTokensQuery({ page, pageSize }, { skip: still !== '' });
  const search = useSearchTokensQuery({ keyword: byKey ? '' : still, token: byKey ? still : '' }, { skip: still === '' });
  if (still === '') {
    const rows = list.data?.rows;
    const total = list.data?.total ?? guessTotal(page, pageSize, rows?.length ?? 0);
    return { rows, total, fetching: list.isFetching, error: list.error, refetch: () => void list.refetch() };
  }
  return {
    rows: search.data?.slice((page - 1) * pageSize, page * pageSize),
    total: search.data?.length ?? 0,
    fetching: search.isFetching,
    error: search.error,
    refetch: () => void search.refetch(),
  };
}
