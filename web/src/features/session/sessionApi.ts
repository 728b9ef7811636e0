import { api } from '@/api/api';
import { passwordChanged, selfLoaded, signedIn, signedOut } from './sessionSlice';
import type { SelfUser, SessionUser } from './types';

/** What signing in takes. */
export interface Credentials {
  username: string;
  password: string;
}

/** What PUT /api/user/self may change; keys left out stay as they are. */
export interface SelfChange {
  username?: string;
  display_name?: string;
  password?: string;
  original_password?: string;
}

type LoginUser = Omit<SessionUser, 'must_change_password'> & { must_change_password?: boolean };

export const sessionApi = api.injectEndpoints({
  endpoints: (build) => ({
    signIn: build.mutation<SessionUser, Credentials>({
      query: (body) => ({ url: '/api/user/login', method: 'POST', body, guest: true }),
      transformResponse: (user: LoginUser) => ({
        id: user.id,
        username: user.username,
        display_name: user.display_name,
        role: user.role,
        group: user.group,
        must_change_password: user.must_change_password === true,
      }),
      async onQueryStarted(_body, { dispatch, queryFulfilled }) {
        const result = await queryFulfilled.catch(() => null);
        if (result) dispatch(signedIn(result.data));
      },
    }),
    signOut: build.mutation<null, void>({
      query: () => ({ url: '/api/user/logout', guest: true }),
      async onQueryStarted(_arg, { dispatch, queryFulfilled }) {
        await queryFulfilled.catch(() => null);
        dispatch(signedOut());
      },
    }),
    getSelf: build.query<SelfUser, void>({
      query: () => ({ url: '/api/user/self' }),
      providesTags: ['Self'],
      async onQueryStarted(_arg, { dispatch, queryFulfilled }) {
        const result = await queryFulfilled.catch(() => null);
        if (result) dispatch(selfLoaded(result.data));
      },
    }),
    updateSelf: build.mutation<null, SelfChange>({
      query: (body) => ({ url: '/api/user/self', method: 'PUT', body }),
      invalidatesTags: ['Self'],
      async onQueryStarted(change, { dispatch, queryFulfilled }) {
        const result = await queryFulfilled.catch(() => null);
        if (result && change.password) dispatch(passwordChanged());
      },
    }),
  }),
});

export const { useSignInMutation, useSignOutMutation, useGetSelfQuery, useUpdateSelfMutation } = sessionApi;
