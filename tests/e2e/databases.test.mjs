// The program on a PostgreSQL and on a MariaDB, with its logs beside the rest or in a database of another kind, and what it says when a
// database is not as it must be.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { chat } from './lib/accounts.mjs';
import { fillDisk } from './lib/disk.mjs';
import { Servers, sqliteDatabase, testsWith } from './lib/servers.mjs';
import { Upstream } from './lib/upstream.mjs';
import { YourApi, freePort, until } from './lib/yourapi.mjs';

const binary = resolve(import.meta.dirname, '../..', process.env.YOURAPI_BIN ?? 'build/release/yourapi');
const sanitizers = Object.fromEntries(Object.entries(process.env).filter(([name]) => /^(ASAN|LSAN|TSAN|UBSAN)_OPTIONS$/.test(name)));
const key = 'k'.repeat(48);
const logTables = ['logs', 'yourapi_journal', 'yourapi_log_chunks', 'yourapi_log_names', 'yourapi_log_parts', 'yourapi_meta'];
let servers, up;

before(async () => {
  servers = Servers.start();
  up = await Upstream.start();
});

after(async () => {
  await up.stop();
  servers?.stop();
});

const onServers = testsWith(() => servers, 'no PostgreSQL or no MariaDB is installed');

// Set up, with a channel and a token.
async function begin(env) {
  const api = await YourApi.start({ env });
  await api.setUp();
  await api.setOption('ModelRatio', { echo: 2 });
  await api.addChannel({ base_url: up.url, models: 'echo' });
  return { api, ...(await api.addToken({ unlimited_quota: false })) };
}

const charged = (database) => database.rows('SELECT quota, prompt_tokens, completion_tokens FROM logs WHERE type = 2 ORDER BY id');

for (const kind of ['postgres', 'mysql'])
  onServers(`set up, calls, costs and a restart on ${kind}`, async () => {
    const database = servers.create(kind);
    const { api, key: token } = await begin({ SQL_DSN: database.dsn });
    try {
      assert.equal((await chat(api, token)).status, 200);
      assert.equal((await chat(api, token, { stream: true })).status, 200);
      await until('both are charged', () => charged(database).length === 2);
      assert.deepEqual(charged(database), [['30', '10', '5'], ['30', '10', '5']]);
      assert.equal(database.value('SELECT used_quota FROM users WHERE id = 1'), '60');
      assert.equal(database.value('SELECT remain_quota FROM tokens'), '499940');
      const [row] = await api.logs();
      assert.equal(row.quota, 30);
      assert.equal(row.model_name, 'echo');
      assert.deepEqual(await api.stop({ keep: true }), { code: 0, signal: null });
      assert.ok(!existsSync(join(api.folder, 'data', 'one-api.db')), 'nothing is kept in a file');

      await api.launch();
      await api.signIn();
      assert.equal((await chat(api, token)).status, 200);
      await until('the third is charged', () => charged(database).length === 3);
      assert.equal(database.value('SELECT used_quota FROM users WHERE id = 1'), '90');
      assert.equal((await api.logs()).length, 3);
      assert.equal((await api.ok('GET', '/api/log/stat?type=2')).quota, 90);
    } finally {
      await api.stop();
    }
  });

onServers('no more connections are open than the variables admit', async () => {
  const database = servers.create('postgres');
  const { api, key: token } = await begin({ SQL_DSN: database.dsn, SQL_MAX_OPEN_CONNS: '3', SQL_MAX_IDLE_CONNS: '1', SQL_MAX_LIFETIME: '1' });
  const connections = () => servers.psql(`SELECT count(*) || ',' || min(pid) FROM pg_stat_activity WHERE datname = '${database.name}'`).trim().split(',').map(Number);
  try {
    for (let turn = 0; turn < 5; turn++) {
      const replies = await Promise.all(Array.from({ length: 20 }, () => Promise.all([chat(api, token), api.call('GET', '/api/log/?p=1&page_size=10')])));
      assert.ok(replies.every(([{ status }, { success }]) => status === 200 && success));
      assert.ok(connections()[0] <= 3);
    }
    await until('all but one are closed', () => connections()[0] <= 1);
    const [, first] = connections();
    await until('it is replaced when it is old', async () => (await api.ok('GET', '/api/log/?p=1&page_size=10')) && connections()[1] !== first);
  } finally {
    await api.stop();
  }
});

