// Starts the real program on a free port and an empty folder, and speaks its management API.
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const binary = resolve(import.meta.dirname, '../../..', process.env.YOURAPI_BIN ?? 'build/release/yourapi');
// How a build with a sanitizer reports; nothing else of the caller's environment reaches the program.
const sanitizers = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => /^(ASAN|LSAN|TSAN|UBSAN)_OPTIONS$/.test(name)));
export const rootPassword = 'correct-horse-9';

// A connection whose end on the port is closed first leaves the port occupied for a minute: nobody gets it who asks for any one that is
// free, but a server that is told to use it does.
export async function freePort() {
  const server = net.createServer((socket) => socket.end());
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address();
  const client = net.connect(port, '127.0.0.1').resume();
  await new Promise((done) => client.on('close', done));
  await new Promise((done) => server.close(done));
  return port;
}

// The limit only ends what never comes; no machine is too slow for it.
export async function until(what, probe, timeoutMs = 90_000) {
  const end = Date.now() + timeoutMs;
  for (;;) {
    const value = await probe();
    if (value) return value;
    if (Date.now() > end) throw new Error(`timed out: ${what}`);
    await new Promise((done) => setTimeout(done, 25));
  }
}

export class YourApi {
  output = '';
  cookie = '';
  userId = -1;

  // `before` is a line of shell that runs first, in the process that becomes the program.
  static async start({ env = {}, folder, args = [], before = ':' } = {}) {
    const api = new YourApi();
    api.folder = folder ?? (await mkdtemp(join(tmpdir(), 'yourapi-')));
    api.env = env;
    api.args = args;
    api.before = before;
    api.port = await freePort();
    api.url = `http://127.0.0.1:${api.port}`;
    await api.launch();
    return api;
  }

  async launch() {
    this.child = spawn(
      '/bin/sh',
      ['-c', `${this.before}; exec "$0" "$@"`, binary, '--port', String(this.port), '--data-dir', join(this.folder, 'data'), ...this.args],
      {
        cwd: this.folder,
        env: { PATH: process.env.PATH, ...sanitizers, GLOBAL_API_RATE_LIMIT_ENABLE: 'false',
               GLOBAL_WEB_RATE_LIMIT_ENABLE: 'false',
               SESSION_SECRET: 'test-secret', ...this.env },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    this.exited = new Promise((done) => this.child.on('exit', (code, signal) => done({ code, signal })));
    for (const stream of [this.child.stdout, this.child.stderr])
      stream.on('data', (data) => (this.output += data));
    let over = false;
    this.exited.then(() => (over = true));
    await until('the program answers', async () => {
      if (over) throw new Error(`the program ended:\n${this.output}`);
      return fetch(`${this.url}/api/status`).then((r) => r.ok, () => false);
    });
  }

  async kill() {
    this.child.kill('SIGKILL');
    await this.exited;
  }

  // Ends the program in good order and says how it ended.
  async stop({ keep = false } = {}) {
    this.child.kill('SIGTERM');
    const end = await this.exited;
    if (!keep) await rm(this.folder, { recursive: true, force: true });
    return end;
  }

  async call(method, path, body, headers = {}) {
    const response = await fetch(this.url + path, {
      method,
      headers: {
        'content-type': 'application/json',
        'new-api-user': String(this.userId),
        ...(this.cookie ? { cookie: this.cookie } : {}),
        ...headers,
      },
      body: body === undefined ? undefined : JSON.stringify(body),
      redirect: 'manual',
    });
    const cookie = response.headers.get('set-cookie');
    if (cookie) this.cookie = cookie.split(';')[0];
    const text = await response.text();
    try {
      return { status: response.status, headers: response.headers, ...JSON.parse(text) };
    } catch {
      return { status: response.status, headers: response.headers, text };
    }
  }

  // The call, and an error when it does not succeed.
  async ok(method, path, body) {
    const reply = await this.call(method, path, body);
    if (reply.success !== true) throw new Error(`${method} ${path}: ${JSON.stringify(reply)}`);
    return reply.data;
  }

  async signIn(username = 'root', password = rootPassword) {
    this.cookie = '';
    this.userId = -1;
    const data = await this.ok('POST', '/api/user/login', { username, password });
    this.userId = data.id;
    return data;
  }

  // First start: the administrator by the setup call, then signed in.
  async setUp() {
    await this.ok('POST', '/api/setup', {
      username: 'root',
      password: rootPassword,
      confirmPassword: rootPassword,
      SelfUseModeEnabled: false,
      DemoSiteEnabled: false,
    });
    return this.signIn();
  }

  async addChannel(fields) {
    await this.ok('POST', '/api/channel/', {
      type: 1,
      name: 'upstream',
      key: 'sk-upstream-secret-0123456789',
      group: 'default',
      ...fields,
    });
    const list = await this.ok('GET', '/api/channel/?p=0&page_size=100&id_sort=true');
    return (Array.isArray(list) ? list : list.items)[0];
  }

  // A new token of the signed-in user; gives { id, key } with key as clients send it.
  async addToken(fields = {}) {
    await this.ok('POST', '/api/token/', {
      name: 'test',
      expired_time: -1,
      remain_quota: 500_000,
      unlimited_quota: true,
      ...fields,
    });
    const list = await this.ok('GET', '/api/token/?p=0&size=100');
    const token = (Array.isArray(list) ? list : list.items)[0];
    return { ...token, key: token.key.startsWith('sk-') ? token.key : `sk-${token.key}` };
  }

  async setOption(key, value) {
    return this.ok('PUT', '/api/option/', { key, value: typeof value === 'string' ? value : JSON.stringify(value) });
  }

  async logs(query = '') {
    const data = await this.ok('GET', `/api/log/?p=1&page_size=100&type=2${query}`);
    return data.items;
  }
}
