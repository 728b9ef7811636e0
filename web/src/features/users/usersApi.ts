import { api } from '@/api/api';
import type { Page } from '@/api/paging';
import type { NewUser, User, UserAction, UserChange } from './types';

interface ListQuery {
  keyword: string;
  group: string;
  page: number;
  pageSize: number;
}

export const usersApi = api.injectEndpoints({
  endpoints: (build) => ({
    listUsers: build.query<Page<User>, ListQuery>({
      // This route counts pages from 1.
      query: ({ keyword, group, page, pageSize }) => ({
        url: keyword || group ? '/api/user/search' : '/api/user/',
        params: { p: page, page_size: pageSize, keyword, group },
      }),
      providesTags: ['User'],
    }),
    getUser: build.query<User, number>({ query: (id) => ({ url: `/api/user/${id}` }), providesTags: ['User'] }),
    addUser: build.mutation<null, NewUser>({
      query: (body) => ({ url: '/api/user/', method: 'POST', body }),
      invalidatesTags: ['User'],
    }),
    updateUser: build.mutation<null, UserChange>({
      query: (body) => ({ url: '/api/user/', method: 'PUT', body }),
      invalidatesTags: ['User', 'Self', 'Log'],
    }),
    manageUser: build.mutation<null, { id: number; action: UserAction }>({
      query: (body) => ({ url: '/api/user/manage', method: 'POST', body }),
      invalidatesTags: ['User'],
    }),
    /** Removes the row of an account; what it owned stays without an owner. */
    removeUser: build.mutation<null, number>({
      query: (id) => ({ url: `/api/user/${id}`, method: 'DELETE' }),
      invalidatesTags: ['User'],
    }),
  }),
});

export const {
  useListUsersQuery,
  useLazyGetUserQuery,
  useAddUserMutation,
  useUpdateUserMutation,
  useManageUserMutation,
  useRemoveUserMutation,
} = usersApi;
