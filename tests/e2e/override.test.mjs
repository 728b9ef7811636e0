// Overrides of a channel, from the management API to what the upstream gets.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import OpenAI from 'openai';
import { Upstream } from './lib/upstream.mjs';
import { YourApi } from './lib/yourapi.mjs';

let api, up, channel, client;

before(async () => {
  up = await Upstream.start();
  api = await YourApi.start();
  await api.setUp();
  await api.setOption('ModelRatio', { echo: 1 });
  channel = await api.addChannel({ base_url: up.url, models: 'echo' });
  client = new OpenAI({ apiKey: (await api.addToken()).key, baseURL: `${api.url}/v1`, maxRetries: 0 });
});

after(async () => {
  await api?.stop();
  await up?.stop();
});

const change = (fields) => api.call('PUT', '/api/channel/', { id: channel.id, ...fields });
const override = (value) => change({ param_override: JSON.stringify(value) });
const ask = (content, fields = {}, headers = {}) =>
  client.chat.completions.create({ model: 'echo', messages: [{ role: 'user', content }], ...fields }, { headers });

test('operations change the body and the headers that the upstream gets', async () => {
  const saved = await override({
    top_k: 3,
    operations: [
      { mode: 'move', from: 'max_tokens', to: 'max_completion_tokens' },
      { mode: 'regex_replace', path: 'messages.-1.content', from: '\\d{4,}', to: '[number]' },
      { mode: 'set', path: 'metadata.tier', value: 'long', conditions: [{ path: 'max_completion_tokens', mode: 'gt', value: 10 }] },
      { mode: 'pass_headers', value: ['X-Trace'] },
      { mode: 'set_header', path: 'X-Channel-Key', value: '{api_key}' },
    ],
  });
  assert.equal(saved.success, true, saved.message);
  const reply = await ask('my card is 12345678', { max_tokens: 20 }, { 'X-Trace': 't1' });
  assert.equal(reply.choices[0].message.content, 'echo: my card is [number]');
  const seen = up.requests.at(-1);
  assert.deepEqual(seen.body, {
    model: 'echo',
    messages: [{ role: 'user', content: 'my card is [number]' }],
    top_k: 3,
    max_completion_tokens: 20,
    metadata: { tier: 'long' },
  });
  assert.equal(seen.headers['x-trace'], 't1');
  assert.equal(seen.headers['x-channel-key'], 'sk-upstream-secret-0123456789');
  await ask('hi', { max_tokens: 5, stream: true }).then(async (stream) => { for await (const chunk of stream) void chunk; });
  assert.equal(up.requests.at(-1).body.metadata, undefined);
  assert.deepEqual(up.requests.at(-1).body.stream_options, { include_usage: true });
});

test('an operation can refuse a request, which costs nothing', async () => {
  await override({
    operations: [{
      mode: 'return_error',
      value: { message: 'images only', status_code: 422, code: 'wrong_kind' },
      conditions: [{ path: 'messages.0.content', mode: 'prefix', value: 'text' }],
    }],
  });
  const calls = up.requests.length;
  await assert.rejects(ask('text please'), (e) => e.status === 422 && e.code === 'wrong_kind' && /images only/.test(e.message));
  assert.equal(up.requests.length, calls);
  assert.equal((await ask('other')).choices[0].message.content, 'echo: other');
});

test('an override that cannot be done is refused, and the one before stays', async () => {
  const reply = await override({ operations: [{ mode: 'regex_replace', path: 'model', from: '(' }] });
  assert.equal(reply.success, false);
  assert.match(reply.message, /param_override.*operations\[0\].*正则表达式/);
  await assert.rejects(ask('text please'), (e) => e.status === 422);
});

test('members that cost more than is charged go out where the channel allows it', async () => {
  await override({});
  await ask('hi', { service_tier: 'priority' });
  assert.equal('service_tier' in up.requests.at(-1).body, false);
  await change({ settings: JSON.stringify({ allow_service_tier: true }) });
  await ask('hi', { service_tier: 'priority' });
  assert.equal(up.requests.at(-1).body.service_tier, 'priority');
});
