// Three nodes on one PostgreSQL and one Redis: what is changed on one is seen by the others, what must be done once moves when a node
// dies, and Redis may go and come back.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { chat } from './lib/accounts.mjs';
import { Redis } from './lib/redis.mjs';
import { Servers, testsWith } from './lib/servers.mjs';
import { Upstream } from './lib/upstream.mjs';
import { YourApi, until } from './lib/yourapi.mjs';

const SYNC = 20; // SYNC_FREQUENCY, s
const SOON = 15_000; // within which a change is seen by all, with Redis: a message tells of it, not the next reading
const LEASE = 15_000; // after which a job is free when its node has died; it is tried for every 3 s

let servers, redis, database, upstream, nodes, key;
const name = (node) => node.env.NODE_NAME;

function options(number, more = {}) {
  return {
    SQL_DSN: database.dsn, REDIS_CONN_STRING: redis.url, SYNC_FREQUENCY: String(SYNC), CHANNEL_TEST_FREQUENCY: '60',
    CRYPTO_SECRET: 'crypto', NODE_NAME: `node-${number}`, RELAY_THREADS: '2', ...more,
  };
}

// The administrator on this node, by the session that was made on the first.
function share(from, node) {
  node.cookie = from.cookie;
  node.userId = from.userId;
}

const listNodes = (node) => node.ok('GET', '/api/node/');
const stateOf = async (node, wanted) => (await listNodes(node)).find((row) => row.name === wanted)?.state;
const holderOf = async (node) => (await listNodes(node)).find((row) => row.jobs.includes('channel_test'))?.name;
const redisOf = async (node) => (await node.call('GET', '/api/status/test')).redis;
const status = async (node, token = key) => (await chat(node, token)).status;

async function onOthers(what, probe, timeoutMs = SOON) {
  for (const node of nodes.slice(1)) await until(`${what} on ${name(node)}`, () => probe(node), timeoutMs);
}

before(async () => {
  redis = await Redis.start();
  servers = redis && Servers.start();
  if (!servers) return;
  database = servers.create('postgres');
  upstream = await Upstream.start();
  nodes = await Promise.all([1, 2, 3].map((n) => YourApi.start({ env: options(n) }))); // at once, on an empty database
  await nodes[0].setUp();
  for (const node of nodes.slice(1)) share(nodes[0], node);
});

after(async () => {
  if (process.env.SHOW_OUTPUT) for (const node of nodes ?? []) console.error(`--- ${name(node)}\n${node.output}`);
  for (const node of nodes ?? []) await node.stop();
  await upstream?.stop();
  servers?.stop();
  await redis?.stop();
});

const nodeTest = testsWith(() => servers, 'no redis-server, or no PostgreSQL and MariaDB');

nodeTest('a session made on one node is good on all', async () => {
  for (const node of nodes) assert.equal((await node.ok('GET', '/api/user/self')).username, 'root');
  await onOthers('the set-up is done', async (node) => (await node.call('GET', '/api/setup')).data.status);
});

nodeTest('channels, options and tokens changed on one node are in force on the others before they read them by themselves', async () => {
  const [first] = nodes;
  const channel = await first.addChannel({ base_url: upstream.url, models: 'echo,later' });
  await first.setOption('SelfUseModeEnabled', 'true'); // models need no price
  ({ key } = await first.addToken());
  await onOthers('the channel', async (node) => (await status(node)) === 200);

  await first.ok('PUT', '/api/channel/', { ...channel, status: 2 });
  await onOthers('that the channel is off', async (node) => (await status(node)) === 503);
  await first.ok('PUT', '/api/channel/', { ...channel, status: 1 });
  await onOthers('that the channel is on', async (node) => (await status(node)) === 200);

  await first.setOption('SystemName', 'Three of us');
  await onOthers('the option', async (node) => (await node.ok('GET', '/api/status')).system_name === 'Three of us');
});

nodeTest('a token that is switched off on one node is refused by the others before they look by themselves', async () => {
  const [first] = nodes;
  const token = await first.addToken({ name: 'switched' });
  for (const node of nodes) assert.equal(await status(node, token.key), 200);
  await first.ok('PUT', '/api/token/?status_only=true', { id: token.id, status: 2 });
  assert.equal(await status(first, token.key), 401);
  await onOthers('the refusal', async (node) => (await status(node, token.key)) === 401);
  await nodes[2].ok('PUT', '/api/token/?status_only=true', { id: token.id, status: 1 });
  await until('it is on again on the first', async () => (await status(first, token.key)) === 200, SOON);
  await first.ok('DELETE', `/api/token/${token.id}`);
  await onOthers('that it is gone', async (node) => (await status(node, token.key)) === 401);
});

