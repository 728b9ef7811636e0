// Bad input and bad upstreams: each gets a clear error in OpenAI's shape with the right status, and nothing of the channel leaks.
import assert from 'node:assert/strict';
import net from 'node:net';
import tls from 'node:tls';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import OpenAI from 'openai';
import { Upstream } from './lib/upstream.mjs';
import { YourApi, freePort, until } from './lib/yourapi.mjs';

const secret = 'sk-upstream-secret-0123456789';
const models = ['echo', 'status-400', 'status-401', 'status-403', 'status-404', 'status-429', 'status-500', 'status-503',
  'garbage', 'html', 'empty', 'empty-stream', 'cut-first', 'cut-mid', 'error-event', 'error-late', 'slow-600', 'drip-150',
  'big-20000', 'no-done'];
let api, up, token;

before(async () => {
  up = await Upstream.start();
  api = await YourApi.start({ env: { MAX_REQUEST_BODY_MB: '1', STREAMING_TIMEOUT: '2' } });
  await api.setUp();
  await api.setOption('ModelRatio', Object.fromEntries([...models, 'down', 'bad-tls'].map((m) => [m, 1])));
  await api.addChannel({ base_url: up.url, models: models.join(','), auto_ban: 0 });
  token = await api.addToken();
});

after(async () => {
  await api?.stop();
  await up?.stop();
});

function post(body, headers = {}, path = '/v1/chat/completions') {
  return fetch(api.url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${token.key}`, 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body),
  });
}

const chat = (model, more = {}) => ({ model, messages: [{ role: 'user', content: 'hi' }], ...more });

// The reply must be an error object of OpenAI's shape that leaks nothing.
async function expectError(reply, status, pattern) {
  const text = await reply.text();
  assert.equal(reply.status, status, text);
  const { error } = JSON.parse(text);
  assert.equal(typeof error.message, 'string');
  assert.match(error.message, /request id: /);
  assert.ok(error.type);
  assert.ok('code' in error && 'param' in error);
  if (pattern) assert.match(error.message, pattern);
  for (const leak of [secret, '127.0.0.1', String(up.port), 'org-Abc123', 'org-secret', 'secret page'])
    assert.ok(!text.includes(leak), `leaks ${leak}: ${text}`);
  for (const [name] of reply.headers) assert.ok(!/openai-organization/i.test(name));
  assert.ok(reply.headers.get('x-oneapi-request-id'));
  return error;
}

test('broken JSON', async () => {
  await expectError(await post('{"model":"echo","messages":['), 400);
  await expectError(await post(''), 400);
  await expectError(await post('[]'), 400);
  await expectError(await post('{"model":"echo","messages":[{}]} trailing'), 400);
});

test('wrong types and missing members', async () => {
  await expectError(await post({ messages: [{}] }), 400, /model is required/);
  await expectError(await post({ model: 5, messages: [{}] }), 400, /model must be a string/);
  await expectError(await post({ model: 'echo' }), 400, /messages is required/);
  await expectError(await post({ model: 'echo', messages: 'x' }), 400, /messages must be an array/);
  await expectError(await post(chat('echo', { max_tokens: -1 })), 400, /max_tokens/);
  await expectError(await post(chat('echo', { stream: 'yes' })), 400, /stream/);
  await expectError(await post({ model: 'echo' }, {}, '/v1/embeddings'), 400, /input is required/);
});

test('a model that nobody serves, and one without a price', async () => {
  await expectError(await post(chat('nobody')), 500, /price not set|价格未配置/);
  await api.setOption('ModelPrice', { nobody: 0.001 });
  await expectError(await post(chat('nobody')), 503, /无可用渠道/);
});

test('no key, a wrong key, and a key in another scheme', async () => {
  await expectError(await post(chat('echo'), { authorization: '' }), 401, /未提供令牌/);
  await expectError(await post(chat('echo'), { authorization: `Bearer sk-${'x'.repeat(48)}` }), 401, /无效的令牌/);
  await expectError(await post(chat('echo'), { authorization: `Bearer sk-${'x'.repeat(48)}` }), 401, /无效的令牌/);
  await expectError(await post(chat('echo'), { authorization: `Bearer ${'y'.repeat(4000)}` }), 401, /无效的令牌/);
});

test('a disabled, an expired, an exhausted, a deleted token', async () => {
  const own = await api.addToken({ name: 'state' });
  const as = (key) => post(chat('echo'), { authorization: `Bearer ${key}` });
  assert.equal((await as(own.key)).status, 200);
  const update = (fields) => api.ok('PUT', '/api/token/', { ...own, key: undefined, ...fields });

  await api.ok('PUT', '/api/token/?status_only=true', { id: own.id, status: 2 });
  await expectError(await as(own.key), 401, /状态不可用/);
  await api.ok('PUT', '/api/token/?status_only=true', { id: own.id, status: 1 });
  assert.equal((await as(own.key)).status, 200);
  await update({ expired_time: Math.floor(Date.now() / 1000) + 1 });
  await until('the token expires', async () => (await as(own.key)).status === 401);
  await expectError(await as(own.key), 401, /已过期/);

  const poor = await api.addToken({ name: 'poor', unlimited_quota: false, remain_quota: 0 });
  await expectError(await as(poor.key), 401, /额度已用尽/);
  const short = await api.addToken({ name: 'short', unlimited_quota: false, remain_quota: 3 });
  await expectError(await as(short.key), 403, /quota/);

  const gone = await api.addToken({ name: 'gone' });
  assert.equal((await as(gone.key)).status, 200);
  await api.ok('DELETE', `/api/token/${gone.id}`);
  await expectError(await as(gone.key), 401, /无效的令牌/);
});

test('model limits, address lists and groups of a token', async () => {
  const limited = await api.addToken({ name: 'limited', model_limits_enabled: true, model_limits: 'cut-mid,html' });
  await expectError(await post(chat('echo'), { authorization: `Bearer ${limited.key}` }), 403, /无权访问模型/);
  const elsewhere = await api.addToken({ name: 'elsewhere', allow_ips: '10.9.8.7' });
  await expectError(await post(chat('echo'), { authorization: `Bearer ${elsewhere.key}` }), 403, /IP/);
});

test('a banned user', async () => {
  await api.ok('POST', '/api/user/', { username: 'mallory', password: 'mallory-pass-1', display_name: 'M' });
  const users = await api.ok('GET', '/api/user/search?keyword=mallory&p=1&page_size=10');
  const { id } = users.items[0];
  await api.ok('PUT', '/api/user/', { ...users.items[0], quota: 1_000_000 });
  const other = Object.assign(Object.create(Object.getPrototypeOf(api)), api, { cookie: '', userId: -1 });
  await other.signIn('mallory', 'mallory-pass-1');
  const own = await other.addToken({ name: 'm' });
  const as = () => post(chat('echo'), { authorization: `Bearer ${own.key}` });
  assert.equal((await as()).status, 200);
  await api.ok('POST', '/api/user/manage', { id, username: 'mallory', action: 'disable' });
  await expectError(await as(), 403, /封禁/);
});

test('errors of the upstream keep their status and lose their secrets', async () => {
  for (const status of [400, 401, 403, 404, 500, 503]) {
    const error = await expectError(await post(chat(`status-${status}`)), status, /upstream says no/);
    assert.equal(error.type, 'upstream_type');
    assert.equal(error.code, 'upstream_code');
  }
  await expectError(await post(chat('status-429')), 429, /负载已饱和/);
  await expectError(await post(chat('status-500', { stream: true })), 500);
});

test('an upstream that is down, speaks garbage, dies, or says nothing', async () => {
  await api.addChannel({ name: 'down', base_url: `http://127.0.0.1:${await freePort()}`, models: 'down', auto_ban: 0 });
  await expectError(await post(chat('down')), 502, /上游/);
  for (const model of ['garbage', 'html', 'empty', 'cut-first']) await expectError(await post(chat(model)), 502);
  for (const model of ['empty-stream', 'cut-first', 'error-event'])
    await expectError(await post(chat(model, { stream: true })), 502);
});

