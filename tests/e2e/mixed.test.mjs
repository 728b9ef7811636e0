// Everything at once for a while: calls, streams, clients that leave, upstreams that break, garbage, slow readers, and an
// administrator who changes things. Afterwards the books are right, nothing waits, and the program ends in good order.
// MIXED_SECONDS makes it longer (memory is told: SQLite's caches fill first, 16 MB a connection); with a sanitizer's build (YOURAPI_BIN) it looks for races and leaks.
import assert from 'node:assert/strict';
import http from 'node:http';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { test } from 'node:test';
import { addUser, assertBooks, chargedIds, chat, endowment } from './lib/accounts.mjs';
import { Upstream } from './lib/upstream.mjs';
import { YourApi, freePort, until } from './lib/yourapi.mjs';

const seconds = Number(process.env.MIXED_SECONDS ?? 6);
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const pick = (list) => list[Math.floor(Math.random() * list.length)];
const good = ['echo', 'tokens-100-20', 'no-usage', 'cached', 'slow-30'];
const bad = ['status-400', 'status-429', 'status-500', 'garbage', 'html', 'empty', 'empty-stream', 'cut-first', 'cut-mid',
  'error-event', 'error-late', 'drip-3000'];
const models = [...good, ...bad, 'big-2000'];

let api, up, keys, bob, over;
const received = new Set();
const agent = new http.Agent({ keepAlive: true, maxSockets: 64 });

// A connection that sends these bytes, reads for a while (or not at all) and is torn down.
function raw(bytes, ms, { read = true } = {}) {
  return new Promise((done) => {
    const socket = net.connect(api.port, '127.0.0.1', () => socket.write(bytes));
    if (!read) socket.pause();
    else socket.resume();
    socket.on('error', () => {});
    socket.on('close', done);
    setTimeout(() => socket.destroy(), ms);
  });
}

