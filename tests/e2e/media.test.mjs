// Images that a client names by address, fetched for an upstream that does not fetch them: what may be fetched, how much, how long, through whom.
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { Providers } from './lib/providers.mjs';
import { YourApi } from './lib/yourapi.mjs';

const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');
const images = {
  '/cat.png': (req, res) => res.writeHead(200, { 'content-type': 'image/png' }).end(png),
  '/unknown': (req, res) => res.writeHead(200, { 'content-type': 'application/octet-stream' }).end(png),
  '/page': (req, res) => res.writeHead(200, { 'content-type': 'text/html' }).end('<html>'),
  '/large.png': (req, res) => res.writeHead(200, { 'content-type': 'image/png' }).end(Buffer.concat([png, Buffer.alloc(1 << 20)])),
  '/endless.png': (req, res) => { res.writeHead(200, { 'content-type': 'image/png' }); const fill = () => { while (res.write(Buffer.alloc(65536))); }; res.on('drain', fill); fill(); },
  '/never.png': () => {},
  '/here': (req, res) => res.writeHead(302, { location: '/cat.png' }).end(),
  '/elsewhere': (req, res) => res.writeHead(302, { location: `http://127.0.0.2:${server.port}/cat.png` }).end(),
  '/round': (req, res) => res.writeHead(302, { location: '/round' }).end(),
};

// An HTTP server that notes what it was asked for.
async function listen(handler) {
  const made = http.createServer((req, res) => { made.asked.push(req.url); handler(req, res); });
  made.asked = [];
  await new Promise((done) => made.listen(0, '127.0.0.1', done));
  made.port = made.address().port;
  made.url = `http://127.0.0.1:${made.port}`;
  made.stop = () => { made.closeAllConnections(); return new Promise((done) => made.close(done)); };
  return made;
}

let api, up, server, key;

async function startApi(env) {
  const made = await YourApi.start({ env });
  await made.setUp();
  await made.setOption('ModelRatio', { m: 1 });
  await made.addChannel({ type: 24, base_url: up.url, models: 'm', name: 'gemini' });
  return made;
}

before(async () => {
  up = await Providers.start();
  server = await listen((req, res) => (images[req.url] ?? ((_, r) => r.writeHead(404).end()))(req, res));
  api = await startApi({ MAX_FILE_DOWNLOAD_MB: '1', USER_CONTENT_REQUEST_TIMEOUT: '1' });
  ({ key } = await api.addToken());
});

after(async () => {
  if (process.env.SHOW_OUTPUT) console.error(api?.output);
  await api?.stop();
  await server?.stop();
  await up?.stop();
});

const part = (url) => ({ type: 'image_url', image_url: { url } });

async function ask(urls, { url = api.url, token = key } = {}) {
  const reply = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST', headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'm', messages: [{ role: 'user', content: [{ type: 'text', text: 'What is it?' }, ...urls.map(part)] }] }) });
  return { status: reply.status, body: await reply.json() };
}

async function refused(path, pattern) {
  const calls = up.requests.length;
  const { status, body } = await ask([path.startsWith('http') ? path : server.url + path]);
  assert.equal(status, 400, JSON.stringify(body));
  assert.match(body.error.message, pattern);
  assert.doesNotMatch(body.error.message, /127\.0\.0/);
  assert.equal(up.requests.length, calls, 'the upstream was asked');
}

const sent = () => up.last().body.contents[0].parts.filter((p) => p.inlineData).map((p) => p.inlineData);

test('addresses of this machine and unusual ports are not fetched, and each client is told so in its dialect', async () => {
  await refused('/cat.png', /port of the address is not allowed/);
  await api.setOption('fetch_setting.allowed_ports', [String(server.port)]);
  await refused('/cat.png', /address is not allowed/);
  await refused(`http://localhost:${server.port}/cat.png`, /address is not allowed/);
  await refused(`http://[::ffff:127.0.0.1]:${server.port}/cat.png`, /address is not allowed/);
  await refused(`http://2130706433:${server.port}/cat.png`, /cannot be fetched/);
  await refused('ftp://127.0.0.1/cat.png', /not an http or https URL/);

  const url = `${server.url}/cat.png`;
  const anthropic = new Anthropic({ apiKey: key, baseURL: api.url, maxRetries: 0 });
  await assert.rejects(anthropic.messages.create({ model: 'm', max_tokens: 9, messages: [{ role: 'user', content: [{ type: 'image', source: { type: 'url', url } }] }] }),
                       (e) => e.status === 400 && e.error.type === 'error' && /address is not allowed/.test(e.error.error.message));
  const openai = new OpenAI({ apiKey: key, baseURL: `${api.url}/v1`, maxRetries: 0 });
  await assert.rejects(openai.responses.create({ model: 'm', input: [{ role: 'user', content: [{ type: 'input_image', image_url: url, detail: 'auto' }] }] }),
                       (e) => e.status === 400 && /address is not allowed/.test(e.error.message));
  assert.deepEqual(server.asked, []);
});

