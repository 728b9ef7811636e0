// Realtime sessions: the official SDK's WebSocket clients of both protocols, and bare ones, against an upstream written with `ws`.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import net from 'node:net';
import OpenAI from 'openai';
import { OpenAIRealtimeWS as Beta } from 'openai/beta/realtime/ws';
import { OpenAIRealtimeWS as Current } from 'openai/realtime/ws';
import { WebSocket } from 'ws';
import { databaseOf, sqlite } from './lib/accounts.mjs';
import { RealtimeUpstream, usual } from './lib/realtime.mjs';
import { YourApi, until } from './lib/yourapi.mjs';

const channelKey = 'sk-upstream-secret-0123456789';
const models = ['usage-a', 'usage-b', 'usage-c', 'usage-d', 'usage-kill', 'usage-stop', 'hang-stop', 'stay-3-kill', 'deaf-a', 'usage-off', 'usage-words', 'bare-a', 'cut-a', 'end-a', 'hang-a', 'org-a', 'silent-a', 'priced', 'cached'];
let api, up, token, channel;

before(async () => {
  up = await RealtimeUpstream.start();
  api = await YourApi.start();
  await api.setUp();
  const all = [...models, 'retry-a', 'retry-b', 'refuse-a', 'azure-a', 'azure.b'];
  await api.setOption('ModelRatio', Object.fromEntries(all.filter((m) => m !== 'priced').map((m) => [m, 2])));
  await api.setOption('CompletionRatio', Object.fromEntries(all.map((m) => [m, 3])));
  await api.setOption('AudioRatio', Object.fromEntries(all.map((m) => [m, 10])));
  await api.setOption('AudioCompletionRatio', Object.fromEntries(all.map((m) => [m, 2])));
  await api.setOption('CacheRatio', { cached: 0.5 });
  await api.setOption('ModelPrice', { priced: 0.01 });
  channel = await api.addChannel({ base_url: up.url, models: models.join(','), model_mapping: '{"priced":"usage-p","cached":"usage-x"}' });
  token = await api.addToken();
});

after(async () => {
  await api?.stop();
  await up?.stop();
});

// The SDK knows no plain ws://, so the connection below its TLS is ours.
const plain = () => ({ createConnection: () => net.connect(api.port, '127.0.0.1') });
const sdk = (Client, model, key = token.key) =>
  new Client({ model, options: plain() }, new OpenAI({ apiKey: key, baseURL: `${api.url}/v1` }));

// A client that keeps what it gets: events as texts, and how the socket ended.
function bare(query, { protocols, headers, key = token.key } = {}) {
  const ws = new WebSocket(`${api.url.replace('http', 'ws')}/v1/realtime${query}`, protocols ?? [], {
    headers: headers ?? (protocols ? {} : { authorization: `Bearer ${key}` }) });
  const client = { ws, texts: [], binaries: [], status: 0, body: '' };
  ws.on('message', (data, binary) => (binary ? client.binaries.push(data) : client.texts.push(data.toString())));
  client.opened = new Promise((done, fail) => {
    ws.once('open', done);
    ws.once('error', fail);
  });
  client.opened.catch(() => {});
  client.ended = new Promise((done) => ws.once('close', (code, reason) => done({ code, reason: reason.toString() })));
  ws.on('error', () => {});
  client.refused = new Promise((done) => {
    ws.once('open', () => done(client));
    ws.once('close', () => done(client));
    ws.once('unexpected-response', (req, res) => {
      client.status = res.statusCode;
      res.on('data', (data) => (client.body += data));
      res.on('end', () => done(client));
    });
  });
  client.events = () => client.texts.map((t) => JSON.parse(t));
  client.send = (event) => ws.send(typeof event === 'string' ? event : JSON.stringify(event));
  client.got = (type, count = 1) => until(`${count} ${type}`, async () => {
    const found = client.events().filter((e) => e.type === type);
    return found.length >= count && found[count - 1];
  });
  return client;
}