// The log database has the rows and what belongs to them, the main database has none of them.
function checkSplit(main, logs, rows) {
  assert.deepEqual(logs.tables(), logTables);
  assert.equal(charged(logs).length, rows);
  assert.equal(main.value('SELECT count(*) FROM logs'), '0');
  assert.equal(logs.value("SELECT count(*) FROM logs WHERE type <> 2") > 0, true, 'also those of the management');
}

for (const [mainKind, logKind] of [['postgres', 'sqlite'], ['sqlite', 'mysql'], ['mysql', 'postgres'], ['sqlite', 'sqlite']])
  onServers(`the main database on ${mainKind}, the logs on ${logKind}`, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'yourapi-split-'));
    const make = (kind, file) => (kind === 'sqlite' ? sqliteDatabase(join(folder, file)) : servers.create(kind));
    const main = make(mainKind, 'main.db'), logs = make(logKind, 'logs.db');
    const { api, key: token } = await begin({
      SQL_DSN: main.dsn ?? 'local', LOG_SQL_DSN: logs.dsn ?? 'local', SQLITE_PATH: join(folder, 'main.db'), LOG_SQLITE_PATH: join(folder, 'logs.db') });
    try {
      assert.equal((await chat(api, token)).status, 200);
      await until('it is charged', () => charged(logs).length === 1 && main.value('SELECT used_quota FROM users WHERE id = 1') === '30');
      await api.ok('PUT', '/api/user/', { id: 1, username: 'root', display_name: 'Root', group: 'default', quota: 12345 });
      assert.equal((await api.logs()).length, 1);
      assert.deepEqual(await api.stop({ keep: true }), { code: 0, signal: null });
      checkSplit(main, logs, 1);
      await api.launch();
      await api.signIn();
      assert.equal((await chat(api, token)).status, 200);
      await until('the second is charged', () => charged(logs).length === 2 && main.value('SELECT used_quota FROM users WHERE id = 1') === '60');
      assert.equal((await api.ok('GET', '/api/log/stat?type=2')).quota, 60);
      assert.deepEqual(await api.stop({ keep: true }), { code: 0, signal: null });
      checkSplit(main, logs, 2);
    } finally {
      api.child.kill('SIGKILL');
      await api.stop();
      rmSync(folder, { recursive: true });
    }
  });

// With two sides in one database each would take the other's position for its own, and money would be lost.
for (const [name, dsns] of [
  ['postgres', () => { const d = servers.create('postgres'); return [d, d.dsn, d.words]; }],
  ['mysql', () => { const d = servers.create('mysql'); return [d, d.dsn, d.viaSocket]; }],
])
  onServers(`one database that is written in two ways is one, on ${name}`, async () => {
    const [database, first, second] = dsns();
    const { api, key: token } = await begin({ SQL_DSN: first, LOG_SQL_DSN: second });
    try {
      for (let n = 1; n <= 3; n++) {
        assert.equal((await chat(api, token)).status, 200);
        await until(`call ${n} is charged and logged`, () =>
          charged(database).length === n && database.value('SELECT used_quota FROM users WHERE id = 1') === String(30 * n));
      }
      assert.equal(database.value("SELECT count(*) FROM yourapi_meta WHERE \"key\" LIKE 'same%'".replaceAll('"', name === 'mysql' ? '`' : '"')), '0');
    } finally {
      await api.stop();
    }
  });

