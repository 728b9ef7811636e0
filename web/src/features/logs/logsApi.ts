import { api } from '@/api/api';
import type { Page } from '@/api/paging';
import { logQuery } from './logQuery';
import type { LogFilters, LogRow, LogStat } from './types';

interface ListQuery {
  filters: LogFilters;
  /** Everybody's logs; else the own ones. */
  everybody: boolean;
  page: number;
  pageSize: number;
}

export const logsApi = api.injectEndpoints({
  endpoints: (build) => ({
    listLogs: build.query<Page<LogRow>, ListQuery>({
      // This route counts pages from 1.
      query: ({ filters, everybody, page, pageSize }) => ({
        url: everybody ? '/api/log/' : '/api/log/self',
        params: { p: page, page_size: pageSize, ...logQuery(filters, everybody) },
      }),
      transformResponse: (data: Page<LogRow> | null) => ({
        items: data?.items ?? [],
        total: data?.total ?? 0,
        page: data?.page ?? 1,
        page_size: data?.page_size ?? 0,
      }),
      providesTags: ['Log'],
    }),
    getLogStat: build.query<LogStat, { filters: LogFilters; everybody: boolean }>({
      query: ({ filters, everybody }) => ({
        url: everybody ? '/api/log/stat' : '/api/log/self/stat',
        params: logQuery(filters, everybody),
      }),
      providesTags: ['Log'],
    }),
  }),
});

export const { useListLogsQuery, useGetLogStatQuery } = logsApi;