const rowsOf = async (model) => (await api.logs()).filter((r) => r.model_name === model);
const rows = (model, n) => until(`${n} rows of ${model}`, async () => {
  const found = await rowsOf(model);
  return found.length === n && found;
});
const usualPoints = (60 + 20 * 3 + 40 * 10 + 30 * 10 * 2) * 2;

test('the SDK of the current protocol talks through, and each response is a row', async () => {
  const rt = sdk(Current, 'usage-a');
  const events = [];
  rt.on('event', (e) => events.push(e));
  rt.on('error', (e) => assert.fail(e.message));
  await until('session.created', async () => events.some((e) => e.type === 'session.created'));
  const handshake = up.handshakes.at(-1);
  assert.equal(handshake.url, '/v1/realtime?model=usage-a');
  assert.equal(handshake.headers.authorization, `Bearer ${channelKey}`);
  assert.equal('openai-beta' in handshake.headers, false);
  assert.equal('sec-websocket-protocol' in handshake.headers, false);
  up.usages.push(usual, { ...usual, output_tokens: 20, output_token_details: { text_tokens: 20, audio_tokens: 0 } });
  for (const [i, done] of ['first', 'second'].entries()) {
    rt.send({ type: 'response.create', response: { instructions: done } });
    await until(`${done} response.done`, async () => events.filter((e) => e.type === 'response.done').length === i + 1);
  }
  assert.ok(events.some((e) => e.type === 'response.output_audio.delta'));
  const found = await rows('usage-a', 2); // while the session is open
  assert.deepEqual(found.map((r) => r.quota).sort((a, b) => a - b), [(60 + 20 * 3 + 400) * 2, usualPoints]);
  const row = found.find((r) => r.quota === usualPoints), other = JSON.parse(row.other);
  assert.deepEqual([row.prompt_tokens, row.completion_tokens, row.is_stream], [100, 50, true]);
  for (const [name, value] of Object.entries({
    ws: true, audio_input: 40, audio_output: 30, text_input: 60, text_output: 20, audio_ratio: 10, audio_completion_ratio: 2,
    model_ratio: 2, completion_ratio: 3, group_ratio: 1, model_price: -1, request_path: '/v1/realtime' }))
    assert.equal(other[name], value, name);
  assert.ok(other.frt >= 0);
  assert.equal('audio' in other, false);
  assert.equal('stream_status' in other, false);
  assert.match(row.content, /音频倍率 10\.00/);
  const closed = new Promise((done) => rt.socket.on('close', (code) => done(code)));
  rt.close({ code: 1000, reason: 'OK' });
  await closed;
  await until('the upstream is closed', async () => up.closed.length === 1);
});

test('the SDK of the beta protocol is spoken to in its way', async () => {
  const rt = sdk(Beta, 'usage-b');
  const events = [];
  rt.on('event', (e) => events.push(e));
  await until('session.created', async () => events.some((e) => e.type === 'session.created'));
  assert.equal(up.handshakes.at(-1).headers['openai-beta'], 'realtime=v1');
  rt.send({ type: 'response.create' });
  await until('response.done', async () => events.some((e) => e.type === 'response.done'));
  assert.ok(events.some((e) => e.type === 'response.audio.delta'));
  assert.equal((await rows('usage-b', 1))[0].quota, usualPoints);
  rt.close();
});

test('a browser brings its key as a sub-protocol, and the upstream gets ours in the same way', async () => {
  const client = bare('?model=usage-c', {
    protocols: ['realtime', `openai-insecure-api-key.${token.key}`, 'openai-beta.realtime-v1'] });
  await client.opened;
  assert.equal(client.ws.protocol, 'realtime');
  const handshake = up.handshakes.at(-1);
  assert.deepEqual(handshake.protocols, ['realtime', `openai-insecure-api-key.${channelKey}`, 'openai-beta.realtime-v1']);
  assert.equal(JSON.stringify(handshake.headers).includes(token.key.slice(3)), false);
  client.ws.close();
  const current = bare('?model=usage-c', { protocols: ['realtime', `openai-insecure-api-key.${token.key}`] });
  await current.opened;
  assert.deepEqual(up.handshakes.at(-1).protocols, ['realtime', `openai-insecure-api-key.${channelKey}`]);
  assert.equal('openai-beta' in up.handshakes.at(-1).headers, false);
  current.ws.close();
  const both = bare('?model=usage-c', { protocols: ['realtime'], headers: { authorization: `Bearer ${token.key}` } });
  await both.opened;
  both.ws.close();
});

