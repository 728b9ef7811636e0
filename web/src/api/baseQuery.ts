import type { BaseQueryFn } from '@reduxjs/toolkit/query';
import { sessionExpired } from '@/features/session/sessionSlice';
import { readReply, type ApiError, type Envelope } from './envelope';
import { queryText, type QueryParams } from './queryText';

export interface ApiCall {
  url: string;
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  params?: QueryParams;
  body?: unknown;
  /** Hands over the whole envelope: a few routes answer beside `data` (a channel test's `time`). */
  whole?: boolean;
  /** A 401 here is an answer, not the end of the session. */
  guest?: boolean;
}

interface CallerState {
  session: { user: { id: number } | null };
  preferences: { language: string };
}

function requestOf(call: ApiCall, caller: CallerState): RequestInit {
  const headers: Record<string, string> = {
    'New-Api-User': String(caller.session.user?.id ?? -1),
    // The language of this page, which need not be the browser's: the server words its refusals in it.
    'Accept-Language': caller.preferences.language,
    'Cache-Control': 'no-store',
  };
  if (call.body !== undefined) headers['Content-Type'] = 'application/json';
  return {
    method: call.method ?? 'GET',
    headers,
    credentials: 'same-origin',
    body: call.body === undefined ? undefined : JSON.stringify(call.body),
  };
}

/** The one way to the server: cookie session, the user's id and language in headers, the envelope opened. */
export const baseQuery: BaseQueryFn<ApiCall, unknown, ApiError> = async (call, api) => {
  let reply: { envelope: Envelope<unknown> } | { error: ApiError };
  try {
    const response = await fetch(call.url + queryText(call.params), {
      ...requestOf(call, api.getState() as CallerState),
      signal: api.signal,
    });
    reply = readReply(response.status, await response.text());
  } catch {
    reply = { error: { kind: 'network', status: 0, message: '' } };
  }
  if ('error' in reply) {
    if (reply.error.kind === 'unauthorized' && !call.guest) api.dispatch(sessionExpired());
    return { error: reply.error };
  }
  // Redux keeps no undefined results, and handlers with nothing to say leave `data` out.
  return { data: call.whole ? reply.envelope : (reply.envelope.data ?? null) };
};
