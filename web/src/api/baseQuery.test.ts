import { configureStore } from '@reduxjs/toolkit';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { sessionReducer, signedIn } from '@/features/session/sessionSlice';
import { baseQuery, type ApiCall } from './baseQuery';

type Api = Parameters<typeof baseQuery>[1];

function makeStore(userId?: number, language = 'en') {
  const store = configureStore({ reducer: { session: sessionReducer, preferences: () => ({ language }) } });
  const rest = { username: 'u', display_name: '', role: 1, group: 'default', must_change_password: false };
  if (userId !== undefined) store.dispatch(signedIn({ id: userId, ...rest }));
  return store;
}

function ask(store: ReturnType<typeof makeStore>, call: ApiCall) {
  const api = { getState: store.getState, dispatch: store.dispatch, signal: new AbortController().signal };
  return baseQuery(call, api as unknown as Api, {});
}

function answer(status: number, body: string) {
  const fake = vi.fn<(url: string, init: RequestInit) => Promise<Response>>(() => Promise.resolve(new Response(body, { status })));
  vi.stubGlobal('fetch', fake);
  return fake;
}

afterEach(() => vi.unstubAllGlobals());

describe('baseQuery', () => {
  it('names the user, or -1 when nobody is signed in', async () => {
    const fake = answer(200, '{"success":true}');
    await ask(makeStore(7), { url: '/api/x' });
    await ask(makeStore(), { url: '/api/x' });
    const ids = fake.mock.calls.map(([, init]) => new Headers(init.headers).get('New-Api-User'));
    expect(ids).toEqual(['7', '-1']);
  });

  it('asks for answers in the language of the page', async () => {
    const fake = answer(200, '{"success":true}');
    await ask(makeStore(7, 'zh'), { url: '/api/x' });
    await ask(makeStore(7, 'en'), { url: '/api/x' });
    const languages = fake.mock.calls.map(([, init]) => new Headers(init.headers).get('Accept-Language'));
    expect(languages).toEqual(['zh', 'en']);
  });

  it('sends JSON with its type, and a query without empty values', async () => {
    const fake = answer(200, '{"success":true}');
    await ask(makeStore(7), { url: '/api/x', method: 'PUT', params: { a: 0, b: '', c: null, d: undefined, e: 'x y' }, body: { k: 1 } });
    const [url, init] = fake.mock.calls[0] ?? [];
    expect(url).toBe('/api/x?a=0&e=x+y');
    expect(init).toMatchObject({ method: 'PUT', body: '{"k":1}', credentials: 'same-origin' });
    expect(new Headers(init?.headers).get('Content-Type')).toBe('application/json');
  });

  it('hands over the data, null for none, or the whole envelope', async () => {
    answer(200, '{"success":true,"data":5}');
    expect(await ask(makeStore(7), { url: '/' })).toEqual({ data: 5 });
    answer(200, '{"success":true,"time":2}');
    expect(await ask(makeStore(7), { url: '/' })).toEqual({ data: null });
    answer(200, '{"success":true,"time":2}');
    expect(await ask(makeStore(7), { url: '/', whole: true })).toEqual({ data: { success: true, time: 2 } });
  });

  it('ends the session on 401, but not for calls that guests make', async () => {
    answer(401, '{"success":false,"message":"no"}');
    const guest = makeStore(7);
    await ask(guest, { url: '/', guest: true });
    expect(guest.getState().session.user?.id).toBe(7);
    const user = makeStore(7);
    answer(401, '{"success":false,"message":"no"}');
    await ask(user, { url: '/' });
    expect(user.getState().session).toEqual({ user: null, expired: true });
  });

  it('calls a failed fetch a fault of the network', async () => {
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('Failed to fetch')));
    expect(await ask(makeStore(7), { url: '/' })).toMatchObject({ error: { kind: 'network', status: 0 } });
  });
});