test('messages go through byte for byte, in both directions, also large and binary ones', async () => {
  const client = bare('?model=usage-d');
  await client.got('session.created');
  const odd = '{ "type" : "conversation.item.create", "item":{"type":"message","content":[{"type":"input_text","text":"h\\u00e9 \\/"}],"n":1.50e1}, "big":12345678901234567890 }';
  client.send(odd);
  const added = await client.got('conversation.item.added');
  assert.equal(up.received.at(-1), odd);
  assert.equal(added.item.content[0].text, 'hé /');
  const large = JSON.stringify({ type: 'input_audio_buffer.append', audio: 'A'.repeat(8 << 20) });
  client.send(large);
  await until('the large message', async () => up.received.at(-1) === large);
  client.ws.send(Buffer.from([0, 255, 1]));
  await until('the binary message', async () => client.binaries.length === 1);
  assert.deepEqual([...client.binaries[0]], [0, 255, 1]);
  client.ws.close(4321, 'bye');
  await client.ended;
  assert.equal((await rowsOf('usage-d')).length, 0); // no response, no charge
});

test('who may not, or asks wrongly, is told by HTTP', async () => {
  const status = async (query, options) => (await bare(query, options).refused).status;
  assert.equal(await status('?model=usage-a', { key: 'sk-wrong' }), 401);
  assert.equal(await status('?model=usage-a', { headers: {} }), 401);
  assert.equal(await status('?model=usage-a', { protocols: ['realtime', 'openai-insecure-api-key.sk-wrong'] }), 401);
  assert.equal(await status(''), 400);
  assert.equal(await status('?model=nobody-has-it'), 500); // no price
  const poor = await api.addToken({ name: 'poor', unlimited_quota: false, remain_quota: 1 });
  const refused = await bare('?model=usage-a', { key: poor.key }).refused;
  assert.equal(refused.status, 403);
  assert.equal(JSON.parse(refused.body).error.code, 'pre_consume_token_quota_failed');
  const get = await fetch(`${api.url}/v1/realtime?model=usage-a`, { headers: { authorization: `Bearer ${token.key}` } });
  assert.equal(get.status, 400);
});

test('an upstream that refuses is followed by another, unseen', async () => {
  await api.setOption('RetryTimes', '2');
  const mapping = (to) => JSON.stringify({ 'retry-a': to, 'retry-b': to === 'refuse-503' ? 'error-first' : to });
  const first = await api.addChannel({ name: 'refuses', base_url: up.url, models: 'retry-a,retry-b', priority: 10, auto_ban: 0, model_mapping: mapping('refuse-503') });
  const second = await api.addChannel({ name: 'serves', base_url: up.url, models: 'retry-a,retry-b', model_mapping: mapping('usage-r') });
  for (const model of ['retry-a', 'retry-b']) { // refused as HTTP; refused by the first event
    const client = bare(`?model=${model}`);
    await client.got('session.created');
    client.send({ type: 'response.create' });
    await client.got('response.done');
    const other = JSON.parse((await rows(model, 1))[0].other);
    assert.deepEqual(other.admin_info.use_channel, [String(first.id), String(second.id)]);
    assert.equal(other.upstream_model_name, 'usage-r');
    assert.equal(client.texts.some((t) => t.includes('Incorrect')), false);
    client.ws.close();
  }
  await api.addChannel({ name: 'all refuse', base_url: up.url, models: 'refuse-a', model_mapping: '{"refuse-a":"refuse-404"}' });
  const refused = await bare('?model=refuse-a').refused;
  assert.equal(refused.status, 404);
  assert.equal(refused.body.includes('127.0.0.1'), false);
  assert.equal(JSON.parse(refused.body).error.code, 'refused');
});

