import { api } from '@/api/api';
import type { UsageRow } from './types';

interface UsageQuery {
  start: number;
  end: number;
  /** Everybody's traffic; else the own. The own may span 30 days at most. */
  everybody: boolean;
}

export const dataApi = api.injectEndpoints({
  endpoints: (build) => ({
    getUsage: build.query<UsageRow[], UsageQuery>({
      query: ({ start, end, everybody }) => ({
        url: everybody ? '/api/data/' : '/api/data/self',
        params: { start_timestamp: start, end_timestamp: end },
      }),
      transformResponse: (rows: UsageRow[] | null) => rows ?? [],
      providesTags: ['Data'],
    }),
  }),
});

export const { useGetUsageQuery } = dataApi;
