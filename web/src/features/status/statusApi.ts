import { api } from '@/api/api';

/** The part of GET /api/status that the console uses. */
export interface ServerStatus {
  version: string;
  start_time: number;
  system_name: string;
  logo: string;
  footer_html: string;
  server_address: string;
  quota_per_unit: number;
  display_in_currency: boolean;
  /** False until the setup wizard was finished. */
  setup: boolean;
  self_use_mode_enabled: boolean;
  demo_site_enabled: boolean;
}

export const statusApi = api.injectEndpoints({
  endpoints: (build) => ({
    getStatus: build.query<ServerStatus, void>({
      query: () => ({ url: '/api/status', guest: true }),
      providesTags: ['Status'],
    }),
  }),
});

export const { useGetStatusQuery } = statusApi;
