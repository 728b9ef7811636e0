// The command line, the first start, and what a stranger may do before it is set up.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { YourApi } from './lib/yourapi.mjs';

const binary = resolve(import.meta.dirname, '../..', process.env.YOURAPI_BIN ?? 'build/release/yourapi');

function run(args, env = {}) {
  return spawnSync(binary, args, { env: { PATH: process.env.PATH, ...env }, encoding: 'utf8', timeout: 60_000 });
}

test('--version and --help', () => {
  assert.match(execFileSync(binary, ['--version'], { encoding: 'utf8' }), /^yourapi \d+\.\d+\.\d+\n$/);
  const help = execFileSync(binary, ['-help'], { encoding: 'utf8' });
  assert.match(help, /--data-dir/);
  assert.match(help, /^Commands/m);
  assert.match(help, /^  serve /m);
  assert.equal(execFileSync(binary, ['serve', '--help'], { encoding: 'utf8' }), help);
});

test('a wrong flag or value ends with a clear line and exit code 2', () => {
  for (const [args, env, pattern] of [
    [['--nonsense'], {}, /--?nonsense/],
    [['nonsense'], {}, /unknown command "nonsense"/],
    [['serve', 'nonsense'], {}, /unexpected argument "nonsense"/],
    [['serve', '--nonsense'], {}, /--?nonsense/],
    [['--port', 'many'], {}, /port.*many/i],
    [['--port', '70000'], {}, /port/i],
    [[], { PORT: '0' }, /PORT/],
    [[], { SYNC_FREQUENCY: 'often' }, /SYNC_FREQUENCY/],
    [[], { SESSION_SECRET: 'random_string' }, /SESSION_SECRET/],
    [[], { SQL_DSN: 'user:verysecret@tcp(h)' }, /SQL_DSN/],
    [[], { CHANNEL_TEST_FREQUENCY: 'x' }, /CHANNEL_TEST_FREQUENCY/],
    [['--data-dir', ''], {}, /--data-dir/],
    [[], { HTTPS_PROXY: 'ftp://user:verysecret@proxy:1' }, /HTTPS_PROXY/],
    [[], { http_proxy: 'proxy:verysecret' }, /HTTP_PROXY/],
    [[], { REDIS_CONN_STRING: 'http://:verysecret@h' }, /REDIS_CONN_STRING/],
    [[], { REDIS_CONN_STRING: 'redis://h', REDIS_POOL_SIZE: 'x' }, /REDIS_POOL_SIZE/],
    [[], { FRONTEND_BASE_URL: 'console.example.com' }, /FRONTEND_BASE_URL/],
    [[], { NODE_NAME: 'n'.repeat(101) }, /NODE_NAME/],
    [[], { MEMORY_CACHE_ENABLED: 'perhaps' }, /MEMORY_CACHE_ENABLED/],
    [[], { BATCH_UPDATE_INTERVAL: 'soon' }, /BATCH_UPDATE_INTERVAL/],
    [[], { USER_CONTENT_REQUEST_PROXY: 'ftp://user:verysecret@proxy:1' }, /USER_CONTENT_REQUEST_PROXY/],
    [[], { USER_CONTENT_REQUEST_TIMEOUT: '0' }, /USER_CONTENT_REQUEST_TIMEOUT.*from 1/],
    [[], { MAX_FILE_DOWNLOAD_MB: 'much' }, /MAX_FILE_DOWNLOAD_MB/],
    [[], { AZURE_DEFAULT_API_VERSION: '2024-10-21&x=y' }, /AZURE_DEFAULT_API_VERSION/],
    [[], { GEMINI_VERSION: 'v1/models' }, /GEMINI_VERSION/],
    [[], { GEMINI_SAFETY_SETTING: 'SOME' }, /GEMINI_SAFETY_SETTING.*BLOCK_NONE/],
    [[], { GEMINI_VISION_MAX_IMAGE_NUM: '0' }, /GEMINI_VISION_MAX_IMAGE_NUM.*-1/],
    [[], { INITIAL_ROOT_TOKEN: 'sk-verysecret' }, /INITIAL_ROOT_TOKEN/],
    [[], { INITIAL_ROOT_ACCESS_TOKEN: 'verysecret with spaces' }, /INITIAL_ROOT_ACCESS_TOKEN/],
  ]) {
    const { status, stderr } = run(args, env);
    assert.equal(status, 2, stderr);
    assert.match(stderr, pattern);
    assert.equal(stderr.trim().split('\n').length, 1);
    assert.ok(!stderr.includes('verysecret'));
  }
});

test('a data folder that cannot be used is named', () => {
  const { status, stderr } = run(['--data-dir', '/proc/nowhere/data']);
  assert.equal(status, 1);
  assert.match(stderr, /\/proc\/nowhere\/data/);
});

