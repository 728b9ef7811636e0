import { api } from '@/api/api';
import type { Envelope } from '@/api/envelope';
import { listOf } from '@/api/paging';
import { splitList, unique } from '@/lib/list';
import type { Channel, ChannelInput, TagEdit } from './types';

interface ListQuery {
  page: number;
  pageSize: number;
  idSort: boolean;
}

interface SearchQuery {
  keyword: string;
  group: string;
  model: string;
  idSort: boolean;
}

interface Listing {
  rows: Channel[];
  /** Null from servers that do not count. */
  total: number | null;
}

type ListReply = Channel[] | { items?: Channel[] | null; total?: number } | null;

function listingOf(data: ListReply): Listing {
  return { rows: listOf(data), total: Array.isArray(data) ? null : (data?.total ?? null) };
}

/** How a test ended. A failed test is a result, not a failed call. */
export interface TestResult {
  ok: boolean;
  message: string;
  seconds: number;
}

// What a channel offers decides what can be called, so the lists of models change with it.
const changed = ['Channel', 'Model'] as const;

export const channelsApi = api.injectEndpoints({
  endpoints: (build) => ({
    listChannels: build.query<Listing, ListQuery>({
      // This route counts pages from 0.
      query: ({ page, pageSize, idSort }) => ({
        url: '/api/channel/',
        params: { p: page - 1, page_size: pageSize, id_sort: idSort },
      }),
      transformResponse: listingOf,
      providesTags: ['Channel'],
    }),
    /** All matches at once: this route has no pages. */
    searchChannels: build.query<Channel[], SearchQuery>({
      query: ({ keyword, group, model, idSort }) => ({
        url: '/api/channel/search',
        params: { keyword, group, model, id_sort: idSort },
      }),
      transformResponse: (data: ListReply) => listOf(data),
      providesTags: ['Channel'],
    }),
    addChannel: build.mutation<null, ChannelInput>({
      query: (body) => ({ url: '/api/channel/', method: 'POST', body }),
      invalidatesTags: [...changed],
    }),
    updateChannel: build.mutation<Channel, ChannelInput & { id: number }>({
      query: (body) => ({ url: '/api/channel/', method: 'PUT', body }),
      invalidatesTags: [...changed],
    }),
    editTag: build.mutation<null, TagEdit>({
      query: (body) => ({ url: '/api/channel/tag', method: 'PUT', body }),
      invalidatesTags: [...changed],
    }),
    switchTag: build.mutation<null, { tag: string; on: boolean }>({
      query: ({ tag, on }) => ({ url: `/api/channel/tag/${on ? 'enabled' : 'disabled'}`, method: 'POST', body: { tag } }),
      invalidatesTags: [...changed],
    }),
    /** The longest list of models among the channels with the tag. */
    getTagModels: build.query<string[], string>({
      query: (tag) => ({ url: '/api/channel/tag/models', params: { tag } }),
      transformResponse: (data: string | null) => unique(splitList(data)),
      providesTags: ['Channel'],
    }),
    deleteChannel: build.mutation<null, number>({
      query: (id) => ({ url: `/api/channel/${id}`, method: 'DELETE' }),
      invalidatesTags: [...changed],
    }),
    deleteDisabledChannels: build.mutation<number, void>({
      query: () => ({ url: '/api/channel/disabled', method: 'DELETE' }),
      invalidatesTags: [...changed],
    }),
    testChannel: build.mutation<TestResult, { id: number; model?: string }>({
      query: ({ id, model }) => ({ url: `/api/channel/test/${id}`, params: { model }, whole: true }),
      transformResponse: (reply: Envelope<never> & { time?: number }) => ({
        ok: true,
        message: reply.message ?? '',
        seconds: reply.time ?? 0,
      }),
      invalidatesTags: ['Channel', 'Log'],
    }),
  }),
});

export const {
  useListChannelsQuery,
  useSearchChannelsQuery,
  useAddChannelMutation,
  useUpdateChannelMutation,
  useEditTagMutation,
  useSwitchTagMutation,
  useGetTagModelsQuery,
  useDeleteChannelMutation,
  useDeleteDisabledChannelsMutation,
  useTestChannelMutation,
} = channelsApi;
