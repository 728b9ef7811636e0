// Long requests: a form reaches the upstream while the client still sends it, and strangers are not listened to.
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, test } from 'node:test';
import OpenAI, { toFile } from 'openai';
import { FakeServer } from './lib/fake-server.mjs';
import { wav } from './lib/media.mjs';
import { YourApi, until } from './lib/yourapi.mjs';

const SECONDS = 120;
const recording = wav(SECONDS);

// Counts what comes, and answers when all has come.
class Listener extends FakeServer {
  got = 0;
  cut = 0;
  bodies = [];

  serve(req, res) {
    const pieces = [];
    req.on('data', (piece) => {
      this.got += piece.length;
      pieces.push(piece);
    });
    req.on('close', () => { if (!req.complete) this.cut++; });
    req.on('end', () => {
      this.bodies.push(Buffer.concat(pieces));
      res.writeHead(200, { 'content-type': 'application/json' }).end('{"text":"heard"}');
    });
  }
}

let api, up, token, client;

before(async () => {
  up = await new Listener().listen();
  api = await YourApi.start();
  await api.setUp();
  await api.setOption('ModelRatio', { 'whisper-1': 15 });
  await api.addChannel({ base_url: up.url, models: 'whisper-1' });
  token = await api.addToken();
  client = new OpenAI({ apiKey: token.key, baseURL: `${api.url}/v1`, maxRetries: 0 });
});

after(async () => {
  await api?.stop();
  await up?.stop();
});

const boundary = 'upload-test';
const part = (name, value) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
const form = Buffer.concat([
  Buffer.from(`${part('model', 'whisper-1')}--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n`),
  recording,
  Buffer.from(`\r\n${part('language', 'en')}--${boundary}--\r\n`),
]);

function start(key, body) {
  const { hostname, port } = new URL(api.url);
  const req = http.request({ hostname, port, method: 'POST', path: '/v1/audio/transcriptions',
    headers: { authorization: `Bearer ${key}`, 'content-type': `multipart/form-data; boundary=${boundary}`, 'content-length': form.length } });
  req.write(body);
  const reply = new Promise((done, fail) => {
    req.on('error', fail);
    req.on('response', async (res) => {
      const pieces = [];
      for await (const piece of res) pieces.push(piece);
      done({ status: res.statusCode, body: Buffer.concat(pieces).toString() });
    });
  });
  return { req, reply };
}

const charged = async () => (await api.logs()).reduce((sum, row) => sum + row.quota, 0);

test('half a form is at the upstream while the other half is still to come', async () => {
  const half = form.length >> 1;
  const { req, reply } = start(token.key, form.subarray(0, half));
  await until('half the form', async () => up.got > half - 20);
  assert.equal(up.bodies.length, 0);
  req.end(form.subarray(half));
  assert.deepEqual(await reply, { status: 200, body: '{"text":"heard"}' });
  assert.ok(up.bodies[0].equals(form));
  await until('the charge', async () => (await charged()) === SECONDS * 1000 / 60 * 15);
});

test('a client that leaves takes the half with it, and pays nothing', async () => {
  const before = { got: up.got, cut: up.cut, charged: await charged() };
  const { req, reply } = start(token.key, form.subarray(0, form.length >> 1));
  reply.catch(() => {});
  await until('half the form', async () => up.got > before.got + (form.length >> 1) - 20);
  req.destroy();
  await until('the upstream to be told', async () => up.cut === before.cut + 1);
  assert.equal(await charged(), before.charged);
  assert.equal(up.bodies.length, 1);
});

test('a stranger is refused before the body', async () => {
  const { got } = up;
  const { req, reply } = start('sk-nobody', Buffer.from('--'));
  assert.equal((await reply).status, 401);
  req.destroy();
  assert.equal(up.got, got);
});

test('the official client sends its recording in either order', async () => {
  const file = await toFile(recording, 'a.wav', { type: 'audio/wav' });
  for (const request of [{ model: 'whisper-1', file }, { file, model: 'whisper-1' }]) {
    up.bodies.length = 0;
    const before = await charged();
    assert.equal((await client.audio.transcriptions.create(request)).text, 'heard');
    assert.ok(up.bodies[0].includes(recording));
    await until('the charge', async () => (await charged()) === before + SECONDS * 1000 / 60 * 15);
  }
});
