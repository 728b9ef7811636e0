// A PostgreSQL and a MariaDB of this test's own, and what stands in their databases.
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { sqlite } from './accounts.mjs';
import { until } from './yourapi.mjs';

const tool = resolve(import.meta.dirname, '../../../tools/test-servers');
const run = (...args) => new Promise((done, failed) => {
  execFile(tool, args, (error) => (error ? failed(error) : done()));
});
let count = 0;

const isGone = (error) => error.code === 'ENOENT' || error.code === 'ESRCH';

// A server's processes come and go.
function signal(pid, name) {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

// Every thread of it has stopped (proc(5): the state stands behind the name in brackets), or it had ended before.
function standsStill(pid) {
  const tasks = `/proc/${pid}/task`;
  try {
    return readdirSync(tasks).every((id) => /\) [TZ] /.test(readFileSync(join(tasks, id, 'stat'), 'utf8')));
  } catch (error) {
    if (!isGone(error)) throw error;
    return true;
  }
}

// One database. `rows` asks it in its own words; a row is a list of texts, NULL is ''.
class Database {
  constructor(kind, fields) {
    Object.assign(this, { kind, ...fields });
  }

  rows(sql) {
    const out = {
      postgres: () => execFileSync('psql', ['-XqAt', '-F', '\t', '-v', 'ON_ERROR_STOP=1', this.dsn, '-c', sql], { encoding: 'utf8' }),
      mysql: () => execFileSync('mariadb', [...this.login, '-N', '-B', this.name, '-e', sql], { encoding: 'utf8' }),
      sqlite: () => sqlite(this.file, sql).replaceAll('|', '\t'),
    }[this.kind]();
    return out.split('\n').filter(Boolean).map((line) => line.split('\t').map((cell) => (cell === 'NULL' ? '' : cell)));
  }

  value(sql) {
    return this.rows(sql)[0]?.[0];
  }

  tables() {
    const sql = {
      postgres: 'SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1',
      mysql: 'SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() ORDER BY 1',
      sqlite: "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1",
    }[this.kind];
    return this.rows(sql).map(([name]) => name);
  }
}

export function sqliteDatabase(file) {
  return new Database('sqlite', { file });
}

// '' for a process that has ended.
function statusOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return '';
  }
}

// Tests of what `there` gives (it is asked when they run), which are skipped where that is null: Servers.start(), Redis.start().
export const testsWith = (there, missing) => (title, body) => test(title, async (t) => (there() ? body(t) : t.skip(missing)));

export class Servers {
  // null where one of the two is not installed.
  static start() {
    const memory = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
    const servers = new Servers();
    servers.folder = mkdtempSync(join(memory, 'yourapi-'));
    const said = execFileSync(tool, ['start', servers.folder], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    const url = /YOURAPI_TEST_POSTGRES=(.*)/.exec(said)?.[1];
    const socket = /YOURAPI_TEST_MYSQL=.*unix\((.*)\)/.exec(said)?.[1];
    if (!url || !socket) {
      servers.stop();
      return null;
    }
    servers.postgres = { url, port: /port=(\d+)/.exec(url)[1] };
    servers.mysql = { socket, login: ['--no-defaults', '-u', 'yourapi', '-pyourapi', '-S', socket] };
    servers.mysql.port = servers.mariadb('SELECT @@port').trim();
    return servers;
  }

  stop() {
    execFileSync(tool, ['stop', this.folder], { stdio: 'ignore' });
    rmSync(this.folder, { recursive: true, force: true }); // what a test has put there
  }

  // Ends one of them in good order, and starts it again where it was. Both are waited for; callers go on meanwhile.
  halt(kind) {
    return run('down', this.folder, kind);
  }

  launch(kind) {
    return run('up', this.folder, kind);
  }

  // One of them stands still: its connections stay open, and nothing answers. The first of its processes makes the others. A thread
  // goes on until the signal has reached it, which it may take long enough for to answer.
  async hang(kind) {
    const pids = [...this.processes(kind)];
    for (const pid of pids) signal(pid, 'SIGSTOP');
    await until(`${kind} to stand still`, () => pids.every(standsStill));
  }

  goOn(kind) {
    for (const pid of this.processes(kind)) signal(pid, 'SIGCONT');
  }

  // It is there and answers, whatever a test has done to it.
  async restore(kind) {
    if (existsSync(this.pidFile(kind))) this.goOn(kind);
    else await this.launch(kind);
  }

  pidFile(kind) {
    return join(this.folder, { postgres: 'pg/data/postmaster.pid', mysql: 'my/pid' }[kind]);
  }

  *processes(kind) {
    const first = Number(readFileSync(this.pidFile(kind), 'utf8').split('\n')[0]);
    yield first;
    for (const pid of readdirSync('/proc').map(Number).filter(Boolean)) {
      const status = statusOf(pid);
      if (/^PPid:\s+(\d+)/m.exec(status)?.[1] === String(first)) yield pid;
    }
  }

  psql(sql, database = 'postgres') {
    return execFileSync('psql', ['-XqAt', '-v', 'ON_ERROR_STOP=1', `${this.postgres.url}&dbname=${database}`, '-c', sql], { encoding: 'utf8' });
  }

  mariadb(sql) {
    return execFileSync('mariadb', [...this.mysql.login, '-N', '-B', '-e', sql], { encoding: 'utf8' });
  }

  // A new, empty database: { dsn, rows(sql), ... }. `create` goes behind CREATE DATABASE name.
  create(kind, create = '') {
    const name = `e2e_${process.pid}_${++count}`;
    if (kind === 'postgres') {
      this.psql(`CREATE DATABASE ${name} ${create}`);
      const dsn = `postgres://yourapi:yourapi@127.0.0.1:${this.postgres.port}/${name}?sslmode=disable`;
      return new Database(kind, { name, dsn, words: `host=127.0.0.1 port=${this.postgres.port} user=yourapi password=yourapi dbname=${name}` });
    }
    this.mariadb(`CREATE DATABASE ${name} ${create}`);
    return new Database(kind, {
      name, login: this.mysql.login, dsn: `yourapi:yourapi@tcp(127.0.0.1:${this.mysql.port})/${name}?charset=utf8mb4&parseTime=True&loc=Local`,
      viaSocket: `yourapi:yourapi@unix(${this.mysql.socket})/${name}`,
    });
  }
}
