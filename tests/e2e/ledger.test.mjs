// Accounts that are right after any crash, and a balance that is never spent twice.
import assert from 'node:assert/strict';
import http from 'node:http';
import { test } from 'node:test';
import { addUser, assertBooks, chargedIds, chat, databaseOf, endowment, sqlite } from './lib/accounts.mjs';
import { Upstream } from './lib/upstream.mjs';
import { YourApi, until } from './lib/yourapi.mjs';

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const prices = { echo: 100, 'tokens-100-20': 320, 'tokens-7-3': 32 };

// Three users with two tokens each (one with a limit), three channels, models that cost differently.
async function furnish(api, up) {
  await api.setUp();
  await api.setOption('QuotaForNewUser', '1000000000');
  await api.setOption('ModelPrice', { echo: 0.0002 });
  await api.setOption('ModelRatio', { 'tokens-100-20': 2, 'tokens-7-3': 2 });
  await api.setOption('CompletionRatio', { 'tokens-100-20': 3, 'tokens-7-3': 3 });
  for (const name of ['one', 'two', 'three'])
    await api.addChannel({ name, base_url: up.url, models: Object.keys(prices).join(','), weight: name.length });
  const keys = [];
  for (const session of [api, await addUser(api, 'ann', 'secret-of-ann'), await addUser(api, 'bob', 'secret-of-bob')]) {
    keys.push((await session.addToken({ name: 'free' })).key);
    keys.push((await session.addToken({ name: 'limited', unlimited_quota: false, remain_quota: 100_000_000 })).key);
  }
  return keys;
}

// Calls without a pause until stop(); what was received whole is kept by its request id.
class Callers {
  received = new Map();
  sent = 0;

  constructor(api, keys, count) {
    this.agent = new http.Agent({ keepAlive: true, maxSockets: count });
    this.workers = Array.from({ length: count }, (_, i) => this.work(api, keys, i));
  }

  async work(api, keys, i) {
    const models = Object.keys(prices);
    for (let n = i; !this.over; n++) {
      const model = models[n % models.length];
      this.sent++;
      const { status, id } = await chat(api, keys[n % keys.length], { model, stream: n % 2 === 0, agent: this.agent });
      if (status === 200) this.received.set(id, model);
      else await sleep(5);
    }
  }

  async stop() {
    this.over = true;
    await Promise.all(this.workers);
    this.agent.destroy();
  }
}

// Writes of an administrator beside the calls; the names of the tokens whose creation was confirmed.
async function administer(api, round, state) {
  for (let n = 0; !state.over; n++) {
    const name = `made-${round}-${n}`;
    const reply = await api
      .call('POST', '/api/token/', { name, expired_time: -1, remain_quota: 0, unlimited_quota: true })
      .catch(() => ({}));
    if (reply.success) state.confirmed.push(name);
    await sleep(2);
  }
}

test('killed at random moments under load, every received answer is charged exactly once', async (t) => {
  const up = await Upstream.start();
  const api = await YourApi.start();
  const rounds = Number(process.env.KILL_ROUNDS ?? 8);
  let callers;
  try {
    const keys = await furnish(api, up);
    const before = endowment(api);
    const state = { confirmed: [] };
    callers = new Callers(api, keys, 24);

    for (let round = 0; round < rounds; round++) {
      const writer = administer(api, round, state);
      const goal = callers.received.size + 15 + Math.floor(Math.random() * 60);
      await until('calls come back', () => callers.received.size >= goal, 120_000);
      await sleep(Math.random() * 120); // not always the moment at which an answer has just come
      await api.kill();
      state.over = true;
      await writer;
      state.over = false;
      await api.launch();
    }
    await callers.stop();
    const ids = [...callers.received.keys()];
    await until('the ledger is applied', () => {
      const charged = new Set(chargedIds(api));
      return ids.every((id) => charged.has(id));
    }, 60_000);

    const { calls } = assertBooks(api, before);
    assert.ok(calls >= ids.length && calls <= callers.sent, `${ids.length} <= ${calls} <= ${callers.sent}`);
    const wrong = sqlite(databaseOf(api), 'SELECT request_id, model_name, quota FROM logs WHERE type = 2', { json: true })
      .filter((row) => row.quota !== prices[row.model_name]
        || (callers.received.get(row.request_id) ?? row.model_name) !== row.model_name);
    assert.deepEqual(wrong, []);
    const made = new Set(sqlite(databaseOf(api), 'SELECT name FROM tokens').split('\n'));
    assert.deepEqual(state.confirmed.filter((name) => !made.has(name)), [], 'confirmed writes that are lost');
    t.diagnostic(`${rounds} kills, ${callers.sent} calls sent, ${ids.length} received, ${calls} charged, `
      + `${state.confirmed.length} tokens made`);
  } finally {
    await callers?.stop();
    await api.stop();
    await up.stop();
  }
});

// [loops, whose balance it is]
for (const [threads, payer] of [['1', 'token'], ['2', 'user'], ['4', 'token']]) {
  test(`10,000 parallel calls on a ${payer}'s balance that admits 100 get 100 answers, ${threads} loops`, async () => {
    const up = await Upstream.start();
    const api = await YourApi.start({ env: { RELAY_THREADS: threads } });
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1000 });
    try {
      await api.setUp();
      await api.setOption('ModelPrice', { echo: 0.0002 });
      await api.setOption('QuotaForNewUser', payer === 'user' ? '10000' : '1000000000');
      await api.addChannel({ base_url: up.url, models: 'echo' });
      const ann = await addUser(api, 'ann', 'secret-of-ann');
      const token = await ann.addToken({ unlimited_quota: payer === 'user', remain_quota: 100 * 100 });
      const left = () => Number(sqlite(databaseOf(api), payer === 'user'
        ? "SELECT quota FROM users WHERE username = 'ann'" : 'SELECT remain_quota FROM tokens'));
      const calls = Array.from({ length: 10_000 }, (_, i) => chat(api, token.key, { agent, stream: i % 2 === 0 }));
      let lowest = 10_000;
      let over = false;
      const results = await Promise.all([
        Promise.all(calls).finally(() => (over = true)),
        (async () => {
          while (!over) {
            lowest = Math.min(lowest, left());
            await sleep(50);
          }
        })(),
      ]).then(([all]) => all);
      const count = (status) => results.filter((r) => r.status === status).length;
      assert.equal(count(200), 100);
      assert.equal(count(401) + count(403), 9_900);
      await until('the ledger is applied', () => left() === 0);
      assert.ok(lowest >= 0, `the balance was ${lowest}`);
      assert.deepEqual(assertBooks(api), { calls: 100, points: 10_000 });
    } finally {
      agent.destroy();
      await api.stop();
      await up.stop();
    }
  });
}

test('a normal end loses nothing', async () => {
  const up = await Upstream.start();
  const api = await YourApi.start();
  try {
    await api.setUp();
    await api.setOption('ModelPrice', { echo: 0.0002 });
    await api.addChannel({ base_url: up.url, models: 'echo' });
    const token = await api.addToken();
    await Promise.all(Array.from({ length: 50 }, (_, i) => chat(api, token.key, { stream: i % 2 === 0 })));
    assert.deepEqual(await api.stop({ keep: true }), { code: 0, signal: null });
    assert.deepEqual(assertBooks(api), { calls: 50, points: 5_000 });
  } finally {
    await api.stop();
    await up.stop();
  }
});
