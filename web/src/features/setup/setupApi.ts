import { api } from '@/api/api';

/** Whether the server is set up, and what the wizard must ask. */
export interface SetupState {
  status: boolean;
  /** An administrator exists already; only the usage mode is left to choose. */
  root_init: boolean;
  database_type: string;
  /** The page was reached from a public address: the code that the server printed at start is asked for. */
  code_required?: boolean;
}

export interface SetupRequest {
  username: string;
  password: string;
  confirmPassword: string;
  SelfUseModeEnabled: boolean;
  DemoSiteEnabled: boolean;
  setup_code?: string;
}

export const setupApi = api.injectEndpoints({
  endpoints: (build) => ({
    getSetup: build.query<SetupState, void>({
      query: () => ({ url: '/api/setup', guest: true }),
      providesTags: ['Setup'],
    }),
    finishSetup: build.mutation<null, SetupRequest>({
      query: (body) => ({ url: '/api/setup', method: 'POST', body, guest: true }),
    }),
  }),
});

export const { useGetSetupQuery, useFinishSetupMutation } = setupApi;
