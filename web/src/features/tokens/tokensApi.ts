import { api } from '@/api/api';
import { listOf } from '@/api/paging';
import type { Token, TokenInput } from './types';

interface Listing {
  rows: Token[];
  /** Null from servers that do not count. */
  total: number | null;
}

type ListReply = Token[] | { items?: Token[] | null; total?: number } | null;

export const tokensApi = api.injectEndpoints({
  endpoints: (build) => ({
    listTokens: build.query<Listing, { page: number; pageSize: number }>({
      // This route counts pages from 0 and calls the length of a page `size`.
      query: ({ page, pageSize }) => ({ url: '/api/token/', params: { p: page - 1, size: pageSize } }),
      transformResponse: (data: ListReply) => ({
        rows: listOf(data),
        total: Array.isArray(data) ? null : (data?.total ?? null),
      }),
      providesTags: ['Token'],
    }),
    /** All matches at once: this route has no pages. */
    searchTokens: build.query<Token[], { keyword: string; token: string }>({
      query: (params) => ({ url: '/api/token/search', params }),
      transformResponse: (data: ListReply) => listOf(data),
      providesTags: ['Token'],
    }),
    addToken: build.mutation<null, TokenInput>({
      query: (body) => ({ url: '/api/token/', method: 'POST', body }),
      invalidatesTags: ['Token'],
    }),
    updateToken: build.mutation<Token, TokenInput & { id: number }>({
      query: (body) => ({ url: '/api/token/', method: 'PUT', body }),
      invalidatesTags: ['Token'],
    }),
    setTokenStatus: build.mutation<Token, { id: number; status: number }>({
      query: (body) => ({ url: '/api/token/', method: 'PUT', params: { status_only: true }, body }),
      invalidatesTags: ['Token'],
    }),
    deleteToken: build.mutation<null, number>({
      query: (id) => ({ url: `/api/token/${id}`, method: 'DELETE' }),
      invalidatesTags: ['Token'],
    }),
  }),
});

export const {
  useListTokensQuery,
  useSearchTokensQuery,
  useAddTokenMutation,
  useUpdateTokenMutation,
  useSetTokenStatusMutation,
  useDeleteTokenMutation,
} = tokensApi;