test('what the operator allows is fetched', async () => {
  await api.setOption('fetch_setting.allow_private_ip', 'true');
  await api.setOption('fetch_setting.allowed_ports', [`${server.port}-${server.port}`]);
  assert.equal((await ask([`${server.url}/cat.png`, `${server.url}/unknown`])).status, 200);
  assert.deepEqual(sent(), Array(2).fill({ mimeType: 'image/png', data: png.toString('base64') }));
});

test('a redirect is followed to where it may be fetched only', async () => {
  assert.equal((await ask([`${server.url}/here`])).status, 200);
  assert.equal(sent().length, 1);
  await api.setOption('fetch_setting.ip_list', ['127.0.0.2/32']);
  const before = server.asked.length;
  await refused('/elsewhere', /address is not allowed/);
  assert.deepEqual(server.asked.slice(before), ['/elsewhere']);
  await refused('/round', /redirects too often/);
});

test('what is no image, too large, or too slow is refused', async () => {
  await refused('/page', /not that of an image/);
  await refused('/nothing', /status 404/);
  await refused('/large.png', /too long/);
  await refused('/endless.png', /too long/);
  await refused('/never.png', /no answer in time/);
});

test('a message may have sixteen images and no more', async () => {
  const before = server.asked.length;
  assert.equal((await ask(Array(16).fill(`${server.url}/cat.png`))).status, 200);
  assert.equal(sent().length, 16);
  assert.equal(server.asked.length - before, 16);
  const { status, body } = await ask(Array(17).fill(`${server.url}/cat.png`));
  assert.equal(status, 400);
  assert.match(body.error.message, /at most 16 images/);
});

test("a worker of the operator's fetches in our place", async () => {
  const bodies = [];
  const worker = await listen(async (req, res) => {
    const chunks = [];
    for await (const chunk of req) chunks.push(chunk);
    bodies.push(JSON.parse(Buffer.concat(chunks)));
    res.writeHead(200, { 'content-type': 'image/png' }).end(png);
  });
  try {
    await api.setOption('WorkerUrl', worker.url);
    await api.setOption('WorkerValidKey', 'worker-key');
    const before = server.asked.length;
    await refused('/cat.png', /only https/);
    await api.setOption('WorkerAllowHttpImageRequestEnabled', 'true');
    assert.equal((await ask([`${server.url}/cat.png`])).status, 200);
    assert.deepEqual(bodies, [{ url: `${server.url}/cat.png`, key: 'worker-key' }]);
    assert.equal(sent()[0].data, png.toString('base64'));
    assert.equal(server.asked.length, before);
  } finally {
    await api.setOption('WorkerUrl', '');
    await worker.stop();
  }
});

test('a proxy stands between the server of an image and this one', async () => {
  const proxy = await listen((req, res) => res.writeHead(200, { 'content-type': 'image/png' }).end(png));
  const other = await startApi({ USER_CONTENT_REQUEST_PROXY: proxy.url });
  try {
    const { key: token } = await other.addToken();
    assert.equal((await ask(['http://images.invalid/cat.png'], { url: other.url, token })).status, 200);
    assert.deepEqual(proxy.asked, ['http://images.invalid/cat.png']);
    assert.equal(sent()[0].data, png.toString('base64'));
    const { status, body } = await ask(['http://10.0.0.1/cat.png'], { url: other.url, token });
    assert.equal(status, 400);
    assert.match(body.error.message, /address is not allowed/);
    assert.equal(proxy.asked.length, 1);
  } finally {
    await other.stop();
    await proxy.stop();
  }
});