test('a session without quota ends with an error event', async () => {
  const short = await api.addToken({ name: 'short', unlimited_quota: false, remain_quota: usualPoints + 500 * 2 });
  const client = bare('?model=usage-a', { key: short.key });
  await client.got('session.created');
  client.send({ type: 'response.create' });
  const error = await client.got('error');
  assert.equal(error.error.code, 'pre_consume_token_quota_failed');
  assert.match(error.event_id, /^evt_/);
  assert.ok(client.events().some((e) => e.type === 'response.done')); // it was paid, so it was given
  assert.deepEqual(await client.ended, { code: 1008, reason: 'pre_consume_token_quota_failed' });
  await rows('usage-a', 3);
  assert.equal((await api.ok('GET', '/api/token/?p=0&size=10')).find((t) => t.name === 'short').remain_quota, 1000);
});

test('usage that is not reported is counted here', async () => {
  const client = bare('?model=bare-a');
  await client.got('session.created');
  client.send({ type: 'session.update', session: { instructions: 'be brief and friendly', tools: [] } });
  client.send({ type: 'input_audio_buffer.append', audio: Buffer.alloc(144000).toString('base64') }); // 3 s of PCM
  client.send({ type: 'response.create' });
  await client.got('response.done');
  const [row] = await rows('bare-a', 1), other = JSON.parse(row.other);
  assert.equal(other.audio_input, Math.floor((3 / 60) * 100 / 0.06));
  assert.equal(other.audio_output, Math.floor((2 / 60) * 200 / 0.24));
  assert.ok(other.text_input > 0 && other.text_output > 0);
  assert.equal(row.quota, (other.text_input + other.text_output * 3 + other.audio_input * 10 + other.audio_output * 20) * 2);
  assert.equal(other.admin_info.local_count_tokens, true);
  client.ws.close();
});

test('an upstream that dies in the middle is told, and what came is paid', async () => {
  const client = bare('?model=cut-a');
  await client.got('session.created');
  client.send({ type: 'response.create' });
  assert.equal((await client.got('error')).error.code, 'upstream_cut');
  assert.equal((await client.ended).code, 1011);
  const other = JSON.parse((await rows('cut-a', 1))[0].other);
  assert.equal(other.stream_status.end_reason, 'upstream_cut');
  assert.equal(other.admin_info.local_count_tokens, true);
});

test('an upstream that closes passes its code on, but no address', async () => {
  const client = bare('?model=end-a');
  await client.got('session.created');
  client.send({ type: 'response.create' });
  const end = await client.ended;
  assert.equal(end.code, 4000);
  assert.match(end.reason, /^enough, says/);
  assert.equal(end.reason.includes('127.0.0.1'), false);
  await rows('end-a', 1);
});

test('when the client leaves, the response is cancelled and paid once by the usage that comes then', async () => {
  for (const [model, tells] of [['hang-a', true], ['deaf-a', false]]) {
    const client = bare(`?model=${model}`);
    await client.got('session.created');
    const before = up.closed.length;
    client.send({ type: 'response.create' });
    await client.got('response.output_audio_transcript.delta');
    client.ws.terminate();
    await until('the upstream is closed', async () => up.closed.length === before + 1);
    assert.equal(up.received.at(-1), '{"type":"response.cancel"}');
    const [row] = await rows(model, 1), other = JSON.parse(row.other);
    assert.equal(other.stream_status.end_reason, 'client_gone');
    assert.equal(row.quota === usualPoints, tells);
    assert.equal(other.admin_info.local_count_tokens, tells ? undefined : true);
  }
});

