// What a dead node's journal holds is brought to the accounts by `yourapi journal apply`, exactly once.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { assertBooks, chargedIds, chat, databaseOf, endowment, sqlite } from './lib/accounts.mjs';
import { Upstream } from './lib/upstream.mjs';
import { YourApi, until } from './lib/yourapi.mjs';

const binary = resolve(import.meta.dirname, '../..', process.env.YOURAPI_BIN ?? 'build/release/yourapi');

// Nobody else can write into the database until the function given back is called.
async function hold(file) {
  const holder = spawn('sqlite3', [file], { stdio: ['pipe', 'pipe', 'inherit'] });
  holder.stdin.write(".timeout 20000\nBEGIN IMMEDIATE;\nSELECT 'held';\n");
  await new Promise((done) => holder.stdout.once('data', done));
  return () => new Promise((done) => { holder.on('exit', done); holder.stdin.end('ROLLBACK;\n'); });
}

const journalFiles = (folder) => readdirSync(folder).filter((name) => name.includes('.log')).map((name) => join(folder, name));

test('the journal of a node that was killed is applied elsewhere, once', async () => {
  const up = await Upstream.start();
  const api = await YourApi.start({ env: { RELAY_THREADS: '2' } });
  const elsewhere = await mkdtemp(join(tmpdir(), 'yourapi-'));
  const journal = join(api.folder, 'data', 'journal');
  const apply = (files) => spawnSync(binary, ['journal', 'apply', '--data-dir', join(elsewhere, 'data'), ...files], {
    env: { PATH: process.env.PATH, SQLITE_PATH: databaseOf(api) }, encoding: 'utf8', timeout: 60_000, cwd: elsewhere });
  try {
    await api.setUp();
    await api.setOption('ModelPrice', { echo: 0.0002 });
    await api.addChannel({ base_url: up.url, models: 'echo' });
    const { key } = await api.addToken();
    assert.equal((await chat(api, key)).status, 200);
    await until('the first call is charged', () => chargedIds(api).length === 1);
    const before = endowment(api);

    const refused = apply(journalFiles(journal));
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, /in use by a running program/);

    const release = await hold(databaseOf(api));
    const calls = await Promise.all(Array.from({ length: 40 }, () => chat(api, key)));
    assert.ok(calls.every(({ status }) => status === 200));
    await api.kill();
    await release();
    assert.equal(chargedIds(api).length, 1);

    cpSync(journal, join(elsewhere, 'copies'), { recursive: true, filter: (path) => !path.endsWith('/lock') });
    const copies = journalFiles(join(elsewhere, 'copies'));
    const first = apply(copies);
    assert.equal(first.status, 0, first.stderr);
    assert.match(first.stdout, /^total: 2 files, 41 records, 40 applied now, 1 applied already, 0 torn, 0 damaged$/m);
    assert.equal(assertBooks(api, before).calls, 41);
    assert.deepEqual(calls.map(({ id }) => id).filter((id) => !chargedIds(api).includes(id)), []);

    // The same files again, from where they were.
    const second = apply(journalFiles(journal));
    assert.equal(second.status, 0, second.stderr);
    assert.match(second.stdout, /41 records, 0 applied now, 41 applied already/);

    // The node comes back with them, goes on, and ends; the copies are applied once more after that.
    await api.launch();
    assert.equal((await chat(api, key)).status, 200);
    await until('the call is charged', () => chargedIds(api).length === 42);
    assert.equal(assertBooks(api, before).calls, 42);
    await api.stop({ keep: true });
    const third = apply(copies);
    assert.equal(third.status, 0, third.stderr);
    assert.match(third.stdout, /41 records, 0 applied now, 41 applied already/);
    assert.equal(assertBooks(api, before).calls, 42);
    assert.equal(Number(sqlite(databaseOf(api), 'SELECT count(*) FROM logs WHERE type = 2')), 42);
  } finally {
    await api.stop();
    await up.stop();
    await rm(elsewhere, { recursive: true, force: true });
  }
});

test('what is no journal file, and none at all, ends with a clear line', () => {
  for (const [args, status, pattern] of [
    [[], 2, /which files/],
    [['/etc/hostname'], 2, /\/etc\/hostname is not the name of a journal file/],
    [['/nowhere/0000000000000001-00000000.log'], 1, /\/nowhere\//],
  ]) {
    const folder = spawnSync('mktemp', ['-d'], { encoding: 'utf8' }).stdout.trim();
    const run = spawnSync(binary, ['journal', 'apply', ...args], {
      env: { PATH: process.env.PATH, SQLITE_PATH: join(folder, 'x.db') }, encoding: 'utf8', timeout: 60_000, cwd: folder });
    spawnSync('rm', ['-rf', folder]);
    assert.equal(run.status, status, run.stderr);
    assert.match(run.stderr.trim().split('\n').at(-1), pattern);
  }
});
