// A database that the original program made: it opens, relays for its keys, and keeps every row.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import OpenAI from 'openai';
import { Upstream } from './lib/upstream.mjs';
import { YourApi, freePort, until } from './lib/yourapi.mjs';

const key = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUV';

// The statements that the original of April 2025 runs on an empty file, for the tables that matter here, and some rows
// with NULLs where it leaves them.
const script = (upstream) => `
CREATE TABLE \`channels\` (\`id\` integer,\`type\` integer DEFAULT 0,\`key\` text NOT NULL,\`open_ai_organization\` text,\`test_model\` text,\`status\` integer DEFAULT 1,\`name\` text,\`weight\` integer DEFAULT 0,\`created_time\` integer,\`test_time\` integer,\`response_time\` integer,\`base_url\` text DEFAULT "",\`other\` text,\`balance\` real,\`balance_updated_time\` integer,\`models\` text,\`group\` varchar(64) DEFAULT "default",\`used_quota\` integer DEFAULT 0,\`model_mapping\` text,\`status_code_mapping\` varchar(1024) DEFAULT "",\`priority\` integer DEFAULT 0,\`auto_ban\` integer DEFAULT 1,\`other_info\` text,\`tag\` text,\`setting\` text,\`param_override\` text,PRIMARY KEY (\`id\`));
CREATE INDEX \`idx_channels_name\` ON \`channels\`(\`name\`);
CREATE TABLE \`tokens\` (\`id\` integer,\`user_id\` integer,\`key\` char(48),\`status\` integer DEFAULT 1,\`name\` text,\`created_time\` integer,\`accessed_time\` integer,\`expired_time\` integer DEFAULT -1,\`remain_quota\` integer DEFAULT 0,\`unlimited_quota\` numeric DEFAULT false,\`model_limits_enabled\` numeric DEFAULT false,\`model_limits\` varchar(1024) DEFAULT "",\`allow_ips\` text DEFAULT "",\`used_quota\` integer DEFAULT 0,\`group\` text DEFAULT "",\`deleted_at\` datetime,PRIMARY KEY (\`id\`));
CREATE UNIQUE INDEX \`idx_tokens_key\` ON \`tokens\`(\`key\`);
CREATE TABLE \`users\` (\`id\` integer,\`username\` text UNIQUE,\`password\` text NOT NULL,\`display_name\` text,\`role\` integer DEFAULT 1,\`status\` integer DEFAULT 1,\`email\` text,\`github_id\` text,\`oidc_id\` text,\`wechat_id\` text,\`telegram_id\` text,\`access_token\` char(32),\`quota\` integer DEFAULT 0,\`used_quota\` integer DEFAULT 0,\`request_count\` integer DEFAULT 0,\`group\` varchar(64) DEFAULT "default",\`aff_code\` varchar(32),\`aff_count\` integer DEFAULT 0,\`aff_quota\` integer DEFAULT 0,\`aff_history\` integer DEFAULT 0,\`inviter_id\` integer,\`deleted_at\` datetime,\`linux_do_id\` text,\`setting\` text,PRIMARY KEY (\`id\`));
CREATE UNIQUE INDEX \`idx_users_access_token\` ON \`users\`(\`access_token\`);
CREATE TABLE \`options\` (\`key\` text,\`value\` text,PRIMARY KEY (\`key\`));
CREATE TABLE \`abilities\` (\`group\` varchar(64),\`model\` varchar(255),\`channel_id\` integer,\`enabled\` numeric,\`priority\` integer DEFAULT 0,\`weight\` integer DEFAULT 0,\`tag\` text,PRIMARY KEY (\`group\`,\`model\`,\`channel_id\`));
CREATE TABLE \`logs\` (\`id\` integer,\`user_id\` integer,\`created_at\` integer,\`type\` integer,\`content\` text,\`username\` text DEFAULT "",\`token_name\` text DEFAULT "",\`model_name\` text DEFAULT "",\`quota\` integer DEFAULT 0,\`prompt_tokens\` integer DEFAULT 0,\`completion_tokens\` integer DEFAULT 0,\`use_time\` integer DEFAULT 0,\`is_stream\` numeric DEFAULT false,\`channel_id\` integer,\`channel_name\` text,\`token_id\` integer DEFAULT 0,\`group\` text,\`other\` text,PRIMARY KEY (\`id\`));
CREATE TABLE \`setups\` (\`id\` integer,\`version\` text NOT NULL,\`initialized_at\` integer NOT NULL,PRIMARY KEY (\`id\`));
INSERT INTO setups VALUES (1,'v0.6.3',1744000000);
INSERT INTO users (id,username,password,role,status,quota,used_quota,request_count,access_token,setting) VALUES (1,'root','$2a$10$yixxl0nkCqe3d.1Qrb9K3.P4Gx8xNHWiKlYJUrUdlp1YtAdXKhF3u',100,1,100000000,500,7,'0123456789abcdef0123456789abcdef',NULL);
INSERT INTO tokens (id,user_id,key,status,name,created_time,expired_time,remain_quota,unlimited_quota,used_quota,allow_ips) VALUES (1,1,'${key}',1,'old token',1744000000,-1,0,1,500,NULL);
INSERT INTO channels (id,type,key,status,name,base_url,models,"group",used_quota,weight,priority,auto_ban) VALUES (1,1,'sk-old',1,'old channel','${upstream}','echo,gpt-4o','default',500,NULL,NULL,NULL);
INSERT INTO abilities VALUES ('default','echo',1,1,0,0,NULL),('default','gpt-4o',1,1,0,0,NULL);
INSERT INTO options VALUES ('ModelRatio','{"echo":2,"gpt-4o":1.25}'),('SystemName','Old Name'),('SomethingUnknown','kept');
INSERT INTO logs (id,user_id,created_at,type,content,username,token_name,model_name,quota,prompt_tokens,completion_tokens,channel_id,token_id,"group",other) VALUES (1,1,1744000000,2,'old row','root','old token','echo',500,10,5,1,1,'default','{"model_price":-1}');
CREATE TABLE strangers (id integer, note text);
INSERT INTO strangers VALUES (1,'not ours');
`;

