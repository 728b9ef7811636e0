// The modes that are no chat, with the official SDK: what reaches the upstream, what comes back, what it costs and what the log says.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import net from 'node:net';
import OpenAI, { toFile } from 'openai';
import { MediaUpstream, sound, wav } from './lib/media.mjs';
import { YourApi, until } from './lib/yourapi.mjs';

const models = ['text-moderation-stable', 'dall-e-3', 'dall-e-2', 'usage-image', 'cut-image', 'fail-image', 'alias-image', 'tts-1', 'tts-hd', 'usage-speech',
                'endless-tts', 'cut-tts', 'whisper-1', 'alias-whisper', 'usage-heard', 'jina-rank', 'cohere-rank', 'edit-1', 'engine-1'];
let api, up, token, client;

before(async () => {
  up = await MediaUpstream.start();
  api = await YourApi.start({ env: { MAX_REQUEST_BODY_MB: '1' } });
  await api.setUp();
  await api.setOption('ModelRatio', {
    ...Object.fromEntries(models.map((m) => [m, 1])), 'tts-1': 7.5, 'whisper-1': 15, 'alias-whisper': 15, 'azure.image': 1 });
  await api.setOption('ModelPrice', { 'dall-e-3': 0.04, 'alias-image': 0.02, 'custom-image': 0.01, 'azure.image': 0.01, 'azure-whisper': 0.01 });
  await api.setOption('CompletionRatio', Object.fromEntries(models.map((m) => [m, 2])));
  await api.setOption('ImageRatio', { 'usage-image': 3 });
  await api.setOption('AudioRatio', { 'usage-speech': 10, 'usage-heard': 4 });
  await api.setOption('AudioCompletionRatio', { 'usage-speech': 1 });
  await api.addChannel({ base_url: up.url, models: models.join(','), model_mapping: '{"alias-image":"dall-e-3","alias-whisper":"whisper-large"}' });
  token = await api.addToken();
  client = new OpenAI({ apiKey: token.key, baseURL: `${api.url}/v1`, maxRetries: 0 });
});

after(async () => {
  await api?.stop();
  await up?.stop();
});

let seen = 0;
// The row that the last call has written.
async function nextRow(model) {
  const rows = await until(`a log row of ${model}`, async () => {
    const all = await api.logs();
    return all.length > seen ? all : null;
  });
  seen++;
  assert.equal(rows.length, seen);
  const row = rows.toSorted((a, b) => b.id - a.id)[0];
  assert.equal(row.model_name, model);
  return { ...row, other: JSON.parse(row.other) };
}

async function noRow() {
  assert.equal((await api.logs()).length, seen);
}

const post = (path, headers, body) =>
  fetch(`${api.url}/v1${path}`, { method: 'POST', headers: { authorization: `Bearer ${token.key}`, ...headers }, body });

test('moderations: the model may be left out, the tokens are counted here', async () => {
  const reply = await client.moderations.create({ input: ['good', 'bad'] });
  assert.deepEqual(reply.results.map((r) => r.flagged), [false, true]);
  assert.equal(up.last.url, '/v1/moderations');
  assert.equal(up.last.body.model, 'omni-moderation-latest');
  const row = await nextRow('text-moderation-stable');
  assert.ok(row.prompt_tokens >= 2 && row.quota === row.prompt_tokens);
  assert.equal(row.completion_tokens, 0);
});

test('images: number, size and quality make the price', async () => {
  const reply = await client.images.generate({ model: 'dall-e-3', prompt: 'a cat', n: 2, size: '1792x1024', quality: 'hd' });
  assert.equal(reply.data.length, 2);
  const row = await nextRow('dall-e-3');
  assert.equal(row.quota, 0.04 * 500_000 * 2 * 2 * 1.5);
  assert.equal(row.content, '模型价格 0.04，分组倍率 1.00, 大小 1792x1024, 品质 hd');
  assert.equal(row.other.model_price, 0.04);
});