const call = (body, key = pick(keys)) =>
  `POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
const chatBody = (model, stream) => JSON.stringify({ model, stream, messages: [{ role: 'user', content: 'a b c d' }] });

const acts = {
  async goodCall() {
    const { status, id } = await chat(api, pick(keys), { model: pick(good), stream: Math.random() < 0.5, agent });
    assert.equal(status, 200);
    received.add(id);
  },
  async badCall() {
    const { status, id } = await chat(api, pick(keys), { model: pick(bad), stream: Math.random() < 0.5, agent });
    if (status === 200) received.add(id);
  },
  async unknownKey() {
    const { status } = await chat(api, `sk-${'x'.repeat(47)}${Math.floor(Math.random() * 5)}`, { agent });
    assert.equal(status, 401);
  },
  leaves: () => raw(call(chatBody(pick(models), true)), Math.random() * 60),
  slowReader: () => raw(call(chatBody('big-2000', true)), 300, { read: false }),
  garbage: () => raw(pick(['\x16\x03\x01\x02\x00', 'GET / HTTP/9.9\r\n\r\n', 'POST /v1/chat/completions HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\nzz', 'G'.repeat(40000), '\r\n\r\n\r\n']), 50),
  halfBody: () => raw(call(chatBody('echo', false)).slice(0, -20), Math.random() * 80),
  pipelined: () => raw(call(chatBody('echo', false)).repeat(5), 100),
  brokenJson: () => raw(call('{"model":"echo","messages":['), 30),
  async administrator() {
    const step = pick([
      () => api.call('GET', '/api/log/?p=1&page_size=20'),
      () => api.call('GET', '/api/log/stat?type=2'),
      () => api.call('GET', '/api/channel/?p=0&page_size=20'),
      () => api.call('GET', '/api/user/?p=1&page_size=20'),
      () => api.call('GET', '/api/user/self'),
      () => api.call('GET', '/api/channel/test/1?model=echo'),
      () => api.call('PUT', '/api/option/', { key: 'ModelRatio', value: JSON.stringify({ ...ratios, unused: Math.random() }) }),
      () => api.call('PUT', '/api/channel/', { id: 2, weight: Math.floor(Math.random() * 9) }),
      () => bob.call('POST', '/api/token/', { name: 'more', expired_time: -1, remain_quota: 0, unlimited_quota: true }),
      () => bob.call('GET', '/api/token/?p=0&size=10'),
      () => fetch(`${api.url}/`).then((r) => r.text()),
      () => fetch(`${api.url}/v1/models`, { headers: { authorization: `Bearer ${keys[0]}` } }).then((r) => r.text()),
      () => fetch(`${api.url}/dashboard/billing/usage`, { headers: { authorization: `Bearer ${keys[0]}` } }).then((r) => r.text()),
    ]);
    await step();
  },
};
const ratios = Object.fromEntries(models.map((m) => [m, 1]));

async function act(name) {
  while (!over) {
    await acts[name]();
    if (name === 'administrator') await sleep(30);
  }
}

// Private memory in KB, once a second while the load runs. Mapped files (journal, database) are the kernel's.
async function watchMemory(samples) {
  while (!over) {
    samples.push(Number(/RssAnon:\s+(\d+)/.exec(readFileSync(`/proc/${api.child.pid}/status`, 'utf8'))[1]));
    await sleep(1000);
  }
}

const mean = (list) => list.reduce((sum, n) => sum + n, 0) / list.length;

test('a mixed load leaves right books and nothing behind', async (t) => {
  up = await Upstream.start();
  api = await YourApi.start({ env: { STREAMING_TIMEOUT: '2', ERROR_LOG_ENABLED: 'true', SYNC_FREQUENCY: '1', RELAY_THREADS: '3' } });
  try {
    await api.setUp();
    await api.setOption('ModelRatio', ratios);
    await api.setOption('QuotaForNewUser', '1000000000');
    await api.addChannel({ name: 'a', base_url: up.url, models: models.join(','), auto_ban: 0 });
    await api.addChannel({ name: 'b', base_url: up.url, models: models.join(','), auto_ban: 0 });
    await api.addChannel({ name: 'down', base_url: `http://127.0.0.1:${await freePort()}`, models: models.join(','), auto_ban: 0 });
    await api.setOption('RetryTimes', '3');
    bob = await addUser(api, 'bob', 'secret-of-bob');
    keys = [(await api.addToken()).key, (await bob.addToken()).key,
      (await bob.addToken({ unlimited_quota: false, remain_quota: 100_000_000 })).key];
    const before = endowment(api);

    const crew = ['goodCall', 'goodCall', 'goodCall', 'goodCall', 'badCall', 'badCall', 'badCall', 'unknownKey', 'leaves', 'leaves',
      'leaves', 'leaves', 'slowReader', 'garbage', 'halfBody', 'pipelined', 'brokenJson', 'administrator', 'administrator'];
    const samples = [];
    const work = [...crew.map(act), watchMemory(samples)];
    await Promise.race([sleep(seconds * 1000), Promise.all(work)]);
    over = true;
    await Promise.all(work);

    await until('the upstream is left alone', () => up.open === 0);
    await until('the ledger is applied', () => {
      const charged = new Set(chargedIds(api));
      return [...received].every((id) => charged.has(id));
    }, 60_000);
    assert.equal((await api.call('GET', '/api/status')).success, true);
    assert.deepEqual(await api.stop({ keep: true }), { code: 0, signal: null });
    const { calls } = assertBooks(api, before);
    assert.equal(api.output.match(/ERROR.*/)?.[0], undefined);
    const tenth = Math.ceil(samples.length / 10);
    const warm = mean(samples.slice(3 * tenth, 4 * tenth));
    const last = mean(samples.slice(-tenth));
    t.diagnostic(`${received.size} answers received, ${calls} calls charged; memory ${warm | 0} KB, at the end ${last | 0} KB`);
  } finally {
    over = true;
    agent.destroy();
    await api.stop();
    await up.stop();
  }
});
