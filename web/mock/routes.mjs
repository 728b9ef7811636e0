// The management API as the console uses it, over the world of data.mjs. Enough to click through every page.
import { makeWorld } from './data.mjs';

const ok = (data) => ({ body: data === undefined ? { success: true, message: '' } : { success: true, message: '', data } });
const fail = (message, status = 200) => ({ status, body: { success: false, message } });
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const withoutKey = (row) => ({ ...row, key: '' });
const page1 = (rows, query) => {
  const size = Number(query.get('page_size')) || 10;
  const page = Math.max(1, Number(query.get('p')) || 1);
  return { items: rows.slice((page - 1) * size, page * size), total: rows.length, page, page_size: size };
};
const page0 = (rows, query, name) => {
  const size = Number(query.get(name)) || 10;
  const page = Math.max(0, Number(query.get('p')) || 0);
  return rows.slice(page * size, (page + 1) * size);
};

function loginUser(world, user) {
  const { id, username, display_name, role, status, group } = user;
  return { id, username, display_name, role, status, group, must_change_password: world.passwords.get(username) === '123456' };
}

function login(world, { body, session }) {
  const user = world.users.find((row) => row.username === body.username);
  if (!user || user.status !== 1 || world.passwords.get(user.username) !== body.password) return fail('The user name or the password is wrong, or the account is disabled.');
  session.userId = user.id;
  return ok(loginUser(world, user));
}

function setup(world, { body }) {
  if (world.ready) return fail('The server is set up already.', 400);
  if (body.password !== body.confirmPassword) return fail('The passwords differ.', 400);
  if (world.codeRequired && body.setup_code !== 'K7QF-2M9X') return fail('The setup code is wrong.', 400);
  world.users[0].username = body.username;
  world.passwords.set(body.username, body.password);
  world.ready = true;
  return ok();
}

function changeSelf(world, { body, me }) {
  if (body.password && world.passwords.get(me.username) !== body.original_password) return fail('The present password is wrong.');
  const password = body.password || world.passwords.get(me.username);
  Object.assign(me, { username: body.username ?? me.username, display_name: body.display_name ?? me.display_name });
  world.passwords.set(me.username, password);
  return ok();
}

function status(world) {
  return ok({ version: 'v0.1.0', start_time: 1700000000, system_name: world.options.SystemName, logo: '', footer_html: '', server_address: world.options.ServerAddress,
    quota_per_unit: Number(world.options.QuotaPerUnit), display_in_currency: world.options.DisplayInCurrencyEnabled === 'true', chats: [], setup: world.ready,
    demo_site_enabled: false, self_use_mode_enabled: false });
}

function filterLogs(rows, query) {
  const like = (query.get('model_name') ?? '').replaceAll('%', '');
  const equal = (name, key = name) => (row) => !query.get(name) || String(row[key]) === query.get(name);
  return rows.filter((row) => row.created_at >= Number(query.get('start_timestamp') ?? 0) && row.created_at <= (Number(query.get('end_timestamp')) || Infinity))
    .filter((row) => row.model_name.includes(like))
    .filter((row) => !Number(query.get('type')) || row.type === Number(query.get('type')))
    .filter(equal('username')).filter(equal('token_name')).filter(equal('group')).filter(equal('channel'));
}

function stat(rows, query) {
  const mine = filterLogs(rows, query).filter((row) => row.type === 2);
  const minute = mine.filter((row) => row.created_at > Date.now() / 1000 - 60);
  const sum = (list, of) => list.reduce((total, row) => total + of(row), 0);
  return { quota: sum(mine, (row) => row.quota), rpm: minute.length, tpm: sum(minute, (row) => row.prompt_tokens + row.completion_tokens) };
}

const ownLogs = (world, me) => world.logs.filter((row) => row.username === me.username).map((row) => {
  const other = row.other ? JSON.parse(row.other) : null;
  if (other) delete other.admin_info;
  return { ...row, id: row.id % 1024, channel_name: '', other: JSON.stringify(other) };
});

