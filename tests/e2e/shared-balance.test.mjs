// Three nodes on one PostgreSQL and one Redis spend from the same balances: never more than there is, and to the unit what was used,
// whoever dies meanwhile.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import http from 'node:http';
import { basename, join, resolve } from 'node:path';
import { after, before } from 'node:test';
import { addUser, chat } from './lib/accounts.mjs';
import { Redis } from './lib/redis.mjs';
import { Servers, testsWith } from './lib/servers.mjs';
import { Upstream } from './lib/upstream.mjs';
import { YourApi, until } from './lib/yourapi.mjs';

const binary = resolve(import.meta.dirname, '../..', process.env.YOURAPI_BIN ?? 'build/release/yourapi');
const COST = 100; // points of a call of the model echo
const PATIENCE = 90_000;

let servers, redis, database, upstream, nodes, agents;

const number = (sql) => Number(database.value(sql));
const shared = async (node) => (await node.call('GET', '/api/status/test')).redis.balances === 'shared';
const allShare = () => until('all share balances', async () => (await Promise.all(nodes.map(shared))).every(Boolean), PATIENCE);
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

before(async () => {
  redis = await Redis.start();
  servers = redis && Servers.start();
  if (!servers) return;
  database = servers.create('postgres');
  upstream = await Upstream.start();
  nodes = await Promise.all([1, 2, 3].map((n) => YourApi.start({ env: {
    SQL_DSN: database.dsn, REDIS_CONN_STRING: redis.url, CRYPTO_SECRET: 'crypto', NODE_NAME: `node-${n}`, RELAY_THREADS: '2' } })));
  agents = nodes.map(() => new http.Agent({ keepAlive: true, maxSockets: 400 }));
  await nodes[0].setUp();
  for (const node of nodes.slice(1)) Object.assign(node, { cookie: nodes[0].cookie, userId: nodes[0].userId });
  await nodes[0].setOption('ModelPrice', { echo: 0.0002 });
  await nodes[0].addChannel({ base_url: upstream.url, models: 'echo' });
  await allShare();
});

after(async () => {
  if (process.env.SHOW_OUTPUT) for (const node of nodes ?? []) console.error(`--- ${node.env.NODE_NAME}\n${node.output}`);
  for (const agent of agents ?? []) agent.destroy();
  for (const node of nodes ?? []) await node.stop();
  await upstream?.stop();
  servers?.stop();
  await redis?.stop();
});

const nodeTest = testsWith(() => servers, 'no redis-server, or no PostgreSQL and MariaDB');

// A user of this name with so many points and an unlimited token, known to all nodes.
async function customer(username, quota) {
  await nodes[0].setOption('QuotaForNewUser', String(quota));
  const session = await addUser(nodes[0], username, 'secret-of-them');
  const token = await session.addToken({ name: username });
  const self = await session.ok('GET', '/api/user/self');
  return { session, id: self.id, key: token.key, quota: self.quota };
}

// Everything that was used is in the database: what was there in the beginning is either left or logged.
async function assertSums(who, given = who.quota) {
  const sums = () => database.rows(`SELECT u.quota, u.used_quota, u.request_count, count(l.id), coalesce(sum(l.quota), 0)
    FROM users u LEFT JOIN logs l ON l.user_id = u.id AND l.type = 2 WHERE u.id = ${who.id} GROUP BY u.id`)[0].map(Number);
  await until('the journals are applied', () => {
    const [quota, used, , , logged] = sums();
    return quota + used === given && used === logged;
  }, PATIENCE);
  const [quota, used, requests, rows, logged] = sums();
  assert.deepEqual({ left: given - used, used, rows }, { left: quota, used: logged, rows: requests });
  assert.equal(number('SELECT count(*) FROM (SELECT request_id FROM logs WHERE type = 2 GROUP BY request_id HAVING count(*) > 1) d'), 0);
  return { quota, rows };
}

// Redis holds nothing of the user any more, and what it takes for the balance is what the database has.
async function assertRedis(who, quota) {
  const field = (name) => redis.ask('HGET', `yourapi:balance:u:${who.id}`, name);
  await until('nothing is outstanding', () => Number(field('t')) === 0, PATIENCE);
  assert.ok(['', String(quota)].includes(field('base')), `base ${field('base')}, database ${quota}`);
}

// Calls through all nodes until stop(); says which were answered whole.
function load(key, callers) {
  let over = false;
  const answered = [];
  const work = async (i) => {
    const node = nodes[i % 3];
    while (!over) {
      const { status, id } = await chat(node, key, { stream: i % 2 === 0, agent: agents[i % 3] });
      if (status === 200) answered.push(id);
      else await sleep(5);
    }
  };
  const workers = Array.from({ length: callers }, (_, i) => work(i));
  return {
    answered,
    more: async (n) => {
      const from = answered.length;
      await until(`${n} more answers`, () => answered.length >= from + n, PATIENCE);
    },
    stop: async () => {
      over = true;
      await Promise.all(workers);
    },
  };
}

