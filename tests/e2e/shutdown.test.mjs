// Ends and beginnings that do not go as planned: signals at any moment, slow clients, files that cannot be used.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { assertBooks, chat, databaseOf, sqlite } from './lib/accounts.mjs';
import { Upstream } from './lib/upstream.mjs';
import { YourApi, freePort, until } from './lib/yourapi.mjs';

const binary = resolve(import.meta.dirname, '../..', process.env.YOURAPI_BIN ?? 'build/release/yourapi');
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

async function begin(models) {
  const up = await Upstream.start();
  const api = await YourApi.start();
  await api.setUp();
  await api.setOption('ModelRatio', Object.fromEntries(models.map((m) => [m, 1])));
  await api.addChannel({ base_url: up.url, models: models.join(','), auto_ban: 0 });
  return { up, api, token: await api.addToken() };
}

test('a signal with 1,000 streams open: those that end in time are whole, the others are charged and told', async () => {
  const { up, api, token } = await begin(['held', 'drip-60000']);
  const agent = new http.Agent({ maxSockets: 1000 });
  try {
    const open = Array.from({ length: 1000 }, (_, i) =>
      chat(api, token.key, { model: i % 2 ? 'held' : 'drip-60000', stream: true, agent }));
    await until('every stream is open', () => up.open === 1000);
    await sleep(500);
    const from = Date.now();
    const end = api.stop({ keep: true });
    await sleep(1000);
    api.child.kill('SIGTERM'); // an impatient operator changes nothing
    up.letGo();
    const results = await Promise.all(open);
    assert.deepEqual(await end, { code: 0, signal: null });
    const took = Date.now() - from;
    assert.ok(took < 58_000, `took ${took} ms`);
    assert.equal(results.filter((r) => r.status === 200).length, 500);
    const broken = results.filter((r) => r.status !== 200);
    assert.equal(broken.filter((r) => /"error".*server is stopping/.test(r.text) && !r.text.includes('[DONE]')).length, 500);
    assert.deepEqual(assertBooks(api).calls, 1000);
    const free = sqlite(databaseOf(api), "SELECT count(*) FROM logs WHERE quota = 0");
    assert.equal(free, '0');
  } finally {
    agent.destroy();
    await api.stop();
    await up.stop();
  }
});

