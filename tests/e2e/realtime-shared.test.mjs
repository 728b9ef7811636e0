// Realtime sessions that spend from a balance in Redis: a node with one, and a balance that is enough for so many responses.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { WebSocket } from 'ws';
import { addUser, databaseOf, sqlite } from './lib/accounts.mjs';
import { RealtimeUpstream, usual } from './lib/realtime.mjs';
import { Redis } from './lib/redis.mjs';
import { YourApi, until } from './lib/yourapi.mjs';

const COST = usual.input_tokens + usual.output_tokens; // points of a response: every ratio is 1
const FIRST = 500; // what the first response of a session reserves
let redis, up, api;

before(async () => {
  redis = await Redis.start();
  if (!redis) return;
  up = await RealtimeUpstream.start();
  api = await YourApi.start({ env: { REDIS_CONN_STRING: redis.url, CRYPTO_SECRET: 'crypto' } });
  await api.setUp();
  for (const name of ['ModelRatio', 'CompletionRatio', 'AudioRatio', 'AudioCompletionRatio']) await api.setOption(name, { 'usage-a': 1 });
  await api.addChannel({ base_url: up.url, models: 'usage-a' });
  await until('balances are shared', async () => (await api.call('GET', '/api/status/test')).redis.balances === 'shared');
});

after(async () => {
  await api?.stop();
  await up?.stop();
  await redis?.stop();
});

const redisTest = (title, fn) => test(title, async (t) => {
  if (!redis) return t.skip('no redis-server');
  await fn(t);
});

async function customer(username, quota) {
  await api.setOption('QuotaForNewUser', String(quota));
  const session = await addUser(api, username, 'secret-of-them');
  const token = await session.addToken({ name: username });
  return { id: (await session.ok('GET', '/api/user/self')).id, key: token.key, quota };
}

// Asks for one response after the other until the session ends: how many there were, and why it ended.
function talk(key) {
  const ws = new WebSocket(`${api.url.replace('http', 'ws')}/v1/realtime?model=usage-a`, [], { headers: { authorization: `Bearer ${key}` } });
  let responses = 0, error;
  const ask = () => ws.send(JSON.stringify({ type: 'response.create' }));
  ws.on('message', (data) => {
    const event = JSON.parse(data.toString());
    if (event.type === 'response.done') responses++;
    if (event.type === 'error') error = event.error.code;
    if (event.type === 'session.created' || event.type === 'response.done') ask();
  });
  return new Promise((done) => {
    ws.on('error', () => done({ responses, error: 'refused' }));
    ws.on('close', (code) => done({ responses, error, code }));
  });
}

const account = (who) => JSON.parse(sqlite(databaseOf(api), `SELECT json_object('left', u.quota, 'used', u.used_quota, 'rows', count(l.id))
  FROM users u LEFT JOIN logs l ON l.user_id = u.id AND l.type = 2 WHERE u.id = ${who.id} GROUP BY u.id`));

async function assertSpent(who, responses) {
  const want = { left: who.quota - responses * COST, used: responses * COST, rows: responses };
  await until('the journal is applied', () => account(who).used === want.used);
  assert.deepEqual(account(who), want);
  const field = (name) => redis.ask('HGET', `yourapi:balance:u:${who.id}`, name);
  await until('nothing is outstanding', () => Number(field('t')) === 0);
  assert.ok(['', String(want.left)].includes(field('base')), `base ${field('base')}, database ${want.left}`);
}

redisTest('a balance is enough for as many responses as it pays, to the unit', async () => {
  const responses = 7;
  for (const [name, quota, want] of [['just', FIRST + (responses - 1) * COST, responses], ['short', FIRST + (responses - 1) * COST - 1, responses - 1]]) {
    const who = await customer(name, quota);
    assert.deepEqual(await talk(who.key), { responses: want, error: 'insufficient_user_quota', code: 1008 });
    await assertSpent(who, want);
  }
});

redisTest('sessions beside each other spend from one balance, and it is never overdrawn', async () => {
  const who = await customer('many', 6 * FIRST + 40 * COST);
  const talks = await Promise.all(Array.from({ length: 6 }, () => talk(who.key)));
  assert.ok(talks.every(({ error, code }) => error === 'insufficient_user_quota' && code === 1008), JSON.stringify(talks));
  const responses = talks.reduce((sum, each) => sum + each.responses, 0);
  await assertSpent(who, responses);
  const { left } = account(who);
  assert.ok(left >= 0 && left < FIRST, `${left} points are left`);
});