const sqlite = (file, sql) => execFileSync('sqlite3', [file, sql], { encoding: 'utf8' }).trim();

test('an existing database opens, relays, and keeps every row', async () => {
  const up = await Upstream.start();
  const folder = mkdtempSync(join(tmpdir(), 'yourapi-old-'));
  mkdirSync(join(folder, 'data'));
  const file = join(folder, 'data', 'one-api.db');
  execFileSync('sqlite3', [file], { input: script(up.url) });
  const api = await YourApi.start({ folder });
  try {
    const client = new OpenAI({ apiKey: `sk-${key}`, baseURL: `${api.url}/v1`, maxRetries: 0 });
    const reply = await client.chat.completions.create({ model: 'echo', messages: [{ role: 'user', content: 'hi' }] });
    assert.equal(reply.choices[0].message.content, 'echo: hi');

    const headers = { authorization: '0123456789abcdef0123456789abcdef', 'new-api-user': '1' };
    const self = await api.call('GET', '/api/user/self', undefined, headers);
    assert.equal(self.data.username, 'root');
    await until('the call is charged', () => sqlite(file, 'SELECT used_quota FROM users') === '530');
    assert.equal(sqlite(file, 'SELECT quota FROM users'), '99999970');
    assert.equal(sqlite(file, 'SELECT request_count FROM users'), '8');
    assert.equal(sqlite(file, 'SELECT used_quota, remain_quota FROM tokens'), '530|-30');
    assert.equal(sqlite(file, 'SELECT used_quota FROM channels'), '530');
    assert.equal(sqlite(file, 'SELECT count(*), min(content) FROM logs WHERE id = 1'), '1|old row');
    assert.equal(sqlite(file, 'SELECT count(*), sum(quota) FROM logs WHERE type = 2'), '2|530');
    assert.equal(sqlite(file, "SELECT value FROM options WHERE key = 'SomethingUnknown'"), 'kept');
    assert.equal(sqlite(file, 'SELECT note FROM strangers'), 'not ours');
    assert.equal(sqlite(file, 'SELECT count(*) FROM abilities'), '2');
    assert.equal(sqlite(file, 'SELECT weight IS NULL, auto_ban IS NULL FROM channels'), '1|1');
    const status = await api.call('GET', '/api/status');
    assert.equal(status.data.system_name, 'Old Name');
  } finally {
    await api.stop();
    await up.stop();
  }
});

test('a migration that is killed at any moment is finished by the next start, and no row is lost', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'yourapi-old-'));
  mkdirSync(join(folder, 'data'));
  const file = join(folder, 'data', 'one-api.db');
  execFileSync('sqlite3', [file], { input: `${script('http://127.0.0.1:1')}
    INSERT INTO logs (user_id,created_at,type,content,username,token_name,model_name,quota,channel_id,token_id,"group",other)
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
      SELECT 1, 1744000000 + i * 60, 2, 'row ' || i, 'root', 'old token', 'echo', i % 1000, 1, 1, 'default', '{}' FROM n;
    INSERT INTO channels (id,type,key,status,name,models,"group")
      WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
      SELECT i, 1, 'sk-' || i, 1, 'c' || i, 'echo,gpt-4o', 'default' FROM n;` });
  const count = () => sqlite(file, 'SELECT (SELECT count(*) FROM logs), (SELECT sum(quota) FROM logs), (SELECT count(*) FROM channels), (SELECT used_quota FROM users)');
  const before = count();
  const binary = resolve(import.meta.dirname, '../..', process.env.YOURAPI_BIN ?? 'build/release/yourapi');
  for (let ms = 5; ms < 400; ms = ms * 1.3 + 5) {
    const child = spawn(binary, ['--port', String(await freePort()), '--data-dir', join(folder, 'data')], {
      cwd: folder, env: { PATH: process.env.PATH }, stdio: 'ignore' });
    const exited = new Promise((done) => child.on('exit', (code, signal) => done(code ?? signal)));
    await new Promise((done) => setTimeout(done, ms));
    child.kill('SIGKILL');
    assert.equal(await exited, 'SIGKILL');
  }
  const api = await YourApi.start({ folder });
  try {
    const headers = { authorization: '0123456789abcdef0123456789abcdef', 'new-api-user': '1' };
    assert.equal((await api.call('GET', '/api/log/stat?type=2', undefined, headers)).success, true);
    assert.equal(count(), before);
    assert.equal(sqlite(file, 'PRAGMA integrity_check'), 'ok');
    assert.equal(sqlite(file, "SELECT count(*) FROM abilities WHERE model = 'echo' AND enabled = 1"), '1');
  } finally {
    await api.stop();
  }
});