nodeTest('limits of an address and of a user count on all nodes together', async () => {
  const from = { 'x-forwarded-for': '203.0.113.50' };
  const codes = [];
  for (let i = 0; i < 24; i++)
    codes.push((await nodes[i % 3].call('POST', '/api/user/login', { username: 'root', password: 'wrong-password' }, from)).status);
  assert.equal(codes.filter((code) => code === 429).length, 4, String(codes)); // 20 are allowed
  assert.ok(!redis.ask('KEYS', '*').includes('203.0.113.50'));

  await nodes[0].setOption('ModelRequestRateLimitDurationMinutes', '1');
  await nodes[0].setOption('ModelRequestRateLimitCount', '6');
  await nodes[0].setOption('ModelRequestRateLimitSuccessCount', '5');
  await nodes[0].setOption('ModelRequestRateLimitEnabled', 'true');
  await onOthers('the option', async (node) =>
    (await node.ok('GET', '/api/option/')).some((o) => o.key === 'ModelRequestRateLimitEnabled' && o.value === 'true'));
  const answers = await Promise.all(Array.from({ length: 30 }, (_, i) => status(nodes[i % 3])));
  assert.equal(answers.filter((code) => code === 200).length, 5, String(answers));
  assert.equal(answers.filter((code) => code === 429).length, 25, String(answers));
  await nodes[0].setOption('ModelRequestRateLimitEnabled', 'false');
  await onOthers('that there is no limit', async (node) => (await status(node)) === 200);
});