// What the program says when it does not start: the one line on stderr.
function refused(env, status, pattern, args = []) {
  const folder = mkdtempSync(join(tmpdir(), 'yourapi-refused-'));
  try {
    const end = spawnSync(binary, ['--data-dir', join(folder, 'data'), ...args], {
      cwd: folder, encoding: 'utf8', timeout: 60_000, env: { PATH: process.env.PATH, ...sanitizers, PORT: '1', ...env } });
    assert.equal(end.status, status, `${JSON.stringify(env)}: ${end.stderr}`);
    assert.match(end.stderr, pattern);
    assert.equal(end.stderr.trim().split('\n').length, 1, end.stderr);
    assert.ok(!end.stderr.includes('verysecret'), end.stderr);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('a variable that is wrong ends with exit code 2', () => {
  for (const [env, pattern] of [
    [{ SQL_DSN: 'user:verysecret@tcp(host:3306)' }, /SQL_DSN: .*name of the database/],
    [{ SQL_DSN: 'user:verysecret@tcp(host:many)/db' }, /SQL_DSN: .*port/],
    [{ SQL_DSN: 'user:verysecret@tcp(host:3306)/db?timeout=soon' }, /SQL_DSN: .*timeout=soon/],
    [{ SQL_DSN: 'postgres://user:verysecret@[::1/db' }, /SQL_DSN: .*PostgreSQL DSN/],
    [{ LOG_SQL_DSN: 'user:verysecret@tcp(host:3306)' }, /LOG_SQL_DSN: .*name of the database/],
    [{ SQL_MAX_OPEN_CONNS: 'all' }, /SQL_MAX_OPEN_CONNS/],
    [{ SQL_MAX_IDLE_CONNS: '-1' }, /SQL_MAX_IDLE_CONNS/],
    [{ SQL_CONN_MAX_LIFETIME: '1h' }, /SQL_CONN_MAX_LIFETIME/],
    [{ SQL_MAX_LIFETIME: 'x' }, /SQL_MAX_LIFETIME/],
    [{ SQL_STATEMENT_TIMEOUT: '0' }, /SQL_STATEMENT_TIMEOUT/],
    [{ NODE_TYPE: 'boss' }, /NODE_TYPE/],
  ])
    refused(env, 2, pattern);
});

onServers('a server that does not let us in is named', async () => {
  const port = await freePort();
  const { name } = servers.create('postgres');
  const my = servers.create('mysql').name;
  for (const [dsn, pattern] of [
    [`postgres://yourapi:verysecret@127.0.0.1:${servers.postgres.port}/${name}`, /SQL_DSN: PostgreSQL at 127\.0\.0\.1:\d+.*password authentication failed/],
    [`postgres://yourapi:yourapi@127.0.0.1:${servers.postgres.port}/nowhere`, /SQL_DSN: .*"nowhere" does not exist/],
    [`postgres://yourapi:verysecret@127.0.0.1:${port}/db`, /SQL_DSN: PostgreSQL at .*cannot be reached.*refused/i],
    [`yourapi:verysecret@tcp(127.0.0.1:${servers.mysql.port})/${my}`, /SQL_DSN: MySQL at 127\.0\.0\.1:\d+.*Access denied/],
    [`yourapi:yourapi@tcp(127.0.0.1:${servers.mysql.port})/nowhere`, /SQL_DSN: .*Unknown database/],
    [`yourapi:verysecret@tcp(127.0.0.1:${port})/db`, /SQL_DSN: MySQL at .*connect/i],
  ]) {
    refused({ SQL_DSN: dsn }, 1, pattern);
    refused({ LOG_SQL_DSN: dsn, SQL_DSN: 'local' }, 1, new RegExp(`LOG_${pattern.source}`, pattern.flags));
  }
});

// Servers of long ago, as far as a client hears of them before it turns away.
function oldPostgres(socket) {
  const message = (type, body) => {
    const length = Buffer.alloc(4);
    length.writeInt32BE(body.length + 4);
    return Buffer.concat([Buffer.from(type), length, body]);
  };
  socket.once('data', function first(data) {
    if (data.readInt32BE(4) === 80877103) { // may we speak TLS?
      socket.once('data', first);
      return socket.write('N');
    }
    socket.write(Buffer.concat([message('R', Buffer.alloc(4)), message('S', Buffer.from('server_version\u00009.5.25\u0000')), message('Z', Buffer.from('I'))]));
  });
}

function oldMysql(socket) {
  const packet = (number, body) => Buffer.concat([Buffer.from([body.length & 255, body.length >> 8, 0, number]), body]);
  const ok = Buffer.from([0, 0, 0, 2, 0, 0, 0]);
  const capabilities = 0x0008_a28f; // protocol 4.1, long passwords, secure connection, plugin of sign-in, transactions, found rows
  const greeting = Buffer.concat([
    Buffer.from([10]), Buffer.from('5.6.51\u0000'), Buffer.from([1, 0, 0, 0]), Buffer.from('abcdefgh\u0000'),
    Buffer.from([capabilities & 255, (capabilities >> 8) & 255, 33, 2, 0, (capabilities >> 16) & 255, 0, 21]), Buffer.alloc(10),
    Buffer.from('ijklmnopqrst\u0000'), Buffer.from('mysql_native_password\u0000')]);
  socket.write(packet(0, greeting));
  socket.once('data', () => {
    socket.write(packet(2, ok));
    socket.on('data', () => socket.write(packet(1, ok)));
  });
}

test('a server that is too old is told', async () => {
  for (const [serve, dsn, pattern] of [
    [oldPostgres, (port) => `postgres://u:verysecret@127.0.0.1:${port}/db`, /SQL_DSN: .*version 9\.5, which is too old; 9\.6/],
    [oldMysql, (port) => `u:verysecret@tcp(127.0.0.1:${port})/db`, /SQL_DSN: .*MySQL 5\.6\.51, which is too old; 5\.7\.8/],
    [String(oldMysql).replace('5.6.51', '5.5.5-10.4.34-MariaDB').replace('function oldMysql', 'function serve'), (port) => `u:verysecret@tcp(127.0.0.1:${port})/db`,
      /SQL_DSN: .*MariaDB 10\.4\.34-MariaDB, which is too old; 10\.5/],
  ]) {
    // In a process of its own, because the program is waited for here.
    const script = `require('node:net').createServer((socket) => { socket.on('error', () => {}); (${serve})(socket); })
      .listen(0, '127.0.0.1', function () { console.log(this.address().port); });`;
    const server = spawn(process.execPath, ['-e', script.replace('function oldPostgres', 'function serve').replace('function oldMysql', 'function serve')], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      const port = await new Promise((done) => server.stdout.once('data', (data) => done(Number(data))));
      refused({ SQL_DSN: dsn(port) }, 1, pattern);
    } finally {
      server.kill('SIGKILL');
    }
  }
});

onServers('a database that is read-only is told, and nothing is made in it', () => {
  const pg = servers.create('postgres');
  servers.psql(`ALTER DATABASE ${pg.name} SET default_transaction_read_only = on`);
  refused({ SQL_DSN: pg.dsn }, 1, /SQL_DSN: PostgreSQL at .* is read-only/);
  assert.deepEqual(pg.tables(), []);

  const my = servers.create('mysql');
  servers.mariadb(`CREATE USER 'plain'@'%' IDENTIFIED BY 'verysecret'; GRANT ALL ON ${my.name}.* TO 'plain'@'%'; SET GLOBAL read_only = 1`);
  try {
    refused({ SQL_DSN: `plain:verysecret@tcp(127.0.0.1:${servers.mysql.port})/${my.name}` }, 1, /SQL_DSN: MySQL at .* is read-only/);
    assert.deepEqual(my.tables(), []);
  } finally {
    servers.mariadb('SET GLOBAL read_only = 0');
  }
});

onServers('an account that may not write is told at the start, and by which table', async () => {
  const pg = servers.create('postgres'), my = servers.create('mysql');
  const main = { SQL_DSN: 'local', SQLITE_PATH: join(servers.folder, 'main.db') };
  for (const env of [{ SQL_DSN: pg.dsn }, { SQL_DSN: my.dsn }, main]) await (await YourApi.start({ env })).stop();
  servers.psql(`CREATE ROLE looker LOGIN PASSWORD 'verysecret'; GRANT SELECT ON ALL TABLES IN SCHEMA public TO looker`, pg.name);
  servers.psql('GRANT INSERT, UPDATE ON yourapi_meta, yourapi_journal TO looker', pg.name);
  servers.mariadb(`CREATE USER 'looker'@'%' IDENTIFIED BY 'verysecret'; GRANT SELECT ON ${my.name}.* TO 'looker'@'%'`);
  try {
    for (const [dsn, pattern] of [
      [pg.dsn.replace('yourapi:yourapi', 'looker:verysecret'), /SQL_DSN: permission denied for table users/],
      [my.dsn.replace('yourapi:yourapi', 'looker:verysecret'), /SQL_DSN: UPDATE command denied to user .* for table .*yourapi_journal/],
    ])
      for (const more of [{}, { NODE_TYPE: 'slave' }]) {
        refused({ SQL_DSN: dsn, ...more }, 1, pattern);
        refused({ ...main, LOG_SQL_DSN: dsn, ...more }, 1, /LOG_SQL_DSN: .*(permission denied for table logs|denied to user)/);
      }
  } finally {
    servers.psql('DROP OWNED BY looker; DROP ROLE looker', pg.name);
    servers.mariadb("DROP USER 'looker'@'%'");
  }
});

// A replica, an account that may not write, a backup on a medium that is read-only.
onServers('what may only be read can be copied, and migrate --dry-run says what would be done to it', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'yourapi-readonly-'));
  const disk = join(folder, 'disk');
  execFileSync('mkdir', [disk]);
  const mounted = smallDisk(disk, 16);
  const file = join(disk, 'source.db');
  const pg = servers.create('postgres'), my = servers.create('mysql');
  const run = (env, ...args) => {
    const end = spawnSync(binary, args, { cwd: folder, encoding: 'utf8', timeout: 60_000, env: { PATH: process.env.PATH, ...sanitizers, ...env } });
    assert.equal(end.status, 0, `${args.join(' ')}: ${end.stdout}${end.stderr}`);
    return end.stdout;
  };
  for (const env of [{ SQLITE_PATH: file }, { SQL_DSN: pg.dsn }, { SQL_DSN: my.dsn }]) await (await YourApi.start({ env })).stop();
  servers.psql(`ALTER DATABASE ${pg.name} SET default_transaction_read_only = on`);
  servers.mariadb(`CREATE USER 'reader'@'%' IDENTIFIED BY 'verysecret'; GRANT SELECT ON ${my.name}.* TO 'reader'@'%'; SET GLOBAL read_only = 1`);
  if (mounted) execFileSync('mount', ['-o', 'remount,ro', disk]);
  else t.diagnostic('a file system in memory cannot be mounted here: its file is written beside');
  try {
    const mysql = `reader:verysecret@tcp(127.0.0.1:${servers.mysql.port})/${my.name}`;
    for (const [name, env, dsn] of [['sqlite', { SQLITE_PATH: file }, file], ['postgres', { SQL_DSN: pg.dsn }, pg.dsn], ['mysql', { SQL_DSN: mysql }, mysql]]) {
      assert.match(run(env, 'migrate', '--dry-run'), /: nothing to do\n$/);
      const target = join(folder, `${name}.db`);
      assert.match(run({}, 'copy', '--from', dsn, '--to', target), /^done: \d+ rows in \d+ tables/m);
      assert.equal(sqliteDatabase(target).value('SELECT username FROM users'), 'root');
    }
  } finally {
    servers.mariadb("SET GLOBAL read_only = 0; DROP USER 'reader'@'%'");
    if (mounted) execFileSync('umount', [disk]);
    rmSync(folder, { recursive: true });
  }
});

