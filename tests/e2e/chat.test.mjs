// The first chat: a new installation, a channel, a token, and the official SDK.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import OpenAI from 'openai';
import { Upstream } from './lib/upstream.mjs';
import { YourApi, until } from './lib/yourapi.mjs';

let api, up, token, client;
const models = ['gpt-4o', 'echo', 'tokens-100-20', 'no-usage', 'cached', 'text-embedding-3-small', 'gpt-3.5-turbo-instruct'];

before(async () => {
  up = await Upstream.start();
  api = await YourApi.start();
  await api.setUp();
  await api.setOption('ModelRatio', {
    ...Object.fromEntries(models.map((m) => [m, 1])), 'tokens-100-20': 2 });
  await api.setOption('CompletionRatio', { 'tokens-100-20': 3 });
  await api.addChannel({ base_url: up.url, models: models.join(',') });
  token = await api.addToken();
  client = new OpenAI({ apiKey: token.key, baseURL: `${api.url}/v1`, maxRetries: 0 });
});

after(async () => {
  await api?.stop();
  await up?.stop();
});

const messages = [{ role: 'user', content: 'hello gateway' }];

test('a chat that is not streamed is answered and metered', async () => {
  const reply = await client.chat.completions.create({ model: 'tokens-100-20', messages });
  assert.equal(reply.choices[0].message.content, 'echo: hello gateway');
  assert.equal(reply.usage.total_tokens, 120);
  const row = await until('the log row', async () => (await api.logs()).find((r) => r.model_name === 'tokens-100-20'));
  assert.equal(row.quota, (100 + 20 * 3) * 2);
  assert.equal(row.prompt_tokens, 100);
  assert.equal(row.completion_tokens, 20);
  assert.equal(row.is_stream, false);
  const other = JSON.parse(row.other);
  assert.equal(other.model_ratio, 2);
  assert.equal(other.completion_ratio, 3);
  assert.equal(other.group_ratio, 1);
  assert.deepEqual(other.admin_info.use_channel, ['1']);
});

test('a streamed chat is answered and metered, and its usage is hidden from who did not ask', async () => {
  const stream = await client.chat.completions.create({ model: 'echo', messages, stream: true });
  let text = '';
  for await (const chunk of stream) {
    assert.equal('usage' in chunk, false);
    assert.equal(chunk.choices.length, 1);
    text += chunk.choices[0].delta.content ?? '';
  }
  assert.equal(text, 'echo: hello gateway');
  assert.deepEqual(up.requests.at(-1).body.stream_options, { include_usage: true });
  const row = await until('the log row', async () => (await api.logs()).find((r) => r.model_name === 'echo'));
  assert.equal(row.quota, 15);
  assert.equal(row.is_stream, true);
  assert.ok(JSON.parse(row.other).frt >= 0);
});

test('a client that asks for usage gets it', async () => {
  const stream = await client.chat.completions.create({
    model: 'echo', messages, stream: true, stream_options: { include_usage: true } });
  let usage = null;
  for await (const chunk of stream) usage = chunk.usage ?? usage;
  assert.equal(usage.total_tokens, 15);
});

test('cached tokens cost their own ratio and are told in the log', async () => {
  await api.setOption('CacheRatio', { cached: 0.5 });
  await client.chat.completions.create({ model: 'cached', messages });
  const row = await until('the log row', async () => (await api.logs()).find((r) => r.model_name === 'cached'));
  assert.equal(row.quota, 6 + 2 + 5);
  assert.equal(JSON.parse(row.other).cache_tokens, 4);
});

test('usage that the upstream does not report is estimated', async () => {
  await client.chat.completions.create({ model: 'no-usage', messages });
  const row = await until('the log row', async () => (await api.logs()).find((r) => r.model_name === 'no-usage'));
  assert.ok(row.prompt_tokens > 0 && row.completion_tokens > 0 && row.quota > 0);
});

test('completions and embeddings work', async () => {
  const completion = await client.completions.create({ model: 'gpt-3.5-turbo-instruct', prompt: 'once' });
  assert.equal(completion.choices[0].text, 'echo: once');
  const vectors = await client.embeddings.create({
    model: 'text-embedding-3-small', input: ['a', 'b'], encoding_format: 'float' });
  assert.equal(vectors.data.length, 2);
  await until('two log rows', async () => (await api.logs()).filter((r) => /instruct|embedding/.test(r.model_name)).length === 2);
});

test('models are listed and found', async () => {
  const list = await client.models.list();
  assert.deepEqual(list.data.map((m) => m.id).sort(), [...models].sort());
  assert.equal((await client.models.retrieve('gpt-4o')).owned_by, 'openai');
  await assert.rejects(client.models.retrieve('nobody'), { status: 404 });
});

test('unknown members and the spelling of numbers reach the upstream untouched', async () => {
  const raw = '{"model":"echo", "messages":[{"role":"user","content":"x","vendor":1.50}],"big":12345678901234567890,"t":1e-07}';
  const reply = await fetch(`${api.url}/v1/chat/completions`, {
    method: 'POST', headers: { authorization: `Bearer ${token.key}`, 'content-type': 'application/json' }, body: raw });
  assert.equal(reply.status, 200);
  assert.equal(up.requests.at(-1).raw, raw);
});

test('model mapping changes the name and nothing else', async () => {
  await api.addChannel({
    name: 'mapped', base_url: up.url, models: 'alias', model_mapping: '{"alias":"middle","middle":"echo"}' });
  await api.setOption('ModelPrice', { alias: 0.001 });
  const raw = '{ "model" : "alias","messages":[{"role":"user","content":"x"}] }';
  const reply = await fetch(`${api.url}/v1/chat/completions`, {
    method: 'POST', headers: { authorization: `Bearer ${token.key}` }, body: raw });
  assert.equal(reply.status, 200);
  assert.equal(up.requests.at(-1).raw, raw.replace('alias', 'echo'));
  const row = await until('the log row', async () => (await api.logs()).find((r) => r.model_name === 'alias'));
  assert.equal(row.quota, 500);
  assert.equal(JSON.parse(row.other).upstream_model_name, 'echo');
});

test('a custom channel is a whole address with the model in it', async () => {
  await api.addChannel({ name: 'custom', type: 8, base_url: `${up.url}/deep/{model}/chat`, models: 'echo-custom' });
  await api.setOption('ModelPrice', { 'echo-custom': 0.001, alias: 0.001 });
  const reply = await client.chat.completions.create({ model: 'echo-custom', messages });
  assert.equal(reply.choices[0].message.content, 'echo: hello gateway');
  assert.equal(up.requests.at(-1).url, '/deep/echo-custom/chat');
});

test('the sums of the log, the user, the token and the channels agree', async () => {
  const rows = await until('all rows', async () => {
    const all = await api.logs();
    return all.length >= 10 ? all : null;
  });
  const total = rows.reduce((sum, r) => sum + r.quota, 0);
  const user = await api.ok('GET', '/api/user/self');
  assert.equal(user.used_quota, total);
  const tokens = await api.ok('GET', '/api/token/?p=0&size=10');
  assert.equal(tokens[0].used_quota, total);
  const channels = await api.ok('GET', '/api/channel/?p=0&page_size=100');
  assert.equal(channels.reduce((sum, c) => sum + c.used_quota, 0), total);
});