function addChannels(world, { body }) {
  const keys = (body.key ?? '').split('\n').filter((key) => key.trim() !== '');
  if (keys.length === 0) return fail('empty slice found');
  for (const key of keys) {
    world.nextId += 1;
    world.channels.push({ ...makeWorld(false).channels[2], remark: '', tag: null, used_quota: 0, response_time: 0, test_time: 0, status: 1, ...body, key, id: world.nextId });
  }
  return ok();
}

function changeChannel(world, { body }) {
  const row = world.channels.find((entry) => entry.id === body.id);
  if (!row) return fail('record not found');
  for (const [name, value] of Object.entries(body)) if (value !== null && (name !== 'key' || value !== '')) row[name] = value;
  return ok(row);
}

// What is null, or an empty text of a list, changes nothing.
function changeTag(world, { body }) {
  for (const row of world.channels.filter((entry) => entry.tag === body.tag)) {
    for (const name of ['model_mapping', 'models', 'priority', 'weight', 'param_override', 'header_override'])
      if (body[name] !== undefined && body[name] !== null && body[name] !== '') row[name] = body[name];
    if (body.groups) row.group = body.groups;
    if (typeof body.new_tag === 'string') row.tag = body.new_tag || null;
  }
  return ok();
}

function switchTag(world, { body }, status) {
  for (const row of world.channels) if (row.tag === body.tag) row.status = status;
  return ok();
}

function tagModels(world, { query }) {
  const lists = world.channels.filter((row) => row.tag === query.get('tag')).map((row) => row.models);
  return ok(lists.sort((a, b) => b.length - a.length)[0] ?? '');
}

function searchChannels(world, { query }) {
  const has = (text, part) => (text ?? '').toLowerCase().includes((part ?? '').toLowerCase());
  return ok(world.channels.filter((row) => (String(row.id) === query.get('keyword') || has(row.name, query.get('keyword')))
    && has(row.models, query.get('model')) && (!query.get('group') || row.group.split(',').includes(query.get('group')))).map(withoutKey));
}

async function testChannel(world, { id, query }) {
  const row = world.channels.find((entry) => entry.id === id);
  await sleep(700);
  if (!row) return fail('record not found');
  row.test_time = Math.floor(Date.now() / 1000);
  row.response_time = row.status === 3 ? 412 : 863;
  if (row.status === 3) return { body: { success: false, message: `status code 401: Access denied due to invalid subscription key (model ${query.get('model') ?? 'default'})`, time: 0.412 } };
  return { body: { success: true, message: '', time: 0.863 } };
}

function addToken(world, { body, me }) {
  world.nextId += 1;
  const base = makeWorld(false).tokens[4];
  world.tokens.unshift({ ...base, ...body, id: world.nextId, user_id: me.id, used_quota: 0, key: `${Math.random().toString(36).slice(2)}${'x'.repeat(48)}`.slice(0, 48) });
  return ok();
}

function changeToken(world, { body, query }) {
  const row = world.tokens.find((entry) => entry.id === body.id);
  if (!row) return fail('record not found');
  if (body.status === 1 && row.status === 4 && row.remain_quota <= 0) return fail('The quota of this token is exhausted. Change its quota first.');
  if (query.get('status_only')) row.status = body.status;
  else Object.assign(row, body);
  return ok(row);
}

function manageUser(world, { body }) {
  const row = world.users.find((entry) => entry.id === body.id);
  if (!row) return fail('The user does not exist.');
  if (row.role === 100 && body.action !== 'enable') return fail('The root user cannot be changed.');
  const acts = { enable: { status: 1 }, disable: { status: 2 }, promote: { role: 10 }, demote: { role: 1 }, delete: { DeletedAt: new Date().toISOString() } };
  Object.assign(row, acts[body.action]);
  return ok({ role: row.role, status: row.status });
}