const charged = (who) => new Set(database.rows(`SELECT request_id FROM logs WHERE type = 2 AND user_id = ${who.id}`).map(([id]) => id));

nodeTest('of 10,000 calls at once through three nodes a balance of a hundred answers a hundred', async () => {
  const ann = await customer('ann', 100 * COST);
  const statuses = (await Promise.all(Array.from({ length: 10_000 }, (_, i) => chat(nodes[i % 3], ann.key, { agent: agents[i % 3] }))))
    .map(({ status }) => status);
  const count = (code) => statuses.filter((status) => status === code).length;
  assert.equal(count(200), 100);
  assert.equal(count(403) + count(401), 9_900, JSON.stringify([...new Set(statuses)]));
  const { quota, rows } = await assertSums(ann);
  assert.equal(quota, 0);
  assert.equal(rows, 100);
  await assertRedis(ann, 0);
});

nodeTest('what is given on one node can be spent on the others', async () => {
  const bob = await customer('bob', COST);
  const status = async (node) => (await chat(node, bob.key)).status;
  assert.equal(await status(nodes[1]), 200);
  assert.equal(await status(nodes[2]), 403);
  await assertSums(bob);
  await nodes[0].ok('PUT', '/api/user/', { id: bob.id, username: 'bob', display_name: 'bob', group: 'default', quota: 2 * COST });
  await until('it can be spent', async () => (await status(nodes[2])) === 200, PATIENCE);
  assert.equal(await status(nodes[1]), 200);
  assert.equal(await status(nodes[0]), 403);
  await assertSums(bob, 3 * COST);
});

nodeTest('a node is killed under load and comes back: the sums agree', async () => {
  const cat = await customer('cat', 1_000_000_000);
  const calls = load(cat.key, 24);
  await calls.more(300);
  await nodes[1].kill();
  await calls.more(300);
  await nodes[1].launch();
  await allShare();
  await calls.more(300);
  await calls.stop();
  const { quota } = await assertSums(cat);
  const rows = charged(cat);
  assert.deepEqual(calls.answered.filter((id) => !rows.has(id)), []);
  await assertRedis(cat, quota);
});

nodeTest('what a node held that does not come back counts no more once its journal was applied', async () => {
  const fay = await customer('fay', 1_000_000_000);
  const folder = join(nodes[1].folder, 'data', 'journal');
  const members = () => redis.ask('HKEYS', 'yourapi:balance:members').split('\n').filter((field) => field.startsWith('m:'));
  const alive = members().length;
  const calls = load(fay.key, 24);
  await calls.more(300);
  await nodes[1].kill();
  await calls.more(100);
  await calls.stop();
  assert.equal(members().length, alive);

  const files = readdirSync(folder).filter((name) => name.includes('.log')).map((name) => join(folder, name));
  const done = spawnSync(binary, ['journal', 'apply', ...files], { encoding: 'utf8', timeout: 60_000, env: {
    PATH: process.env.PATH, SQL_DSN: database.dsn, REDIS_CONN_STRING: redis.url } });
  assert.equal(done.status, 0, done.stderr);
  const journals = new Set(files.map((path) => basename(path).slice(0, 16)));
  assert.equal(members().length, alive - journals.size, members().join());
  assert.equal((await chat(nodes[0], fay.key, { agent: agents[0] })).status, 200); // who looks at the account next leaves it out
  const { quota } = await assertSums(fay);
  await assertRedis(fay, quota);
  await nodes[1].launch();
  await allShare();
});

nodeTest('Redis is stopped under load and comes back: service goes on and the sums agree', async () => {
  const dan = await customer('dan', 1_000_000_000);
  const calls = load(dan.key, 24);
  await calls.more(300);
  await redis.stop();
  await until('it is said', async () => !(await shared(nodes[0])));
  await calls.more(1000);
  await redis.launch();
  await allShare();
  await calls.more(300);
  await calls.stop();
  const { quota } = await assertSums(dan);
  const rows = charged(dan);
  assert.deepEqual(calls.answered.filter((id) => !rows.has(id)), []);
  await assertRedis(dan, quota);

  // It counts exactly again.
  const eve = await customer('eve', 50 * COST);
  const answers = await Promise.all(Array.from({ length: 600 }, (_, i) => chat(nodes[i % 3], eve.key, { agent: agents[i % 3] })));
  assert.equal(answers.filter(({ status }) => status === 200).length, 50);
  assert.equal((await assertSums(eve)).quota, 0);
});
