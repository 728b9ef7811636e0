// Recorded answers of OpenAI, Azure, Anthropic and Gemini, sent again by an upstream that cuts its packets anywhere, as each SDK reads them through
// the program: parsed, and saying the same as the recording read plainly. Skipped without the folder FIXTURES.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { GoogleGenAI } from '@google/genai';
import OpenAI from 'openai';
import { Recorded, readPlainly, recordedCases } from './lib/recorded.mjs';
import { YourApi, until } from './lib/yourapi.mjs';

const cases = recordedCases();
const noPeer = ['openai/responses-reasoning-stream-openai-apply-patch-tool-delete-1-dbe4c6']; // all it has is a tool that only its own API knows
const types = { chat: 8, responses: 1, claude: 14, gemini: 24 };
const concurrency = 8;
let api, up, clients;

before(async () => {
  if (!cases) return;
  up = await Recorded.start(cases);
  api = await YourApi.start();
  await api.setUp();
  const all = Object.values(cases).flat();
  await api.setOption('ModelRatio', Object.fromEntries(all.map((c) => [c.model, 1])));
  await api.setOption('global.chat_completions_to_responses_policy', { enabled: true, all_channels: true, model_patterns: ['^rec-responses'] });
  for (const [name, type] of Object.entries(types)) await api.addChannel({ type, base_url: up.url, models: cases[name].map((c) => c.model).join(','), name });
  clients = makeClients((await api.addToken()).key);
});

after(async () => {
  if (process.env.SHOW_OUTPUT) console.error(api?.output);
  await api?.stop();
  await up?.stop();
});

const question = [{ role: 'user', content: 'hi' }];
const parsed = (text) => (text ? JSON.parse(text) : {});

// Each asks for a model and gives { text, calls, finish, usage } of the answer, read by its SDK.
function makeClients(key) {
  const openai = new OpenAI({ apiKey: key, baseURL: `${api.url}/v1`, maxRetries: 0 });
  const anthropic = new Anthropic({ apiKey: key, baseURL: api.url, maxRetries: 0 });
  const google = new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: api.url } });

  return {
    async chat({ model, stream }) {
      const q = { model, messages: question };
      const r = stream ? await openai.chat.completions.stream({ ...q, stream_options: { include_usage: true } }).finalChatCompletion()
        : await openai.chat.completions.create(q);
      const [{ message: m, finish_reason }] = r.choices;
      return { text: (m.content ?? '') + (m.refusal ?? '') + (m.audio?.transcript ?? ''),
        calls: [...(m.function_call ? [{ function: m.function_call }] : []), ...(m.tool_calls ?? [])]
          .map((t) => ({ name: (t.function ?? t.custom).name, args: t.custom ? { input: t.custom.input } : parsed(t.function.arguments) })),
        finish: { content_filter: 'filter', function_call: 'tool_calls' }[finish_reason] ?? finish_reason,
        usage: r.usage && { prompt: r.usage.prompt_tokens, output: r.usage.completion_tokens } };
    },
    async responses({ model, stream }) {
      const q = { model, input: 'hi', store: false };
      const r = stream ? await openai.responses.stream(q).finalResponse() : await openai.responses.create(q);
      return readPlainly('responses', { body: Buffer.from(JSON.stringify(r)) });
    },
    async claude({ model, stream }) {
      const q = { model, max_tokens: 1000, messages: question };
      const r = stream ? await anthropic.messages.stream(q).finalMessage() : await anthropic.messages.create(q);
      return readPlainly('claude', { body: Buffer.from(JSON.stringify(r)) });
    },
    async gemini({ model, stream }) {
      const q = { model, contents: 'hi' };
      const responses = [];
      if (stream) for await (const r of await google.models.generateContentStream(q)) responses.push(r);
      else responses.push(await google.models.generateContent(q));
      return readPlainly('gemini', { body: Buffer.from(JSON.stringify(responses)) });
    },
  };
}

const inOrder = (text, parts) => parts.reduce((at, part) => (at < 0 ? at : ((found) => (found < 0 ? -1 : found + part.length))(text.indexOf(part, at))), 0) >= 0;
const withoutImages = (text) => text.replace(/!\[image\]\([^)]*\)/g, '');

function compare(want, got, client, upstream) {
  if (want.parts && client !== 'gemini') assert.ok(inOrder(got.text, want.parts), `text: ${got.text}`);
  else assert.equal(withoutImages(got.text), want.text);
  assert.deepEqual(got.calls, want.calls);
  assert.equal(got.finish, want.finish);
  if (want.usage && got.usage) assert.deepEqual(got.usage, want.usage);
}

// Runs the check for all, some at a time; gives what failed.
async function failuresOf(list, check) {
  const failures = [];
  const left = [...list];
  await Promise.all(Array.from({ length: concurrency }, async () => {
    for (let c; (c = left.shift());) await check(c).catch((e) => failures.push(`${c.id}: ${e.message}`));
  }));
  return failures;
}

for (const upstream of Object.keys(types)) {
  for (const client of ['chat', 'responses', 'claude', 'gemini']) {
    test(`${client} reads what ${upstream} recorded`, { skip: !cases && 'recorded traffic is not there (FIXTURES)' }, async () => {
      const failures = await failuresOf(cases[upstream].filter((c) => client === upstream || !noPeer.includes(c.id)), async (c) => compare(readPlainly(upstream, c), await clients[client](c), client, upstream));
      assert.deepEqual(failures, []);
      assert.ok(cases[upstream].length > 40, String(cases[upstream].length));
    });
  }
}

// Rows that are written meanwhile move others to the next page.
async function allLogs() {
  const rows = new Map();
  for (let page = 1; ; page++) {
    const { items } = await api.ok('GET', `/api/log/?p=${page}&page_size=100&type=2`);
    for (const row of items) rows.set(row.request_id, row);
    if (items.length === 0) return [...rows.values()];
  }
}

test('every client paid the same for the same answer', { skip: !cases && 'recorded traffic is not there (FIXTURES)' }, async () => {
  const asked = Object.values(cases).flat().length * 4 - noPeer.length * 3;
  const rows = await until('all log rows', async () => { const all = await allLogs(); return all.length >= asked && all; });
  for (const [dialect, list] of Object.entries(cases)) {
    for (const c of list) {
      const { usage } = readPlainly(dialect, c);
      const bills = rows.filter((r) => r.model_name === c.model).map((r) => [r.prompt_tokens, r.completion_tokens, r.quota]);
      if (!usage) continue; // each is billed by what it was sent, by our own count
      assert.equal(bills.length, noPeer.includes(c.id) ? 1 : 4, c.id);
      assert.deepEqual(bills[0].slice(0, 2), [usage.prompt, usage.output], c.id);
      for (const bill of bills) assert.deepEqual(bill, bills[0], c.id);
    }
  }
});