test('images: the mapped model decides about the quality', async () => {
  await client.images.generate({ model: 'alias-image', prompt: 'a cat', quality: 'hd' });
  assert.equal(up.last.body.model, 'dall-e-3');
  const row = await nextRow('alias-image');
  assert.equal(row.quota, 0.02 * 500_000 * 2);
  assert.equal(row.other.upstream_model_name, 'dall-e-3');
});

test('images: tokens are charged by their kinds', async () => {
  await client.images.generate({ model: 'usage-image', prompt: 'a cat' });
  const row = await nextRow('usage-image');
  assert.equal(row.quota, 10 + 40 * 3 + 200 * 2);
  assert.equal(row.other.image, true);
  assert.equal(row.other.image_ratio, 3);
});

test('images: a stream is typed events, charged by the last', async () => {
  const stream = await client.images.generate({ model: 'usage-image', prompt: 'a cat', stream: true, partial_images: 1 });
  const events = [];
  for await (const event of stream) events.push(event);
  assert.deepEqual(events.map((e) => e.type), ['image_generation.partial_image', 'image_generation.completed']);
  assert.equal(events[1].usage.output_tokens, 200);
  const row = await nextRow('usage-image');
  assert.equal(row.quota, 530);
  assert.equal(row.is_stream, true);
});

test('images: a stream that is cut ends with an error', async () => {
  const stream = await client.images.generate({ model: 'cut-image', prompt: 'a cat', stream: true });
  await assert.rejects(async () => {
    for await (const event of stream) assert.equal(event.type, 'image_generation.partial_image');
  });
  const row = await nextRow('cut-image');
  assert.equal(row.other.stream_status.end_reason, 'upstream_cut');
});

test('image edits and variations: forms go through as they are', async () => {
  const image = await toFile(Buffer.from('\x89PNG\r\n--x'), 'cat.png', { type: 'image/png' });
  const edit = await client.images.edit({ model: 'usage-image', image: [image, image], prompt: 'a hat', n: 1 });
  assert.equal(edit.data.length, 1);
  assert.equal(up.last.body['image[]'].length, 2);
  assert.deepEqual(up.last.body['image[]'][0], { name: 'cat.png', type: 'image/png', bytes: Buffer.from('\x89PNG\r\n--x') });
  assert.equal((await nextRow('usage-image')).quota, 530);

  const stream = await client.images.edit({ model: 'usage-image', image, prompt: 'a hat', stream: true });
  const types = [];
  for await (const event of stream) types.push(event.type);
  assert.deepEqual(types, ['image_edit.partial_image', 'image_edit.completed']);
  await nextRow('usage-image');

  const reply = await post('/images/edits', { 'content-type': 'application/json' },
                           '{"model":"usage-image","prompt":"x","images":[{"file_id":"f"}],"odd":1.50}');
  assert.equal(reply.status, 200);
  assert.ok(up.last.raw.toString().endsWith('"odd":1.50}'));
  await nextRow('usage-image');

  await client.images.createVariation({ model: 'dall-e-2', image, n: 2, size: '256x256' });
  assert.equal(up.last.url, '/v1/images/variations');
  const row = await nextRow('dall-e-2');
  assert.equal(row.quota, 2);
  assert.equal(row.content.includes('大小 256x256, 品质 standard'), true);
});

test('speech: sound with its type, charged by characters', async () => {
  const reply = await client.audio.speech.create({ model: 'tts-1', voice: 'alloy', input: 'héllo', response_format: 'wav' });
  assert.equal(reply.headers.get('content-type'), 'audio/wav');
  assert.ok(Buffer.from(await reply.arrayBuffer()).equals(sound));
  const row = await nextRow('tts-1');
  assert.equal(row.prompt_tokens, 5);
  assert.equal(row.quota, 38);
});

test('speech: as events with usage', async () => {
  const reply = await client.audio.speech.create({ model: 'usage-speech', voice: 'alloy', input: 'hello', stream_format: 'sse' });
  assert.match(await reply.text(), /speech\.audio\.delta[^]*speech\.audio\.done/);
  const row = await nextRow('usage-speech');
  assert.equal(row.quota, 7 + 90 * 10);
  assert.equal(row.other.audio_output, 90);
});