// One turn of a client of the Responses API that only names what was answered before; to an upstream that keeps nothing.
async function respond(node, input, more = {}) {
  const reply = await fetch(`${node.url}/v1/responses`, {
    method: 'POST', headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' }, body: JSON.stringify({ model: 'echo-kept', input, ...more }) });
  return { status: reply.status, body: await reply.json() };
}

const naming = ({ body }) => [{ role: 'user', content: 'Remember 4711.' }, ...body.output.map(({ id }) => ({ type: 'item_reference', id })),
                              { role: 'user', content: 'Well?' }];

nodeTest('items of an answer that one node has written are found by the others', async () => {
  const [first] = nodes;
  await first.addChannel({ type: 8, base_url: `${upstream.url}/v1/chat/completions`, models: 'echo-kept', name: 'keeps nothing' });
  await onOthers('the channel', async (node) => (await respond(node, 'x')).status === 200);
  const answered = await respond(first, 'Remember 4711.');
  for (const node of nodes) {
    const { status: code, body } = await respond(node, naming(answered));
    assert.equal(code, 200, JSON.stringify(body));
    assert.match(upstream.requests.at(-1).raw, /echo: Remember 4711\./);
  }
  const many = { body: { output: Array(150).fill(answered.body.output[0]) } }; // more than are asked for at once
  assert.equal((await respond(nodes[1], naming(many))).status, 200);
  assert.equal(upstream.requests.at(-1).raw.match(/echo: Remember 4711\./g).length, 150);
  assert.ok(!redis.ask('KEYS', '*').includes(answered.body.output[0].id));
  const unkept = await respond(first, 'Remember 4711.', { store: false });
  for (const node of nodes) assert.equal((await respond(node, naming(unkept))).status, 404);
});

nodeTest('each node shows all of them', async () => {
  for (const node of nodes) {
    const rows = await until('three nodes', async () => {
      const list = await listNodes(node);
      return list.length === 3 && list.every((row) => row.state === 'online') && list;
    });
    assert.deepEqual(rows.map((row) => row.name), ['node-1', 'node-2', 'node-3']);
    assert.deepEqual(rows.filter((row) => row.self).map((row) => row.name), [name(node)]);
    for (const row of rows) {
      assert.equal(row.type, 'master');
      assert.match(row.version, /^v\d+\.\d+\.\d+$/);
      assert.ok(row.load.memory_bytes > 1e6);
      assert.ok(row.address.length > 0 && row.started_at > 1.7e9 && row.seen_ago_s <= 30);
    }
    assert.equal(rows.flatMap((row) => row.jobs).length, 1);
  }
  const ordinary = Object.assign(Object.create(nodes[1]), { cookie: '', userId: -1 });
  assert.equal((await ordinary.call('GET', '/api/node/')).success, false);
});

nodeTest('without Redis the nodes serve on and see changes at the next reading; it is used again when it is back', async () => {
  const [first] = nodes;
  const token = await first.addToken({ name: 'without-redis' });
  for (const node of nodes) assert.equal(await status(node, token.key), 200);
  const upSince = (await redisOf(first)).since;
  const answered = await respond(first, 'Remember 4711.');
  await redis.stop();
  for (const node of nodes) {
    await until('it is said', async () => (await redisOf(node)).state === 'down');
    assert.ok((await redisOf(node)).since >= upSince);
    assert.equal(await status(node, token.key), 200);
  }
  assert.equal((await respond(first, naming(answered))).status, 200); // from its memory
  assert.equal((await respond(nodes[1], naming(answered))).status, 503); // it may be there, or not
  const seen = SYNC * 1000 + 60_000;
  await first.ok('PUT', '/api/token/?status_only=true', { id: token.id, status: 2 });
  await onOthers('the refusal', async (node) => (await status(node, token.key)) === 401, seen);
  await first.setOption('SystemName', 'Alone');
  await onOthers('the option', async (node) => (await node.ok('GET', '/api/status')).system_name === 'Alone', seen);
  for (const node of nodes)
    assert.equal(node.output.match(/redis\.down/g).length, 1, 'it is logged once');

  await redis.launch();
  for (const node of nodes) await until('it is used again', async () => (await redisOf(node)).state === 'up');
  for (const node of nodes)
    await until('it listens again', () => node.output.match(/redis\.subscribed/g).length === 2);
  await first.ok('PUT', '/api/token/?status_only=true', { id: token.id, status: 1 });
  await onOthers('that it is on', async (node) => (await status(node, token.key)) === 200);
  await first.ok('PUT', '/api/token/?status_only=true', { id: token.id, status: 2 });
  await onOthers('that it is off', async (node) => (await status(node, token.key)) === 401);
});

nodeTest('the jobs of a node that dies or stops are taken over', async () => {
  const holder = await holderOf(nodes[0]);
  const dies = nodes.find((node) => name(node) === holder);
  const [witness, other] = nodes.filter((node) => node !== dies);
  await dies.kill();
  const heir = await until('another has the job', async () => {
    const now = await holderOf(witness);
    return now !== holder && now;
  }, LEASE + 60_000);
  assert.ok([witness, other].some((node) => name(node) === heir));
  await until('it shows as lost', async () => (await stateOf(witness, holder)) === 'lost');
  for (const node of [witness, other]) assert.equal(await status(node), 200);

  await dies.launch();
  await until('it is back', async () => (await stateOf(witness, holder)) === 'online');

  // One that ends in good order leaves the job at once.
  const stops = nodes.find((node) => name(node) === heir);
  await stops.stop({ keep: true });
  const left = nodes.filter((node) => node !== stops);
  assert.equal(await stateOf(left[0], heir), 'stopped');
  await until('another has the job again', async () => {
    const now = await holderOf(left[0]);
    return now && now !== heir;
  });
  await stops.launch();
});

nodeTest('a slave runs no job and sends visitors of the console elsewhere', async () => {
  const slave = await YourApi.start({
    env: options(4, { NODE_TYPE: 'slave', FRONTEND_BASE_URL: 'https://console.example.com/', NODE_NAME: 'node-slave' }) });
  try {
    share(nodes[0], slave);
    for (const [path, target] of [['/', '/'], ['/token', '/token'], ['/log?p=2&x=%2F', '/log?p=2&x=%2F'], ['/assets/x.js', '/assets/x.js']]) {
      const reply = await slave.call('GET', path);
      assert.equal(reply.status, 301);
      assert.equal(reply.headers.get('location'), `https://console.example.com${target}`);
    }
    assert.equal(await status(slave), 200);
    const row = await until('it is among the nodes', async () => (await listNodes(nodes[0])).find((r) => r.name === 'node-slave'));
    assert.equal(row.type, 'slave');
    assert.deepEqual(row.jobs, []);
  } finally {
    await slave.stop();
  }
  const master = await YourApi.start({ env: { FRONTEND_BASE_URL: 'https://console.example.com' } });
  assert.match(master.output, /FRONTEND_BASE_URL is for slaves/);
  assert.notEqual((await master.call('GET', '/')).status, 301);
  await master.stop();
});

nodeTest('a Redis that may throw keys away is warned of', async () => {
  for (const node of nodes) assert.ok(!node.output.includes('redis.eviction'), 'noeviction is as it should be');
  redis.ask('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
  const node = await YourApi.start({ env: options(9) });
  try {
    await until('it is warned of', () => /WARN redis\.eviction policy=allkeys-lru .*noeviction/.test(node.output));
  } finally {
    redis.ask('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
    await node.stop();
  }
});
