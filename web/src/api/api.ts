import { createApi } from '@reduxjs/toolkit/query/react';
import { baseQuery } from './baseQuery';

/** The server's management API. Each feature adds its own calls, so that they load with its chunk. */
export const api = createApi({
  reducerPath: 'api',
  baseQuery,
  tagTypes: ['Status', 'Setup', 'Self', 'Channel', 'Token', 'Log', 'User', 'Option', 'Model', 'Group', 'Data'],
  // Seconds: what is older is asked for again when a page comes back to it.
  refetchOnMountOrArgChange: 5,
  endpoints: () => ({}),
});