function addUser(world, { body }) {
  if (world.users.some((row) => row.username === body.username)) return fail('UNIQUE constraint failed: users.username');
  world.nextId += 1;
  world.users.unshift({ ...world.users.at(-1), id: world.nextId, username: body.username, display_name: body.display_name || body.username, role: 1, quota: 0, used_quota: 0, request_count: 0, email: '' });
  return ok();
}

function changeOption(world, { body }) {
  if (body.key === 'GroupRatio' && Object.values(JSON.parse(body.value)).some((value) => value < 0)) return fail('group ratio must be not less than 0: default');
  world.options[body.key] = body.value;
  return ok();
}

const dataRows = (world, query) => world.quotaRows.filter((row) => row.created_at >= Number(query.get('start_timestamp')) && row.created_at <= Number(query.get('end_timestamp')));
const typeModels = { 1: ['gpt-4o', 'gpt-4o-mini', 'gpt-4.1', 'o3-mini', 'text-embedding-3-small'], 14: ['claude-3-7-sonnet-20250219', 'claude-3-5-haiku-20241022'], 43: ['deepseek-chat', 'deepseek-reasoner'] };
const remove = (rows, id) => { const at = rows.findIndex((row) => row.id === id); if (at >= 0) rows.splice(at, 1); return ok(); };

// Method and path, `:id` for a number, with the least role and the handler.
const table = [
  ['GET /api/status', 0, status],
  ['GET /api/setup', 0, (w) => ok({ status: w.ready, root_init: false, database_type: 'sqlite', code_required: w.codeRequired })],
  ['POST /api/setup', 0, setup],
  ['POST /api/user/login', 0, login],
  ['GET /api/user/logout', 0, (w, r) => { r.session.userId = 0; return ok(); }],
  ['GET /api/user/self', 1, (w, { me }) => ok(me)],
  ['PUT /api/user/self', 1, changeSelf],
  ['GET /api/user/self/groups', 1, () => ok({ default: { ratio: 1, desc: 'Default' }, vip: { ratio: 0.9, desc: 'VIP' } })],
  ['GET /api/user/models', 1, (w) => ok([...new Set(w.channels.flatMap((row) => row.models.split(',')))])],
  ['GET /api/group/', 10, (w) => ok(Object.keys(JSON.parse(w.options.GroupRatio)))],
  ['GET /api/models', 1, () => ok(typeModels)],
  ['GET /api/channel/models', 10, () => ok(Object.values(typeModels).flat().map((id) => ({ id })))],
  ['GET /api/channel/', 10, (w, { query }) => ok(page0([...w.channels].sort((a, b) => query.get('id_sort') === 'true' ? b.id - a.id : b.priority - a.priority), query, 'page_size').map(withoutKey))],
  ['GET /api/channel/search', 10, searchChannels],
  ['GET /api/channel/test/:id', 10, testChannel],
  ['DELETE /api/channel/disabled', 10, (w) => { const before = w.channels.length; w.channels = w.channels.filter((row) => row.status === 1); return ok(before - w.channels.length); }],
  ['GET /api/channel/tag/models', 10, tagModels],
  ['PUT /api/channel/tag', 10, changeTag],
  ['POST /api/channel/tag/enabled', 10, (w, call) => switchTag(w, call, 1)],
  ['POST /api/channel/tag/disabled', 10, (w, call) => switchTag(w, call, 2)],
  ['GET /api/channel/:id', 10, (w, { id }) => ok(withoutKey(w.channels.find((row) => row.id === id)))],
  ['POST /api/channel/', 10, addChannels],
  ['PUT /api/channel/', 10, changeChannel],
  ['DELETE /api/channel/:id', 10, (w, { id }) => remove(w.channels, id)],
  ['GET /api/token/', 1, (w, { query }) => ok(page0(w.tokens, query, 'size'))],
  ['GET /api/token/search', 1, (w, { query }) => ok(w.tokens.filter((row) => row.name.includes(query.get('keyword') ?? '') && row.key.includes((query.get('token') ?? '').replace(/^sk-/, ''))))],
  ['POST /api/token/', 1, addToken],
  ['PUT /api/token/', 1, changeToken],
  ['DELETE /api/token/:id', 1, (w, { id }) => remove(w.tokens, id)],
  ['GET /api/log/', 10, (w, { query }) => ok(page1(filterLogs(w.logs, query), query))],
  ['GET /api/log/self', 1, (w, { me, query }) => ok(page1(filterLogs(ownLogs(w, me), query), query))],
  ['GET /api/log/stat', 10, (w, { query }) => ok(stat(w.logs, query))],
  ['GET /api/log/self/stat', 1, (w, { me, query }) => ok(stat(ownLogs(w, me), query))],
  ['GET /api/data/', 10, (w, { query }) => ok(dataRows(w, query))],
  ['GET /api/data/self', 1, (w, { query }) => ok(dataRows(w, query))],
  ['GET /api/user/', 10, (w, { query }) => ok(page1(w.users, query))],
  ['GET /api/user/search', 10, (w, { query }) => ok(page1(w.users.filter((row) => [row.username, row.display_name, row.email].some((text) => text.includes(query.get('keyword') ?? '')) && (!query.get('group') || row.group === query.get('group'))), query))],
  ['GET /api/user/:id', 10, (w, { id }) => ok(w.users.find((row) => row.id === id))],
  ['POST /api/user/', 10, addUser],
  ['PUT /api/user/', 10, (w, { body }) => { const row = w.users.find((entry) => entry.id === body.id); const { password, ...rest } = body; Object.assign(row, rest); if (password) w.passwords.set(row.username, password); return ok(); }],
  ['POST /api/user/manage', 10, manageUser],
  ['DELETE /api/user/:id', 10, (w, { id }) => remove(w.users, id)],
  ['GET /api/node/', 10, () => ok(nodes())],
  ['GET /api/option/', 100, (w) => ok(Object.entries(w.options).map(([key, value]) => ({ key, value })))],
  ['PUT /api/option/', 100, changeOption],
];