test('a session whose token or channel is switched off has no further response', async () => {
  const revoked = await api.addToken({ name: 'revoked' });
  const own = await api.addChannel({ name: 'off', base_url: up.url, models: 'usage-off', priority: 10, auto_ban: 0 });
  const client = bare('?model=usage-off', { key: revoked.key }), other = bare('?model=usage-off');
  for (const each of [client, other]) {
    await each.got('session.created');
    each.send({ type: 'response.create' });
    await each.got('response.done');
  }
  await api.ok('PUT', '/api/token/?status_only=true', { id: revoked.id, status: 2 });
  client.send({ type: 'response.create' });
  assert.equal((await client.got('error')).error.code, 'invalid_api_key');
  assert.deepEqual(await client.ended, { code: 1008, reason: 'invalid_api_key' });
  other.send({ type: 'response.create' });
  await other.got('response.done', 2);
  await api.ok('PUT', '/api/channel/', { ...own, status: 2 });
  other.send({ type: 'response.create' });
  assert.equal((await other.got('error')).error.code, 'service_unavailable');
  assert.deepEqual(await other.ended, { code: 1001, reason: 'service_unavailable' });
  await rows('usage-off', 3);
});

test('what holds a listed word does not reach the upstream', async () => {
  await api.setOption('SensitiveWords', 'forbidden thing');
  const client = bare('?model=usage-words');
  await client.got('session.created');
  const before = up.received.length;
  client.send({ type: 'session.update', event_id: 'mine', session: { instructions: 'say the Forbidden Thing' } });
  const { error } = await client.got('error');
  assert.deepEqual([error.code, error.event_id], ['sensitive_words_detected', 'mine']);
  assert.equal(up.received.length, before);
  client.send({ type: 'response.create' });
  await client.got('response.done');
  await api.setOption('SensitiveWords', '');
  client.ws.close();
});

test('error events lose the names of our account, and nothing else', async () => {
  const client = bare('?model=org-a');
  await client.got('session.created');
  client.send({ type: 'response.create' });
  await client.got('error');
  const text = client.texts.at(-1);
  assert.equal(text.includes('org-secret123'), false);
  assert.match(text, /"message":"Rate limit reached in organization \*\*\* on tokens"/);
  assert.match(text, /"code":"rate_limit"/);
  assert.equal(client.ws.readyState, WebSocket.OPEN);
  client.ws.close();
});

test('an upstream that waits for the first word gets it', async () => {
  const client = bare('?model=silent-a');
  await client.opened;
  client.send({ type: 'session.update', session: {} });
  await client.got('session.updated');
  client.ws.close();
});

test('a message that is not JSON ends the session', async () => {
  const client = bare('?model=usage-d');
  await client.got('session.created');
  client.send('{"type":');
  assert.equal((await client.got('error')).error.code, 'invalid_json');
  assert.equal((await client.ended).code, 1007);
});

test('a model with a price a call costs it once a session', async () => {
  const client = bare('?model=priced');
  await client.got('session.created');
  for (const n of [1, 2]) {
    client.send({ type: 'response.create' });
    await client.got('response.done', n);
  }
  client.ws.close();
  assert.deepEqual((await rows('priced', 2)).map((r) => r.quota).sort((a, b) => a - b), [0, 5000]);
});

test('cached tokens cost their own ratio, those of audio too', async () => {
  up.usages.push({ ...usual, input_token_details: { text_tokens: 60, audio_tokens: 40, cached_tokens: 50, cached_tokens_details: { text_tokens: 30, audio_tokens: 20 } } });
  const client = bare('?model=cached');
  await client.got('session.created');
  client.send({ type: 'response.create' });
  await client.got('response.done');
  const [row] = await rows('cached', 1), other = JSON.parse(row.other);
  assert.equal(row.quota, (30 + 30 * 0.5 + 20 * 10 + 20 * 10 * 0.5 + 20 * 3 + 30 * 20) * 2);
  assert.deepEqual([other.cache_tokens, other.audio_input, other.text_input], [50, 40, 60]);
  client.ws.close();
});