test('speech: who leaves ends the call at the upstream', async () => {
  const leave = new AbortController();
  const before = up.left;
  const reply = await client.audio.speech.create({ model: 'endless-tts', voice: 'alloy', input: 'hello' }, { signal: leave.signal });
  await reply.body.getReader().read();
  leave.abort();
  await until('the upstream is left', () => up.left > before);
  const row = await nextRow('endless-tts');
  assert.equal(row.other.stream_status.end_reason, 'client_gone');
  assert.ok(row.quota > 0);
});

test('speech: what breaks off does not look whole', async () => {
  const reply = await client.audio.speech.create({ model: 'cut-tts', voice: 'alloy', input: 'hello' });
  await assert.rejects(reply.arrayBuffer());
  await nextRow('cut-tts');
});

test('transcriptions: charged by the file, by the duration, by the tokens', async () => {
  const file = await toFile(wav(6), 'a.wav', { type: 'audio/wav' });
  const heard = await client.audio.transcriptions.create({ model: 'whisper-1', file });
  assert.equal(heard.text, `heard ${wav(6).length} bytes`);
  assert.deepEqual(up.last.body.file, { name: 'a.wav', type: 'audio/wav', bytes: wav(6) });
  let row = await nextRow('whisper-1');
  assert.equal(row.prompt_tokens, 100);
  assert.equal(row.quota, 1500);

  await client.audio.transcriptions.create({ model: 'whisper-1', file, response_format: 'verbose_json' });
  row = await nextRow('whisper-1');
  assert.equal(row.prompt_tokens, Math.round((91 / 60) * 1000));

  const subtitles = await client.audio.translations.create({ model: 'alias-whisper', file, response_format: 'srt' });
  assert.match(String(subtitles), /^1\n00:00/);
  assert.equal(up.last.body.model, 'whisper-large');
  row = await nextRow('alias-whisper');
  assert.equal(row.quota, 1500);
  assert.equal(row.other.request_path, '/v1/audio/translations');

  await client.audio.transcriptions.create({ model: 'usage-heard', file });
  row = await nextRow('usage-heard');
  assert.equal(row.quota, 5 + 25 * 4 + 8 * 2);
  assert.equal(row.other.audio_input, 25);

  const stream = await client.audio.transcriptions.create({ model: 'usage-heard', file, stream: true });
  const types = [];
  for await (const event of stream) types.push(event.type);
  assert.deepEqual(types, ['transcript.text.delta', 'transcript.text.done']);
  assert.equal((await nextRow('usage-heard')).quota, 121);
});

test('rerank: in the shapes of Jina and Cohere', async () => {
  const body = (model) => JSON.stringify({ model, query: 'q', documents: ['a', { text: 'b' }], top_n: 2 });
  let reply = await post('/rerank', { 'content-type': 'application/json' }, body('jina-rank'));
  assert.equal((await reply.json()).results.length, 2);
  assert.equal(up.last.raw.toString(), body('jina-rank'));
  assert.equal((await nextRow('jina-rank')).quota, 21);
  reply = await post('/rerank', { 'content-type': 'application/json' }, body('cohere-rank'));
  const answer = await reply.json();
  assert.equal(answer.meta.billed_units.input_tokens, 33);
  assert.deepEqual(answer.usage, { prompt_tokens: 33, total_tokens: 33 });
  assert.equal((await nextRow('cohere-rank')).quota, 33);
});

test('edits, and embeddings of an engine', async () => {
  let reply = await post('/edits', {}, '{"model":"edit-1","input":"fixd","instruction":"fix"}');
  assert.equal((await reply.json()).choices[0].text, 'fixed');
  assert.equal((await nextRow('edit-1')).quota, 6 + 3 * 2);
  reply = await post('/engines/engine-1/embeddings', {}, '{"input":"x"}');
  assert.equal((await reply.json()).data[0].embedding[0], 0.5);
  assert.equal(up.last.url, '/v1/embeddings');
  assert.equal((await nextRow('engine-1')).quota, 4);
});

