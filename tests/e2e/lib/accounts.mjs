// What the database says of money, read beside the program, and the client whose calls are compared with it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import http from 'node:http';
import { join } from 'node:path';

export function sqlite(file, sql, { json = false } = {}) {
  const out = execFileSync('sqlite3', [...(json ? ['-json'] : []), '-cmd', '.timeout 20000', file, sql], {
    encoding: 'utf8', maxBuffer: 1 << 30 });
  if (!json) return out.trim();
  return out.trim() ? JSON.parse(out) : [];
}

export const databaseOf = (api) => join(api.folder, 'data', 'one-api.db');

// One chat. Resolves to { status, id, text, headers }: status is 0 when the answer did not arrive whole.
export function chat(api, key, { model = 'echo', stream = false, agent } = {}) {
  return new Promise((done) => {
    const body = JSON.stringify({ model, stream, messages: [{ role: 'user', content: 'x' }] });
    const req = http.request(
      { port: api.port, host: '127.0.0.1', method: 'POST', path: '/v1/chat/completions', agent,
        headers: { authorization: `Bearer ${key}`, 'content-length': Buffer.byteLength(body) } },
      (res) => {
        let text = '';
        res.setEncoding('utf8');
        res.on('data', (data) => (text += data));
        res.on('error', () => {});
        res.on('close', () => {
          const whole = res.complete && (!stream || res.statusCode !== 200 || text.includes('data: [DONE]'));
          done({ status: whole ? res.statusCode : 0, id: res.headers['x-oneapi-request-id'], text, headers: res.headers });
        });
      },
    );
    req.on('error', () => done({ status: 0 }));
    req.end(body);
  });
}

// The same program with a session of its own.
export async function signedIn(api, username, password) {
  const session = Object.assign(Object.create(api), { cookie: '', userId: -1 });
  await session.signIn(username, password);
  return session;
}

export async function addUser(api, username, password) {
  await api.ok('POST', '/api/user/', { username, password, display_name: username });
  return signedIn(api, username, password);
}

// Request ids that have a log row of consumption.
export function chargedIds(api) {
  return sqlite(databaseOf(api), 'SELECT request_id FROM logs WHERE type = 2').split('\n').filter(Boolean);
}

// To the unit: every account holds what its log rows sum up to, what was spent is gone from the balances, and no call has two rows.
// The rows of channel tests cost nobody anything and have no token. `quota` is what all users had together in the beginning, `remain` the same of the tokens.
export function assertBooks(api, { quota, remain } = {}) {
  const file = databaseOf(api);
  const rows = (sql) => sqlite(file, sql, { json: true });
  for (const [table, column] of [['users', 'user_id'], ['tokens', 'token_id'], ['channels', 'channel_id']])
    assert.deepEqual(
      rows(`SELECT t.id, t.used_quota, coalesce(sum(l.quota), 0) AS logged FROM ${table} t
            LEFT JOIN logs l ON l.${column} = t.id AND l.type = 2 AND l.token_id > 0 GROUP BY t.id HAVING t.used_quota <> logged`),
      [], table);
  assert.deepEqual(
    rows(`SELECT u.id, u.request_count, count(l.id) AS logged FROM users u
          LEFT JOIN logs l ON l.user_id = u.id AND l.type = 2 AND l.token_id > 0 GROUP BY u.id HAVING u.request_count <> logged`), [], 'requests');
  assert.deepEqual(rows('SELECT request_id FROM logs WHERE type = 2 AND token_id > 0 GROUP BY request_id HAVING count(*) > 1'), [], 'charged twice');
  const [sums] = rows('SELECT (SELECT sum(quota + used_quota) FROM users) AS quota, (SELECT sum(remain_quota + used_quota) FROM tokens) AS remain');
  if (quota !== undefined) assert.equal(sums.quota, quota);
  if (remain !== undefined) assert.equal(sums.remain, remain);
  return rows('SELECT count(*) AS calls, coalesce(sum(quota), 0) AS points FROM logs WHERE type = 2 AND token_id > 0')[0];
}

// Sum over all accounts of what they have and what they have spent.
export function endowment(api) {
  return {
    quota: Number(sqlite(databaseOf(api), 'SELECT sum(quota + used_quota) FROM users')),
    remain: Number(sqlite(databaseOf(api), 'SELECT sum(remain_quota + used_quota) FROM tokens')),
  };
}