test('a slow reader gets the rest of its answer after the signal', async () => {
  const { up, api, token } = await begin(['large-16000']);
  try {
    const body = JSON.stringify({ model: 'large-16000', messages: [{ role: 'user', content: 'x' }] });
    const socket = net.connect(api.port, '127.0.0.1');
    let bytes = 0;
    socket.write(`POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token.key}\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    socket.on('error', () => {});
    socket.on('data', (data) => {
      if (bytes === 0) {
        socket.pause();
        api.child.kill('SIGTERM');
        setTimeout(() => socket.resume(), 1500);
      }
      bytes += data.length;
    });
    await new Promise((done) => socket.on('close', done));
    assert.ok(bytes > 16_000 * 1024, `only ${bytes} bytes`);
    assert.deepEqual(await api.exited, { code: 0, signal: null });
  } finally {
    await api.stop();
    await up.stop();
  }
});

test('a signal while calls wait for a database that another program has locked', async () => {
  const { up, api, token } = await begin(['echo']);
  const holder = spawn('sqlite3', [databaseOf(api)], { stdio: ['pipe', 'ignore', 'ignore'] });
  try {
    await chat(api, token.key);
    holder.stdin.write('BEGIN IMMEDIATE;\n');
    await sleep(300);
    const calls = Array.from({ length: 20 }, (_, i) => chat(api, token.key, { stream: i % 2 === 0 }));
    const writes = Array.from({ length: 20 }, () =>
      api.call('POST', '/api/token/', { name: 'late', expired_time: -1, remain_quota: 0, unlimited_quota: true }).catch(() => ({})));
    assert.equal((await Promise.all(calls)).filter((r) => r.status === 200).length, 20);
    const end = api.stop({ keep: true });
    await sleep(1000);
    holder.stdin.end('ROLLBACK;\n');
    assert.deepEqual(await end, { code: 0, signal: null });
    await Promise.all(writes);
    assert.equal(assertBooks(api).calls, 21);
  } finally {
    holder.kill('SIGKILL');
    await api.stop();
    await up.stop();
  }
});

test('a signal at any moment of the first start ends it in good order, and the next start works', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'yourapi-early-'));
  for (let ms = 0; ms < 400; ms += 20) {
    const child = spawn(binary, ['--port', String(await freePort()), '--data-dir', join(folder, 'data')], {
      cwd: folder, env: { PATH: process.env.PATH }, stdio: 'ignore' });
    const exited = new Promise((done) => child.on('exit', (code, signal) => done(code ?? signal)));
    await sleep(ms);
    child.kill(ms % 40 ? 'SIGTERM' : 'SIGKILL');
    const end = await exited;
    assert.ok([0, 'SIGTERM', 'SIGKILL'].includes(end), `${end} after ${ms} ms`);
  }
  const api = await YourApi.start({ folder });
  await api.setUp();
  assert.deepEqual(await api.stop(), { code: 0, signal: null });
});

// ---- starts that fail ----

// Runs the program until it ends by itself; one line on stderr and exit code 1.
function expectFailure(folder, pattern, { args = [], env = {}, uid } = {}) {
  const { status, signal, stderr } = spawnSync(binary, ['--data-dir', join(folder, 'data'), ...args], {
    cwd: folder, env: { PATH: process.env.PATH, ...env }, encoding: 'utf8', timeout: 60_000, ...(uid ? { uid, gid: uid } : {}) });
  const lines = stderr.trim().split('\n').filter((line) => !/ (INFO|WARN) /.test(line));
  assert.equal(status, 1, `${status} ${signal} ${stderr}`);
  assert.equal(lines.length, 1, stderr);
  assert.match(lines[0], pattern);
}

// Afterwards nothing stands in the way of a good start.
async function expectStart(folder) {
  const api = await YourApi.start({ folder });
  assert.deepEqual(await api.stop({ keep: true }), { code: 0, signal: null });
}

const newFolder = () => mkdtempSync(join(tmpdir(), 'yourapi-fail-'));

test('a port that is in use, by a stranger or by another of us', async () => {
  const folder = newFolder();
  const server = net.createServer().listen(0, '0.0.0.0');
  await new Promise((done) => server.on('listening', done));
  const { port } = server.address();
  expectFailure(folder, new RegExp(`port ${port}: .*in use`, 'i'), { args: ['--port', String(port)] });
  server.close();
  const other = await YourApi.start();
  expectFailure(folder, new RegExp(`port ${other.port}: .*in use`, 'i'), { args: ['--port', String(other.port)] });
  await other.stop();
  await expectStart(folder);
});

test('a database that is none, is a folder, or is damaged', async () => {
  const folder = newFolder();
  mkdirSync(join(folder, 'data'));
  const file = join(folder, 'data', 'one-api.db');
  writeFileSync(file, 'this is a letter and not a database'.repeat(100));
  expectFailure(folder, /one-api\.db is not a SQLite database/);
  mkdirSync(join(folder, 'dir.db'));
  expectFailure(folder, /dir\.db is not a file/, { env: { SQLITE_PATH: join(folder, 'dir.db') } });
  expectFailure(folder, /nowhere/, { env: { SQLITE_PATH: join(folder, 'nowhere', 'x.db') } });
  execFileSync('rm', [file]);
  await expectStart(folder);
});

test('a journal folder that is a file', async () => {
  const folder = newFolder();
  mkdirSync(join(folder, 'data'));
  writeFileSync(join(folder, 'data', 'journal'), '');
  expectFailure(folder, /journal/);
  execFileSync('rm', [join(folder, 'data', 'journal')]);
  await expectStart(folder);
});

test('files and folders that may not be written', { skip: process.getuid() !== 0 && 'needs root to become somebody else' }, async () => {
  const folder = newFolder();
  chmodSync(folder, 0o755);
  const nobody = { uid: 65534 };
  expectFailure(folder, /cannot make the data folder .*Permission denied/, nobody);
  mkdirSync(join(folder, 'data'));
  chmodSync(join(folder, 'data'), 0o755);
  expectFailure(folder, /cannot write to the data folder .*Permission denied/, nobody);
  chmodSync(join(folder, 'data'), 0o777);
  writeFileSync(join(folder, 'data', 'one-api.db'), '', { mode: 0o644 });
  expectFailure(folder, /one-api\.db cannot be written: Permission denied/, nobody);
});
