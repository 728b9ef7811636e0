// Variables that say how upstreams are called, and how those of single kinds.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { Providers } from './lib/providers.mjs';
import { YourApi, until } from './lib/yourapi.mjs';

let api, up, key;

before(async () => {
  up = await Providers.start();
  up.server.keepAliveTimeout = 60_000;
  api = await YourApi.start({ env: { AZURE_DEFAULT_API_VERSION: '2031-01-02', GEMINI_VERSION: 'v1alpha', GEMINI_SAFETY_SETTING: 'BLOCK_ONLY_HIGH',
                                     GEMINI_VISION_MAX_IMAGE_NUM: '2', CountToken: 'false', STREAM_SCANNER_MAX_BUFFER_MB: '1', RELAY_THREADS: '1',
                                     RELAY_IDLE_CONN_TIMEOUT: '1', RELAY_MAX_IDLE_CONNS: '2', RELAY_MAX_IDLE_CONNS_PER_HOST: '1' } });
  await api.setUp();
  await api.setOption('ModelRatio', { 'm-azure': 1, 'm-azure-own': 1, 'm-gemini': 1, 'm-chat': 1 });
  await api.addChannel({ type: 3, base_url: up.url, models: 'm-azure', name: 'azure' });
  await api.addChannel({ type: 3, base_url: up.url, models: 'm-azure-own', name: 'azure own', other: '2030-03-03' });
  await api.addChannel({ type: 24, base_url: up.url, models: 'm-gemini', name: 'gemini' });
  await api.addChannel({ type: 8, base_url: up.url, models: 'm-chat', name: 'chat' });
  ({ key } = await api.addToken());
});

after(async () => {
  if (process.env.SHOW_OUTPUT) console.error(api?.output);
  await api?.stop();
  await up?.stop();
});

const chat = (model, content = 'hi', more = {}) => fetch(`${api.url}/v1/chat/completions`, {
  method: 'POST', headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
  body: JSON.stringify({ model, messages: [{ role: 'user', content }], ...more }) });

const images = (n) => Array.from({ length: n }, () => ({ type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } }));

test('an Azure channel without a version has that of the installation', async () => {
  assert.equal((await chat('m-azure')).status, 200);
  assert.equal(up.last().url, '/openai/deployments/m-azure/chat/completions?api-version=2031-01-02');
  assert.equal((await chat('m-azure-own')).status, 200);
  assert.match(up.last().url, /api-version=2030-03-03$/);
});

test("Gemini's version and thresholds are the options', and where they say nothing the variables'", async () => {
  assert.equal((await chat('m-gemini')).status, 200);
  assert.match(up.last().url, /^\/v1beta\/models\/m-gemini:/);
  assert.equal(up.last().body.safetySettings[0].threshold, 'OFF');
  await api.setOption('gemini.version_settings', { 'gemini-1.0-pro': 'v1' });
  await api.setOption('gemini.safety_settings', {});
  assert.equal((await chat('m-gemini')).status, 200);
  assert.match(up.last().url, /^\/v1alpha\/models\/m-gemini:/);
  assert.deepEqual(new Set(up.last().body.safetySettings.map((s) => s.threshold)), new Set(['BLOCK_ONLY_HIGH']));
});

test('a message to Gemini may have only so many images', async () => {
  assert.equal((await chat('m-gemini', images(2))).status, 200);
  assert.equal(up.last().body.contents[0].parts.length, 2);
  const before = up.requests.length;
  const refused = await chat('m-gemini', images(3));
  assert.equal(refused.status, 400);
  assert.match((await refused.json()).error.message, /at most 2 images/);
  assert.equal(up.requests.length, before);
  assert.equal((await chat('m-chat', images(3))).status, 200);
});

test('a prompt is not counted, so where no usage is told it is free', async () => {
  up.answer = () => ({ status: 200, body: { id: 'x', object: 'chat.completion', choices: [{ index: 0, message: { content: 'one two' }, finish_reason: 'stop' }] } });
  assert.equal((await chat('m-chat', 'a long question that has many words')).status, 200);
  const row = await until('a log row', async () => (await api.logs('&model_name=m-chat')).find((r) => r.quota > 0 && r.prompt_tokens === 0));
  assert.ok(row.completion_tokens > 0);
  up.answer = () => ({ text: 'ok', usage: { input: 1, output: 1 } });
});

test('an event may have only so many bytes', async () => {
  const ask = async (bytes) => {
    up.answer = () => ({ text: 'x'.repeat(bytes), piece: bytes, usage: { input: 1, output: 1 } });
    return (await chat('m-chat', 'hi', { stream: true })).text();
  };
  assert.match(await ask(900_000), /data: \[DONE\]/);
  assert.match(await ask(1_100_000), /"upstream_error"/);
  up.answer = () => ({ text: 'ok', usage: { input: 1, output: 1 } });
});

test('a connection that is not in use is kept for its time, and only so many are', async () => {
  const sockets = [];
  const note = (socket) => sockets.push(once(socket, 'close').then(() => socket));
  up.server.on('connection', note);
  let both;
  const waiting = new Promise((done) => { both = done; });
  let asked = 0;
  up.answer = async () => {
    if (++asked === 2) both();
    await waiting;
    return { text: 'ok', usage: { input: 1, output: 1 } };
  };
  const replies = await Promise.all([chat('m-chat'), chat('m-chat')]);
  assert.deepEqual(replies.map((r) => r.status), [200, 200]);
  assert.ok(sockets.length >= 1);
  await Promise.all(sockets); // by the gateway: this server would keep them for a minute
  up.server.off('connection', note);
});
