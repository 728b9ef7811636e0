import { api } from '@/api/api';

interface Option {
  key: string;
  value: string;
}

export const optionsApi = api.injectEndpoints({
  endpoints: (build) => ({
    /** All options by key. */
    getOptions: build.query<Record<string, string>, void>({
      query: () => ({ url: '/api/option/' }),
      transformResponse: (options: Option[] | null) =>
        Object.fromEntries((options ?? []).map((option) => [option.key, option.value])),
      providesTags: ['Option'],
    }),
    /** One key at a time; the value is always text. */
    setOption: build.mutation<null, Option>({
      query: (body) => ({ url: '/api/option/', method: 'PUT', body }),
    }),
  }),
});

export const { useGetOptionsQuery, useSetOptionMutation } = optionsApi;
