// The disk is full: clients are told, nothing that was answered is lost, and it goes on when there is room again.
// Needs root, for a small file system in memory.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { assertBooks, chargedIds, chat, databaseOf, endowment } from './lib/accounts.mjs';
import { fillDisk } from './lib/disk.mjs';
import { Upstream } from './lib/upstream.mjs';
import { YourApi, until } from './lib/yourapi.mjs';

const model = `echo-${'x'.repeat(240)}`; // large records fill a journal soon
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

function smallDisk() {
  const folder = mkdtempSync(join(tmpdir(), 'yourapi-small-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=40m', 'tmpfs', folder], { stdio: 'ignore' });
    return folder;
  } catch {
    rmSync(folder, { recursive: true });
    return null;
  }
}

test('a full disk', async (t) => {
  const folder = smallDisk();
  if (!folder) return t.skip('a file system in memory cannot be mounted here');
  const up = await Upstream.start();
  const api = await YourApi.start({ folder, env: { RELAY_THREADS: '1' } });
  const agent = new http.Agent({ keepAlive: true, maxSockets: 16 });
  const received = new Set();
  const refusals = [];
  try {
    await api.setUp();
    await api.setOption('ModelPrice', { [model]: 0.0002 });
    await api.addChannel({ base_url: up.url, models: model });
    const { key } = await api.addToken();
    const before = endowment(api);
    const call = async (n) => {
      const reply = await chat(api, key, { model, stream: n % 2 === 0, agent });
      if (reply.status === 200) received.add(reply.id);
      else refusals.push(reply);
    };

    fillDisk(join(folder, 'filler'));
    for (let n = 0; refusals.length < 50 && n < 20_000; n += 16)
      await Promise.all(Array.from({ length: 16 }, (_, i) => call(n + i)));
    assert.ok(refusals.length >= 50, 'the journal took everything');
    for (const { status, text } of refusals) {
      assert.equal(status, 503, text);
      assert.match(JSON.parse(text).error.message, /usage cannot be recorded/);
    }
    const asked = up.requests.length;
    await Promise.all(Array.from({ length: 20 }, (_, i) => call(i)));
    assert.equal(up.requests.length, asked, 'no upstream is asked for what cannot be recorded');
    const write = await api.call('POST', '/api/token/', { name: 'x'.repeat(30), expired_time: -1, remain_quota: 0, unlimited_quota: true });
    assert.equal(write.success, false);
    assert.match(write.message, /disk is full|磁盘/);
    assert.equal((await api.call('GET', '/api/status')).success, true);

    rmSync(join(folder, 'filler'));
    await until('calls succeed again', async () => (await chat(api, key, { model }).then((r) => r.status === 200 && received.add(r.id))));
    await until('the ledger is applied', () => {
      const charged = new Set(chargedIds(api));
      return [...received].every((id) => charged.has(id));
    }, 60_000);
    assert.deepEqual(await api.stop({ keep: true }), { code: 0, signal: null });
    assert.equal(assertBooks(api, before).calls, received.size);
    t.diagnostic(`${received.size} answers, ${refusals.length} refusals`);
  } finally {
    agent.destroy();
    api.child.kill('SIGKILL');
    await api.exited;
    await up.stop();
    execFileSync('umount', [folder]);
    rmSync(folder, { recursive: true });
  }
});

test('a database that another program has locked for 10 s', async (t) => {
  const up = await Upstream.start();
  const api = await YourApi.start();
  const agent = new http.Agent({ keepAlive: true, maxSockets: 16 });
  const holder = spawn('sqlite3', [databaseOf(api)], { stdio: ['pipe', 'ignore', 'ignore'] });
  try {
    await api.setUp();
    await api.setOption('ModelPrice', { echo: 0.0002 });
    await api.addChannel({ base_url: up.url, models: 'echo' });
    const keys = [(await api.addToken()).key, (await api.addToken({ name: 'asked for during the lock' })).key];
    await chat(api, keys[0], { agent });
    holder.stdin.write('BEGIN IMMEDIATE;\n');
    await sleep(200);
    const end = Date.now() + 10_000;
    let calls = 1;
    let slowest = 0;
    const worker = async (i) => {
      for (; Date.now() < end; calls++) {
        const from = Date.now();
        assert.equal((await chat(api, keys[i % 2], { stream: i % 3 === 0, agent })).status, 200);
        slowest = Math.max(slowest, Date.now() - from);
        await sleep(5);
      }
    };
    const writer = async () => {
      while (Date.now() < end)
        assert.equal((await api.call('PUT', '/api/option/', { key: 'Notice', value: 'x' })).success, false);
    };
    await Promise.all([...Array.from({ length: 12 }, (_, i) => worker(i)), writer()]);
    holder.stdin.end('ROLLBACK;\n');
    await until('the ledger is applied', () => assertBooksOrNot(api, calls));
    t.diagnostic(`${calls} calls, the slowest took ${slowest} ms`);
  } finally {
    holder.kill('SIGKILL');
    agent.destroy();
    await api.stop();
    await up.stop();
  }
});

function assertBooksOrNot(api, calls) {
  return chargedIds(api).length === calls && assertBooks(api).calls === calls;
}