test('the first account can do nothing but change its password', async () => {
  const api = await YourApi.start();
  try {
    const data = await api.signIn('root', '123456');
    assert.equal(data.must_change_password, true);
    for (const [method, path] of [['GET', '/api/channel/'], ['GET', '/api/token/'], ['GET', '/api/option/'], ['GET', '/api/log/']]) {
      const reply = await api.call(method, path);
      assert.equal(reply.success, false, path);
      assert.match(reply.message, /密码|password/i);
    }
    const self = await api.call('PUT', '/api/user/self', {
      username: 'root', display_name: 'Root', original_password: '123456', password: 'longer-secret-1' });
    assert.equal(self.success, true, self.message);
    await api.signIn('root', 'longer-secret-1');
    await api.ok('GET', '/api/channel/?p=0&page_size=10');
    assert.equal((await api.call('POST', '/api/user/login', { username: 'root', password: '123456' })).success, false);
  } finally {
    await api.stop();
  }
});

test('a restart before the set-up leaves it open', async () => {
  const api = await YourApi.start();
  try {
    await api.stop({ keep: true });
    await api.launch();
    assert.equal((await api.call('GET', '/api/setup')).data.status, false);
    await api.setUp();
    await api.stop({ keep: true });
    await api.launch();
    assert.equal((await api.call('GET', '/api/setup')).data.status, true);
  } finally {
    await api.stop();
  }
});

test('set-up asks for the printed code from a public address only, and works once', async () => {
  const api = await YourApi.start();
  try {
    const body = { username: 'root', password: 'longer-secret-1', confirmPassword: 'longer-secret-1',
      SelfUseModeEnabled: false, DemoSiteEnabled: false };
    const from = { 'x-forwarded-for': '203.0.113.9' };
    assert.equal((await api.call('GET', '/api/setup', undefined, from)).data.code_required, true);
    assert.equal((await api.call('POST', '/api/setup', body, from)).success, false);
    const code = /Set-up code.*: (\w+)/.exec(api.output)[1];
    const done = await api.call('POST', '/api/setup', { ...body, setup_code: code }, from);
    assert.equal(done.success, true, done.message);
    assert.equal((await api.call('POST', '/api/setup', body)).success, false);
    await api.signIn('root', 'longer-secret-1');
  } finally {
    await api.stop();
  }
});

test('initial tokens work from the first start on', async () => {
  const key = 'k'.repeat(48);
  const api = await YourApi.start({ env: { INITIAL_ROOT_TOKEN: `sk-${key}`, INITIAL_ROOT_ACCESS_TOKEN: 'operators-token' } });
  try {
    const models = await fetch(`${api.url}/v1/models`, { headers: { authorization: `Bearer sk-${key}` } });
    assert.equal(models.status, 200);
    const self = await api.call('GET', '/api/user/self', undefined, { authorization: 'operators-token', 'new-api-user': '1' });
    assert.equal(self.success, true, self.message);
  } finally {
    await api.stop();
  }
});

test('as many connections are served as the system allows, not as few as a shell gives', async () => {
  const api = await YourApi.start({ before: 'ulimit -Sn 128' });
  const sockets = [];
  try {
    for (let i = 0; i < 400; i++) {
      const socket = net.connect(api.port, '127.0.0.1');
      sockets.push(socket);
      socket.on('error', () => {});
      socket.write('GET /api/status HTTP/1.1\r\nHost: x\r\n\r\n');
      const reply = await Promise.race([once(socket, 'data').then(([data]) => String(data)), once(socket, 'close').then(() => 'closed')]);
      assert.match(reply, /^HTTP\/1.1 200 /, `connection ${i}`);
    }
  } finally {
    for (const socket of sockets) socket.destroy();
    await api.stop();
  }
});

test('two programs cannot share a data folder', async () => {
  const api = await YourApi.start();
  try {
    const { status, stderr } = run(['--port', '1', '--data-dir', `${api.folder}/data`]);
    assert.equal(status, 1);
    assert.match(stderr, /in use/);
  } finally {
    await api.stop();
  }
});

test('the console is served with its policy, and API paths are never answered by it', async () => {
  const api = await YourApi.start();
  try {
    const page = await fetch(`${api.url}/channel`);
    assert.equal(page.status, 200);
    assert.match(page.headers.get('content-type'), /text\/html/);
    assert.match(page.headers.get('content-security-policy'), /script-src 'self'/);
    assert.equal((await fetch(`${api.url}/api/nothing`)).status, 404);
    assert.equal((await fetch(`${api.url}/assets/nothing.js`)).status, 404);
  } finally {
    await api.stop();
  }
});