test('Azure has its deployments in the path, a custom channel its whole address', async () => {
  await api.addChannel({ name: 'azure', type: 3, base_url: up.url, other: '2025-04-01-preview', models: 'azure.image,azure-whisper' });
  await api.addChannel({ name: 'custom', type: 8, base_url: `${up.url}/{model}/images/generations`, models: 'custom-image' });
  await client.images.generate({ model: 'azure.image', prompt: 'x' });
  assert.equal(up.last.url, '/openai/deployments/azure.image/images/generations?api-version=2025-04-01-preview');
  assert.equal(up.last.headers['api-key'], 'sk-upstream-secret-0123456789');
  await nextRow('azure.image');
  await client.audio.transcriptions.create({ model: 'azure-whisper', file: await toFile(wav(1), 'a.wav') });
  assert.equal(up.last.url, '/openai/deployments/azure-whisper/audio/transcriptions?api-version=2025-04-01-preview');
  assert.equal(up.last.body.file.bytes.length, wav(1).length);
  assert.equal((await nextRow('azure-whisper')).quota, 5000);
  await client.images.generate({ model: 'custom-image', prompt: 'x' });
  assert.equal(up.last.url, '/custom-image/images/generations');
  assert.equal((await nextRow('custom-image')).quota, 5000);
});

test('what is wrong is refused before anything is called', async () => {
  const calls = up.requests.length;
  const refusals = [
    [() => client.images.generate({ model: 'dall-e-3', prompt: 'x', size: '256x256' }), 'invalid_image_request'],
    [() => client.images.generate({ model: 'dall-e-3', prompt: 'x', n: 0 }), 'invalid_image_request'],
    [() => client.audio.speech.create({ model: 'tts-1', voice: 'alloy', input: '' }), 'invalid_audio_request'],
    [() => client.moderations.create({}), 'invalid_text_request'],
    [() => client.post('/rerank', { body: { model: 'jina-rank', query: '', documents: ['a'] } }), 'invalid_query'],
    [() => client.post('/rerank', { body: { model: 'jina-rank', query: 'q', documents: [] } }), 'invalid_documents'],
    [() => client.post('/audio/transcriptions', { body: { model: 'whisper-1' } }), 'invalid_audio_request'],
    [() => client.post('/images/variations', { body: { model: 'dall-e-2' } }), 'invalid_image_request'],
  ];
  for (const [call, code] of refusals) await assert.rejects(call, { status: 400, code, type: 'new_api_error' });
  assert.equal(up.requests.length, calls);
  await noRow();
});

test('an error of the upstream is told in the shape of the API, and costs nothing', async () => {
  await assert.rejects(client.images.generate({ model: 'fail-image', prompt: 'x' }), { status: 500, type: 'server_error' });
  await noRow();
});

test('uploads that are too large, broken or cut never reach an upstream', async () => {
  const calls = up.requests.length;
  const file = await toFile(Buffer.alloc(1_200_000), 'a.wav');
  await assert.rejects(client.audio.transcriptions.create({ model: 'whisper-1', file }), { status: 413 });

  const part = '--B\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\nRIFF';
  const reply = await post('/audio/transcriptions', { 'content-type': 'multipart/form-data; boundary=B' }, part);
  assert.equal(reply.status, 400);
  assert.equal((await reply.json()).error.code, 'invalid_audio_request');

  const socket = net.connect(api.port, '127.0.0.1');
  socket.write(`POST /v1/audio/transcriptions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token.key}\r\n` +
    `content-type: multipart/form-data; boundary=B\r\ncontent-length: 5000\r\n\r\n${part}`);
  socket.resume();
  socket.end();
  await new Promise((done) => socket.on('close', done));
  assert.equal(up.requests.length, calls);
  await noRow();
});

test('paths that are not served say so', async () => {
  for (const call of [() => client.files.list(), () => client.files.retrieve('x'), () => client.models.delete('dall-e-3')])
    await assert.rejects(call, { status: 501, code: 'api_not_implemented', type: 'new_api_error' });
});

test('the sums of the log, the user and the token agree', async () => {
  const total = (await api.logs()).reduce((sum, row) => sum + row.quota, 0);
  assert.equal((await api.ok('GET', '/api/user/self')).used_quota, total);
  assert.equal((await api.ok('GET', '/api/token/?p=0&size=10'))[0].used_quota, total);
});
