// `yourapi copy` as an operator uses it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { chat, databaseOf, sqlite } from './lib/accounts.mjs';
import { Upstream } from './lib/upstream.mjs';
import { YourApi, until } from './lib/yourapi.mjs';

const binary = resolve(import.meta.dirname, '../..', process.env.YOURAPI_BIN ?? 'build/release/yourapi');
const run = (args) => spawnSync(binary, ['copy', ...args], { env: { PATH: process.env.PATH }, encoding: 'utf8', timeout: 60_000, cwd: '/' });

test('a copied database serves on', async () => {
  const up = await Upstream.start();
  const api = await YourApi.start();
  let second;
  try {
    await api.setUp();
    await api.setOption('ModelPrice', { echo: 0.0002 });
    await api.addChannel({ base_url: up.url, models: 'echo' });
    const { key } = await api.addToken();
    assert.equal((await chat(api, key)).status, 200);
    await api.stop({ keep: true });
    const target = join(api.folder, 'copied.db');

    const copied = run(['--from', databaseOf(api), '--to', `sqlite:${target}`]);
    assert.equal(copied.status, 0, copied.stderr);
    assert.match(copied.stdout, /^checked: users.used_quota sums up to 100 in both$/m);
    assert.match(copied.stdout, /^done: \d+ rows in \d+ tables/m);
    assert.equal(sqlite(target, "SELECT count(*) FROM sqlite_master WHERE name = 'yourapi_copy'"), '0');

    const again = run(['--from', databaseOf(api), '--to', target]);
    assert.equal(again.status, 1);
    assert.match(again.stderr, /the target is not empty/);

    second = await YourApi.start({ env: { SQLITE_PATH: target } });
    await second.signIn();
    assert.equal((await chat(second, key)).status, 200);
    await until('the call is charged', () => sqlite(target, 'SELECT count(*) FROM logs WHERE type = 2') === '2');
  } finally {
    await second?.stop();
    await api.stop();
    await up.stop();
  }
});

test('what is missing or cannot be read is named, without passwords', () => {
  for (const [args, status, pattern] of [
    [[], 2, /--from and --to/],
    [['--from', '/x.db'], 2, /--from and --to/],
    [['--from', '/nowhere/x.db', '--to', '/tmp/y.db'], 1, /--from: \/nowhere\/x.db/],
    [['--from', 'local', '--to', '/tmp/y.db'], 2, /--from: name a database/],
    [['--from', 'user:verysecret@tcp(127.0.0.1:1)/db', '--to', '/tmp/y.db'], 1, /--from: .*127.0.0.1:1/],
    [['--from', 'postgres://user:verysecret@127.0.0.1:1/db', '--to', '/tmp/y.db'], 1, /--from: .*127.0.0.1:1/],
  ]) {
    const { status: code, stderr, stdout } = run(args);
    assert.equal(code, status, stderr);
    assert.match(stderr, pattern);
    assert.ok(!(stderr + stdout).includes('verysecret'));
  }
});