// A file system in memory of so many megabytes; null where we may not mount one.
function smallDisk(folder, megabytes) {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=777`, 'tmpfs', folder], { stdio: 'ignore' });
    return folder;
  } catch {
    return null;
  }
}

function fill(folder) {
  const file = join(folder, 'filler');
  fillDisk(file);
  return file;
}

onServers('a full disk is told, and the next start goes on', async (t) => {
  const sqliteFolder = mkdtempSync(join(tmpdir(), 'yourapi-full-'));
  const tablespace = mkdtempSync(join(servers.folder, 'space-'));
  if (!smallDisk(sqliteFolder, 1)) return t.skip('a file system in memory cannot be mounted here');
  assert.ok(smallDisk(tablespace, 16));
  try {
    const file = join(sqliteFolder, 'full.db');
    const filler = fill(sqliteFolder);
    refused({ SQLITE_PATH: file }, 1, /SQLITE_PATH: .*(disk is full|No space left)/);
    rmSync(filler);
    refused({ SQLITE_PATH: file, NODE_TYPE: 'slave' }, 1, /too old for this version: it has no table/); // nothing was made in it

    execFileSync('mkdir', [join(tablespace, 'pg')]);
    if (process.getuid() === 0) execFileSync('chown', ['postgres', join(tablespace, 'pg')]);
    servers.psql(`CREATE TABLESPACE small LOCATION '${join(tablespace, 'pg')}'`);
    const pg = servers.create('postgres', 'TABLESPACE small');
    assert.deepEqual(pg.tables(), []); // whoever is the first to connect writes something, too
    const pgFiller = fill(tablespace);
    refused({ SQL_DSN: pg.dsn }, 1, /SQL_DSN: PostgreSQL at .*the disk is full/);
    assert.deepEqual(pg.tables(), []);
    rmSync(pgFiller);
    const api = await YourApi.start({ env: { SQL_DSN: pg.dsn } });
    await api.stop();
    assert.ok(pg.tables().includes('users'));
    servers.psql(`DROP DATABASE ${pg.name}`);
    servers.psql('DROP TABLESPACE small');
  } finally {
    execFileSync('umount', [sqliteFolder]);
    execFileSync('umount', ['-l', tablespace]);
    rmSync(sqliteFolder, { recursive: true });
  }
});

// MySQL keeps what was made before: the next start goes on from there.
onServers('a disk that becomes full on the way is told, and the next start goes on', async (t) => {
  const database = servers.create('mysql');
  const folder = join(servers.folder, 'my/data', database.name);
  const options = readFileSync(join(folder, 'db.opt'));
  if (!smallDisk(folder, 1)) return t.skip('a file system in memory cannot be mounted here');
  try {
    writeFileSync(join(folder, 'db.opt'), options);
    refused({ SQL_DSN: database.dsn }, 1, /SQL_DSN: table \w+: the server's disk is full/);
    const made = database.tables();
    assert.ok(made.includes('channels') && !made.includes('yourapi_log_names'), made.join());
    execFileSync('mount', ['-o', 'remount,size=64m', folder]);
    const { api, key: token } = await begin({ SQL_DSN: database.dsn });
    assert.equal((await chat(api, token)).status, 200);
    await until('it is charged', () => charged(database).length === 1);
    await api.stop();
  } finally {
    try {
      servers.mariadb(`DROP DATABASE ${database.name}`); // the folder itself stays, it is a mount
    } catch {
      // as said
    }
    execFileSync('umount', ['-l', folder]);
  }
});

onServers('a database that holds an unfinished copy is refused, and nothing is changed in it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'yourapi-copy-'));
  try {
    for (const kind of ['sqlite', 'postgres', 'mysql']) {
      const database = kind === 'sqlite' ? sqliteDatabase(join(folder, 'copy.db')) : servers.create(kind);
      const env = kind === 'sqlite' ? { SQLITE_PATH: database.file } : { SQL_DSN: database.dsn };
      database.rows('CREATE TABLE yourapi_copy (table_name varchar(64) PRIMARY KEY)');
      for (const more of [{}, { NODE_TYPE: 'slave' }])
        refused({ ...env, ...more }, 1, /(SQLITE_PATH|SQL_DSN): an unfinished copy is in it: give the same `yourapi copy` again, or drop the table yourapi_copy/);
      if (kind !== 'sqlite') refused({ SQL_DSN: 'local', LOG_SQL_DSN: database.dsn }, 1, /LOG_SQL_DSN: an unfinished copy is in it/);
      assert.deepEqual(database.tables(), ['yourapi_copy']);
      database.rows('DROP TABLE yourapi_copy');
      await (await YourApi.start({ env })).stop();
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

onServers('a slave changes no table', async () => {
  for (const kind of ['postgres', 'mysql']) {
    const database = servers.create(kind);
    refused({ SQL_DSN: database.dsn, NODE_TYPE: 'slave' }, 1, /SQL_DSN: the database is too old for this version: it has no table \w+; .*yourapi migrate/);
    assert.deepEqual(database.tables(), []);
    const master = await YourApi.start({ env: { SQL_DSN: database.dsn } });
    const slave = await YourApi.start({ env: { SQL_DSN: database.dsn, NODE_TYPE: 'slave' } });
    assert.equal((await slave.call('GET', '/api/status')).success, true);
    await slave.stop();
    await master.stop();
    servers[kind === 'mysql' ? 'mariadb' : 'psql'](
      kind === 'mysql' ? `ALTER TABLE ${database.name}.tokens DROP COLUMN auto_groups` : 'SELECT 1');
    if (kind === 'postgres') servers.psql('ALTER TABLE tokens DROP COLUMN auto_groups', database.name);
    refused({ SQL_DSN: database.dsn, NODE_TYPE: 'slave' }, 1, /table tokens has no column auto_groups/);
  }
});

onServers('migrate says what it would do, does it, and then has nothing to do', () => {
  const folder = mkdtempSync(join(tmpdir(), 'yourapi-migrate-'));
  const run = (env, args = []) => {
    const end = spawnSync(binary, ['migrate', ...args], { cwd: folder, encoding: 'utf8', timeout: 60_000, env: { PATH: process.env.PATH, ...sanitizers, ...env } });
    assert.equal(end.status, 0, end.stderr);
    return end.stdout;
  };
  const statements = (text) => text.split('\n').filter((line) => !line.startsWith('-- '));
  try {
    for (const [main, logs] of [['sqlite', 'postgres'], ['postgres', 'mysql'], ['mysql', 'sqlite']]) {
      const make = (kind, file) => (kind === 'sqlite' ? sqliteDatabase(join(folder, file)) : servers.create(kind));
      const one = make(main, 'one.db'), two = make(logs, 'two.db');
      const env = { SQL_DSN: one.dsn ?? 'local', LOG_SQL_DSN: two.dsn ?? 'local', SQLITE_PATH: join(folder, 'one.db'), LOG_SQLITE_PATH: join(folder, 'two.db') };
      const planned = run(env, ['--dry-run']);
      assert.match(planned, /^-- .*: this would be done$/m);
      assert.match(planned, /^CREATE TABLE .users. .*;$/m);
      assert.deepEqual(readdirSync(folder), [], 'nothing was made');
      for (const database of [one, two]) if (database.kind !== 'sqlite') assert.deepEqual(database.tables(), []);
      const done = run(env);
      assert.match(done, /^-- .*: this was done$/m);
      assert.match(done, /\(logs\): this was done/);
      assert.deepEqual(statements(planned).sort(), statements(done).sort());
      assert.ok(one.tables().includes('users'));
      assert.deepEqual(two.tables(), logTables);
      for (const args of [[], ['--dry-run']]) {
        const said = run(env, args);
        assert.equal(said.match(/: nothing to do$/gm).length, 2, said);
        assert.deepEqual(statements(said), ['']);
      }
      rmSync(folder, { recursive: true });
      execFileSync('mkdir', [folder]);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
