// Embeddings from OpenAI's and Google's SDKs to upstreams of either dialect: the same vectors, the same bill.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { GoogleGenAI } from '@google/genai';
import OpenAI from 'openai';
import { Providers } from './lib/providers.mjs';
import { YourApi, until } from './lib/yourapi.mjs';

let api, up, openai, google;

// A text's vector is its length and its first character.
const vectorOf = (text) => [text.length / 4, text.codePointAt(0) / 128];

function vectors({ dialect, url, body }) {
  const texts = dialect === 'chat' ? [body.input].flat() : (body.requests ?? [body]).map((r) => r.content.parts[0].text);
  const tokens = texts.length * 3;
  if (dialect === 'chat') {
    const said = (v) => (body.encoding_format === 'base64' ? Buffer.from(new Float32Array(v).buffer).toString('base64') : v);
    return { status: 200, body: { object: 'list', model: body.model, usage: { prompt_tokens: tokens, total_tokens: tokens },
                                  data: texts.map((text, index) => ({ object: 'embedding', index, embedding: said(vectorOf(text)) })) } };
  }
  return { status: 200, body: url.includes(':batchEmbedContents') ? { embeddings: texts.map((text) => ({ values: vectorOf(text) })) }
                                                                 : { embedding: { values: vectorOf(texts[0]) } } };
}

before(async () => {
  up = await Providers.start();
  api = await YourApi.start();
  await api.setUp();
  await api.setOption('ModelRatio', { 'embedding-openai': 2, 'embedding-gemini': 2 });
  await api.addChannel({ type: 1, base_url: up.url, models: 'embedding-openai', name: 'openai' });
  await api.addChannel({ type: 24, base_url: up.url, models: 'embedding-gemini', name: 'gemini' });
  const { key } = await api.addToken();
  openai = new OpenAI({ apiKey: key, baseURL: `${api.url}/v1`, maxRetries: 0 });
  google = new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: api.url } });
  up.answer = vectors;
});

after(async () => {
  if (process.env.SHOW_OUTPUT) console.error(api?.output);
  await api?.stop();
  await up?.stop();
});

const rowOf = (id) => until('the log row', async () => (await api.logs(`&request_id=${id}`))[0]);

for (const name of ['openai', 'gemini']) {
  const model = `embedding-${name}`;

  for (const encoding_format of ['float', 'base64', undefined]) {
    test(`openai's SDK to ${name}, ${encoding_format ?? 'the format that the SDK asks for'}`, async () => {
      const { data: one, response } = await openai.embeddings.create({ model, input: 'hello', encoding_format }).withResponse();
      const read = ({ embedding }) => (typeof embedding === 'string'
        ? [...new Float32Array(Uint8Array.from(Buffer.from(embedding, 'base64')).buffer)] : [...embedding]);
      assert.deepEqual(read(one.data[0]), vectorOf('hello'));
      const row = await rowOf(response.headers.get('x-oneapi-request-id'));
      assert.equal(one.model, model);
      assert.deepEqual([row.prompt_tokens, row.completion_tokens, row.quota], [one.usage.prompt_tokens, 0, one.usage.prompt_tokens * 2]);
      assert.ok(one.usage.prompt_tokens > 0);
      const several = await openai.embeddings.create({ model, input: ['a', 'bb', '天气'], encoding_format });
      assert.deepEqual(several.data.map((d) => [d.index, read(d)]), [[0, vectorOf('a')], [1, vectorOf('bb')], [2, vectorOf('天气')]]);
    });
  }

  test(`google's SDK to ${name}`, async () => {
    const one = await google.models.embedContent({ model, contents: 'hello' });
    assert.deepEqual(one.embeddings.map((e) => e.values), [vectorOf('hello')]);
    const row = await rowOf(one.sdkHttpResponse.headers['x-oneapi-request-id']);
    assert.ok(row.prompt_tokens > 0);
    assert.equal(row.quota, row.prompt_tokens * 2);
    assert.match(JSON.parse(row.other).request_path, /^\/v1beta\/models\/embedding-\w+:(batchEmbedContents|embedContent)$/);
    const several = await google.models.embedContent({ model, contents: ['a', 'bb'], config: { outputDimensionality: 2 } });
    assert.deepEqual(several.embeddings.map((e) => e.values), [vectorOf('a'), vectorOf('bb')]);
    const { body } = up.last();
    assert.equal(body.dimensions ?? body.requests[0].outputDimensionality, 2);
  });

  test(`an error of ${name} comes in the client's own shape`, async () => {
    up.answer = () => ({ status: 400, body: name === 'gemini' ? { error: { code: 400, message: 'no such thing', status: 'INVALID_ARGUMENT' } }
                                                             : { error: { message: 'no such thing', type: 'invalid_request_error', param: null, code: null } } });
    await assert.rejects(openai.embeddings.create({ model, input: 'x' }), (e) => e.status === 400 && /no such thing/.test(e.error.message));
    await assert.rejects(google.models.embedContent({ model, contents: 'x' }),
                         (e) => e.status === 400 && JSON.parse(e.message).error.status === 'INVALID_ARGUMENT');
    up.answer = vectors;
  });
}

test('a list longer than a batch of the upstream is one answer', async () => {
  const input = Array.from({ length: 230 }, (_, i) => `${i} text`);
  const before = up.requests.length;
  const { data } = await openai.embeddings.create({ model: 'embedding-gemini', input });
  assert.deepEqual(data.map((d) => [...d.embedding]), input.map(vectorOf));
  assert.deepEqual(up.requests.slice(before).map((r) => r.body.requests.length), [100, 100, 30]);
});

test("the path of OpenAI's prefix serves Gemini's methods, too", async () => {
  const reply = await fetch(`${api.url}/v1/models/embedding-openai:embedContent`, {
    method: 'POST', headers: { 'x-goog-api-key': openai.apiKey, 'content-type': 'application/json' },
    body: JSON.stringify({ content: { parts: [{ text: 'hello' }] }, taskType: 'RETRIEVAL_QUERY' }) });
  assert.equal(reply.status, 200);
  assert.equal(reply.headers.get('x-yourapi-dropped'), 'taskType');
  assert.deepEqual((await reply.json()).embedding.values, vectorOf('hello'));
});