test('an upstream with a certificate that nobody trusts', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'yourapi-tls-'));
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', `${folder}/k.pem`, '-out',
    `${folder}/c.pem`, '-days', '1', '-subj', '/CN=localhost'], { stdio: 'ignore' });
  const server = tls.createServer({ key: readFileSync(`${folder}/k.pem`), cert: readFileSync(`${folder}/c.pem`) });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  server.on('tlsClientError', () => {});
  await api.addChannel({ name: 'bad-tls', base_url: `https://127.0.0.1:${server.address().port}`, models: 'bad-tls',
    auto_ban: 0 });
  await expectError(await post(chat('bad-tls')), 502);
  server.close();
});

test('a stream that dies in the middle ends with an error, never a clean end', async () => {
  for (const model of ['cut-mid', 'error-late']) {
    const text = await (await post(chat(model, { stream: true }))).text();
    assert.match(text, /"content":"echo: "/);
    assert.match(text, /data: \{"error":/);
    assert.ok(!text.includes('[DONE]'));
    assert.ok(!text.includes('127.0.0.1'));
    const client = new OpenAI({ apiKey: token.key, baseURL: `${api.url}/v1`, maxRetries: 0 });
    await assert.rejects(async () => {
      for await (const _ of await client.chat.completions.create({ ...chat(model), stream: true }));
    });
  }
  const row = await until('the log row', async () => (await api.logs('&model_name=cut-mid'))[0]);
  assert.ok(row.quota > 0, 'what was delivered is charged');
});

test('a stream that ends without [DONE] but is finished is a clean end', async () => {
  const text = await (await post(chat('no-done', { stream: true }))).text();
  assert.match(text, /data: \[DONE\]\n\n$/);
});

test('a silent upstream is given up', async () => {
  const began = Date.now();
  const text = await (await post(chat('drip-30000', { stream: true }))).text();
  assert.ok(Date.now() - began < 29_000);
  assert.match(text, /no_available_channel|无可用渠道|error/);
});

test('a body that is too large, and one with too large headers', async () => {
  await expectError(await post(chat('echo', { pad: 'x'.repeat(1 << 20) })), 413);
  const reply = await rawRequest(`POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(100_000)}\r\n\r\n`);
  assert.match(reply, /^HTTP\/1.1 431 /);
});

async function rawRequest(text, { keep = false } = {}) {
  const socket = net.connect(api.port, '127.0.0.1');
  let reply = '';
  socket.on('data', (data) => (reply += data));
  socket.on('error', () => {});
  socket.write(text);
  if (!keep) {
    socket.setTimeout(60_000, () => socket.destroy());
    await new Promise((done) => socket.on('close', done));
  }
  socket.destroy();
  return reply;
}

test('shapes that smuggle requests are refused', async () => {
  const head = 'POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n';
  for (const headers of [
    'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n',
    'Content-Length: 5\r\nContent-Length: 6\r\n',
    'Transfer-Encoding: gzip, chunked\r\n',
    'Transfer-Encoding : chunked\r\n',
    'Content-Length: +5\r\n',
  ])
    assert.match(await rawRequest(`${head}${headers}\r\n0\r\n\r\n`), /^HTTP\/1.1 (400|501) /, headers);
});

test('a client that leaves in mid-stream is charged for what it got, and the upstream is let go', async () => {
  const before = (await api.logs('&model_name=drip-150')).length;
  const controller = new AbortController();
  const reply = await fetch(`${api.url}/v1/chat/completions`, {
    method: 'POST', signal: controller.signal, headers: { authorization: `Bearer ${token.key}` },
    body: JSON.stringify({ model: 'drip-150', stream: true,
      messages: [{ role: 'user', content: 'one two three four five six seven eight' }] }) });
  await reply.body.getReader().read();
  controller.abort();
  const rows = await until('the log row', async () => {
    const all = await api.logs('&model_name=drip-150');
    return all.length > before ? all : null;
  });
  assert.ok(rows[0].quota > 0);
  await until('no open upstream request', () => up.open === 0);
});

test('a slow reader stops the upstream instead of filling the memory', async () => {
  const socket = net.connect(api.port, '127.0.0.1');
  const body = JSON.stringify(chat('big-20000', { stream: true }));
  socket.write(`POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token.key}\r\n` +
    `Content-Length: ${body.length}\r\n\r\n${body}`);
  await new Promise((done) => socket.once('data', done));
  socket.pause();
  await new Promise((done) => setTimeout(done, 300));
  let text = '';
  socket.on('data', (data) => (text += data));
  socket.resume();
  await until('the end', () => text.includes('[DONE]'));
  assert.ok(text.includes('word19999 '));
  socket.destroy();
});

test('another channel answers when the first fails before its first content', async () => {
  await api.setOption('RetryTimes', '2');
  await api.setOption('ModelPrice', { 'status-retry': 0.001, 'cut-retry': 0.001, nobody: 0.001 });
  for (const [model, bad] of [['status-retry', 'status-500'], ['cut-retry', 'cut-first']]) {
    await api.addChannel({ name: `bad ${model}`, base_url: up.url, models: model, priority: 10, auto_ban: 0,
      model_mapping: JSON.stringify({ [model]: bad }) });
    await api.addChannel({ name: `good ${model}`, base_url: up.url, models: model, priority: 1,
      model_mapping: JSON.stringify({ [model]: 'echo' }) });
    for (const stream of [false, true]) {
      const reply = await post(chat(model, { stream }));
      const text = await reply.text();
      assert.equal(reply.status, 200, text);
      assert.match(text, /echo: /);
    }
    const row = await until('the log row', async () => (await api.logs(`&model_name=${model}`))[0]);
    assert.equal(JSON.parse(row.other).admin_info.use_channel.length, 2);
  }
  await api.setOption('RetryTimes', '0');
});

test('unknown paths answer in shape, and keys are in no log line', async () => {
  const reply = await post(chat('echo'), {}, '/v1/nothing');
  assert.equal(reply.status, 404);
  assert.match((await reply.json()).error.message, /Invalid URL \(POST \/v1\/nothing\)/);
  assert.ok(!api.output.includes(secret));
  assert.ok(!api.output.includes(token.key.slice(3)));
  assert.ok(!api.output.includes(`${up.port}`));
});
