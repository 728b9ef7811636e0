// Accounts that are right after any crash, and a balance that is never spent twice.
import assert from 'node:assert/strict';
import http from 'node:http';
import { test } from 'node:test';
import { Upstream } from './lib/upstream.mjs';
import { YourApi, until } from './lib/yourapi.mjs';

const agent = new http.Agent({ keepAlive: true, maxSockets: 64 });

// One chat; resolves to the status when the whole answer has been received, to 0 when the connection broke.
function chat(api, key, { model = 'echo', stream = false, via = agent } = {}) {
  return new Promise((done) => {
    const body = JSON.stringify({ model, stream, messages: [{ role: 'user', content: 'x' }] });
    const req = http.request(
      { port: api.port, host: '127.0.0.1', method: 'POST', path: '/v1/chat/completions', agent: via,
        headers: { authorization: `Bearer ${key}`, 'content-length': body.length } },
      (res) => {
        let text = '';
        res.on('data', (data) => (text += data));
        res.on('error', () => done(0));
        res.on('close', () => {
          const whole = res.complete && (!stream || res.statusCode !== 200 || text.includes('[DONE]'));
          done(whole ? res.statusCode : 0);
        });
      },
    );
    req.on('error', () => done(0));
    req.end(body);
  });
}

async function sums(api) {
  const rows = (await api.ok('GET', '/api/log/stat?type=2')).quota;
  const user = (await api.ok('GET', '/api/user/self'));
  const tokens = await api.ok('GET', '/api/token/?p=0&size=100');
  const channels = await api.ok('GET', '/api/channel/?p=0&page_size=100');
  return {
    log: rows,
    user: user.used_quota,
    tokens: tokens.reduce((sum, t) => sum + t.used_quota, 0),
    channels: channels.reduce((sum, c) => sum + c.used_quota, 0),
    requests: user.request_count,
    quota: user.quota,
  };
}

test('killed at random moments under load, every received answer is charged exactly once', async () => {
  const up = await Upstream.start();
  const api = await YourApi.start();
  try {
    await api.setUp();
    await api.setOption('ModelPrice', { echo: 0.0002 }); // 100 points a call
    await api.addChannel({ base_url: up.url, models: 'echo' });
    const token = await api.addToken();
    const start = await sums(api);
    const rounds = Number(process.env.KILL_ROUNDS ?? 8);
    let received = 0;
    let sent = 0;

    for (let round = 0; round < rounds; round++) {
      let stop = false;
      const worker = async (i) => {
        while (!stop) {
          sent++;
          if ((await chat(api, token.key, { stream: i % 2 === 0 })) === 200) received++;
          else await new Promise((done) => setTimeout(done, 5));
        }
      };
      const workers = Array.from({ length: 24 }, (_, i) => worker(i));
      await new Promise((done) => setTimeout(done, 150 + Math.random() * 700));
      await api.kill();
      stop = true;
      await Promise.all(workers);
      await api.launch();
    }
    await until('the ledger is applied', async () => (await sums(api)).requests >= received);
    const end = await sums(api);
    assert.ok(received > 100, `only ${received} calls`);
    assert.ok(end.requests >= received && end.requests <= sent, `${received} <= ${end.requests} <= ${sent}`);
    assert.equal(end.user, end.requests * 100);
    assert.equal(end.log, end.user);
    assert.equal(end.tokens, end.user);
    assert.equal(end.channels, end.user);
    assert.equal(start.quota - end.quota, end.user);
  } finally {
    await api.stop();
    await up.stop();
  }
});

test('10,000 parallel calls on a balance that admits 100 get 100 answers', async () => {
  const up = await Upstream.start();
  const api = await YourApi.start();
  const wide = new http.Agent({ keepAlive: true, maxSockets: 1000 });
  try {
    await api.setUp();
    await api.setOption('ModelPrice', { echo: 0.0002 });
    await api.addChannel({ base_url: up.url, models: 'echo' });
    const token = await api.addToken({ unlimited_quota: false, remain_quota: 100 * 100 });
    const results = await Promise.all(Array.from({ length: 10_000 }, () => chat(api, token.key, { via: wide })));
    const count = (status) => results.filter((r) => r === status).length;
    assert.equal(count(200), 100);
    assert.equal(count(401) + count(403), 9_900);
    await until('the ledger is applied', async () => (await sums(api)).requests === 100);
    const tokens = await api.ok('GET', '/api/token/?p=0&size=10');
    assert.equal(tokens[0].remain_quota, 0);
    assert.equal(tokens[0].used_quota, 10_000);
  } finally {
    wide.destroy();
    await api.stop();
    await up.stop();
  }
});

test('a normal end loses nothing', async () => {
  const up = await Upstream.start();
  const api = await YourApi.start();
  try {
    await api.setUp();
    await api.setOption('ModelPrice', { echo: 0.0002 });
    await api.addChannel({ base_url: up.url, models: 'echo' });
    const token = await api.addToken();
    await Promise.all(Array.from({ length: 50 }, () => chat(api, token.key)));
    assert.deepEqual(await api.stop({ keep: true }), { code: 0, signal: null });
    await api.launch();
    await api.signIn();
    assert.equal((await sums(api)).user, 5_000);
  } finally {
    await api.stop();
    await up.stop();
  }
});