test('Azure has an address for each protocol', async () => {
  await api.addChannel({ name: 'azure', type: 3, base_url: up.url, models: 'azure-a,azure.b', other: '2025-04-01-preview',
    model_mapping: '{"azure-a":"usage-z"}' });
  const current = bare('?model=azure-a');
  await current.got('session.created');
  assert.equal(up.handshakes.at(-1).url, '/openai/v1/realtime?model=usage-z');
  assert.equal(up.handshakes.at(-1).headers['api-key'], channelKey);
  assert.equal('authorization' in up.handshakes.at(-1).headers, false);
  current.ws.close();
  const beta = bare('?model=azure.b&api-version=2024-10-01-preview', { headers: { authorization: `Bearer ${token.key}`, 'openai-beta': 'realtime=v1' } });
  await beta.got('session.created');
  assert.equal(up.handshakes.at(-1).url, '/openai/realtime?api-version=2024-10-01-preview&deployment=azure.b');
  beta.ws.close();
  const browser = bare('?model=azure-a', { protocols: ['realtime', `openai-insecure-api-key.${token.key}`, 'openai-beta.realtime-v1'] });
  await browser.got('session.created');
  assert.equal(browser.ws.protocol, 'realtime');
  const handshake = up.handshakes.at(-1); // the key is in the header, and only there
  assert.match(handshake.url, /^\/openai\/realtime\?api-version=2025-04-01-preview&deployment=usage-z$/);
  assert.deepEqual([handshake.protocols, handshake.headers['api-key']], [[], channelKey]);
  browser.ws.close();
});

test('the sums of the log, the users, the tokens and the channels agree, and nothing is held', async () => {
  await until('everything is settled', async () => up.sockets.size === 0);
  const sums = () => JSON.parse(sqlite(databaseOf(api), `SELECT json_array((SELECT sum(quota) FROM logs WHERE type = 2),
    (SELECT sum(used_quota) FROM users), (SELECT sum(used_quota) FROM tokens), (SELECT sum(used_quota) FROM channels))`));
  await until('equal sums', async () => new Set(sums()).size === 1);
  assert.ok(sums()[0] > 5 * usualPoints);
  assert.ok(channel.id > 0);
});

test('a response that the client has seen is charged even if the program is killed', async () => {
  const client = bare('?model=usage-kill');
  await client.got('session.created');
  const killed = new Promise((done) => client.ws.on('message', (data) => {
    if (JSON.parse(data.toString()).type === 'response.done') done(api.kill());
  }));
  client.send({ type: 'response.create' });
  await killed;
  await api.launch();
  await api.signIn();
  assert.equal((await rows('usage-kill', 1))[0].quota, usualPoints);
});

test('of a session that was running when the program was killed each finished response is charged, and nothing else', async () => {
  const client = bare('?model=stay-3-kill');
  await client.got('session.created');
  for (const n of [1, 2, 3]) {
    client.send({ type: 'response.create' });
    await client.got(n < 3 ? 'response.done' : 'response.created', n);
  }
  await api.kill();
  await api.launch();
  await api.signIn();
  assert.deepEqual((await rows('stay-3-kill', 2)).map((r) => r.quota), [usualPoints, usualPoints]);
  const sums = () => JSON.parse(sqlite(databaseOf(api), `SELECT json_array((SELECT sum(quota) FROM logs WHERE type = 2), (SELECT sum(used_quota) FROM users))`));
  await until('equal sums', async () => new Set(sums()).size === 1);
});

test('a program that ends closes its sessions', async () => {
  const client = bare('?model=usage-stop'), working = bare('?model=hang-stop');
  await client.got('session.created');
  await working.got('session.created');
  working.send({ type: 'response.create' });
  await working.got('response.output_audio_transcript.delta');
  const stopping = api.stop({ keep: true });
  const end = await client.ended;
  assert.equal(end.code, 1001);
  assert.equal(working.ws.readyState, WebSocket.OPEN); // its response runs
  for (const ws of up.sockets) ws.send(JSON.stringify({ type: 'response.done', response: { usage: usual } }));
  assert.equal((await working.ended).code, 1001);
  assert.ok(working.events().some((e) => e.type === 'response.done'));
  const stopped = await stopping;
  assert.deepEqual(stopped, { code: 0, signal: null });
  assert.equal(client.events().at(-1).error.code, 'service_unavailable');
});