function nodes() {
  const now = Math.floor(Date.now() / 1000);
  const node = (name, state, seen, more) => ({
    name, state, self: false, id: name, program: 'yourapi', version: 'v0.1.0', hostname: name, address: `${name}:3000`, type: 'master', redis: 'up',
    started_at: now - 90_000, last_seen_at: now - seen, seen_ago_s: seen, jobs: [],
    load: { open_requests: 12, cpu_percent: 37.5, memory_bytes: 81_000_000, load_1m: 0.7 }, ...more });
  return [
    node('north', 'online', 4, { self: true, jobs: ['channel_test'] }),
    node('south', 'online', 9, { type: 'slave', redis: 'down' }),
    node('west', 'lost', 310),
    node('east', 'stopped', 86_000),
  ];
}

function match(method, path) {
  for (const [route, role, handler] of table) {
    const pattern = new RegExp(`^${route.replace('/:id', '/(?<id>\\d+)')}$`);
    const found = pattern.exec(`${method} ${path}`);
    if (found) return { role, handler, id: Number(found.groups?.id ?? 0) };
  }
  return null;
}

/** Answers one management call: `{status?, body}`. */
export async function answer(world, request) {
  const route = match(request.method, request.path);
  if (!route) return { status: 404, body: { error: { message: `Invalid URL (${request.method} ${request.path})`, type: 'invalid_request_error' } } };
  const me = world.users.find((row) => row.id === request.session.userId);
  if (route.role > 0 && (!me || String(me.id) !== request.userHeader)) return fail('Not signed in and no access token given.', 401);
  if (route.role > 0 && world.passwords.get(me.username) === '123456' && request.path !== '/api/user/self') return fail('Change the password first.');
  if (route.role > (me?.role ?? 0)) return fail('Insufficient permission.');
  return route.handler(world, { ...request, me, id: route.id });
}
