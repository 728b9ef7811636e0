import { api } from '@/api/api';
import { unique } from '@/lib/list';

/** A group that the signed-in user's tokens may use. */
export interface UsableGroup {
  ratio: number | string;
  desc: string;
}

export const catalogApi = api.injectEndpoints({
  endpoints: (build) => ({
    /** Names of all groups (administrators). */
    getGroups: build.query<string[], void>({
      query: () => ({ url: '/api/group/' }),
      transformResponse: (names: string[] | null) => [...(names ?? [])].sort(),
      providesTags: ['Group'],
    }),
    /** Groups by name that the own tokens may use. */
    getOwnGroups: build.query<Record<string, UsableGroup>, void>({
      query: () => ({ url: '/api/user/self/groups' }),
      transformResponse: (groups: Record<string, UsableGroup> | null) => groups ?? {},
      providesTags: ['Group'],
    }),
    /** Models that the own tokens can call now. */
    getOwnModels: build.query<string[], void>({
      query: () => ({ url: '/api/user/models' }),
      transformResponse: (names: string[] | null) => unique(names ?? []).sort(),
      providesTags: ['Model'],
    }),
    /** Built-in model names by channel type. */
    getTypeModels: build.query<Record<string, string[] | null>, void>({
      query: () => ({ url: '/api/models' }),
      transformResponse: (models: Record<string, string[] | null> | null) => models ?? {},
    }),
    /** Every built-in model name. */
    getKnownModels: build.query<string[], void>({
      query: () => ({ url: '/api/channel/models' }),
      transformResponse: (models: { id: string }[] | null) => unique((models ?? []).map((model) => model.id)).sort(),
    }),
  }),
});

export const {
  useGetGroupsQuery,
  useGetOwnGroupsQuery,
  useGetOwnModelsQuery,
  useGetTypeModelsQuery,
  useGetKnownModelsQuery,
} = catalogApi;
