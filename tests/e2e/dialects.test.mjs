// Every client dialect against every upstream dialect, with the official SDKs: what one says is what the other hears, and the bill is the same
// whichever way it went.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { GoogleGenAI } from '@google/genai';
import OpenAI from 'openai';
import { Providers } from './lib/providers.mjs';
import { YourApi, until } from './lib/yourapi.mjs';

const upstreams = { chat: 8, claude: 14, gemini: 24, responses: 1 };
const weather = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
const usage = { input: 11, cached: 5, output: 9, thought: 4 };
let api, up, token, clients;

before(async () => {
  up = await Providers.start();
  api = await YourApi.start();
  await api.setUp();
  await api.setOption('ModelRatio', Object.fromEntries(Object.keys(upstreams).map((name) => [`m-${name}`, 2])));
  await api.setOption('CompletionRatio', Object.fromEntries(Object.keys(upstreams).map((name) => [`m-${name}`, 3])));
  await api.setOption('global.chat_completions_to_responses_policy', { enabled: true, all_channels: true, model_patterns: ['^m-responses'] });
  for (const [name, type] of Object.entries(upstreams)) await api.addChannel({ type, base_url: up.url, models: `m-${name}`, name });
  token = await api.addToken();
  clients = makeClients();
});

after(async () => {
  if (process.env.SHOW_OUTPUT) console.error(api?.output);
  await api?.stop();
  await up?.stop();
});

const callsOf = (list) => list.map(({ name, args }) => ({ name, args }));

// Each client says the same in its SDK's words and gives back { text, reasoning, calls: [{ id, name, args }], finish, usage: { prompt, cached, output }, raw }.
function makeClients() {
  const key = `sk-${token.key.replace(/^sk-/, '')}`;
  const openai = new OpenAI({ apiKey: key, baseURL: `${api.url}/v1`, maxRetries: 0 });
  const anthropic = new Anthropic({ apiKey: key, baseURL: api.url, maxRetries: 0 });
  const google = new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: api.url } });
  const system = 'Be brief.';
  const question = 'What is the weather in Paris and Rome?';

  return {
    chat: {
      request: ({ model, turn, more }) => ({
        model, max_tokens: 500, temperature: 0.5, stop: ['END'], ...more,
        tools: [{ type: 'function', function: { name: 'weather', description: 'tells it', parameters: weather } }],
        messages: [{ role: 'system', content: system }, { role: 'user', content: question },
          ...(turn ? [turn.raw, ...turn.calls.map((c) => ({ role: 'tool', tool_call_id: c.id, content: `fine in ${c.args.city}` }))] : [])] }),
      read: (r) => {
        const [{ message, finish_reason }] = r.choices;
        return { text: message.content ?? '', reasoning: message.reasoning_content ?? '', finish: finish_reason, raw: message,
                 calls: (message.tool_calls ?? []).map((t) => ({ id: t.id, name: t.function.name, args: JSON.parse(t.function.arguments) })),
                 usage: { prompt: r.usage.prompt_tokens, cached: r.usage.prompt_tokens_details?.cached_tokens ?? 0, output: r.usage.completion_tokens } };
      },
      whole: async (q) => clients.chat.read(await openai.chat.completions.create(clients.chat.request(q))),
      stream: async (q) => {
        const stream = openai.chat.completions.stream({ ...clients.chat.request(q), stream_options: { include_usage: true } });
        let reasoning = '';
        stream.on('chunk', (chunk) => { reasoning += chunk.choices[0]?.delta.reasoning_content ?? ''; });
        const done = await stream.finalChatCompletion();
        return { ...clients.chat.read(done), reasoning };
      },
    },
    responses: {
      request: ({ model, turn, more }) => ({
        model, max_output_tokens: 500, temperature: 0.5, store: false, include: ['reasoning.encrypted_content'], ...more, instructions: system,
        tools: [{ type: 'function', name: 'weather', description: 'tells it', parameters: weather, strict: false }],
        input: [{ role: 'user', content: question },
          ...(turn ? [...turn.raw, ...turn.calls.map((c) => ({ type: 'function_call_output', call_id: c.id, output: `fine in ${c.args.city}` }))] : [])] }),
      read: (r) => ({
        text: r.output_text, reasoning: r.output.filter((i) => i.type === 'reasoning').flatMap((i) => [...i.summary, ...(i.content ?? [])]).map((s) => s.text).join(''),
        calls: r.output.filter((i) => i.type === 'function_call').map((i) => ({ id: i.call_id, name: i.name, args: JSON.parse(i.arguments) })),
        finish: r.status === 'incomplete' ? 'length' : r.output.some((i) => i.type === 'function_call') ? 'tool_calls' : 'stop', raw: r.output,
        usage: { prompt: r.usage.input_tokens, cached: r.usage.input_tokens_details.cached_tokens, output: r.usage.output_tokens } }),
      whole: async (q) => clients.responses.read(await openai.responses.create(clients.responses.request(q))),
      stream: async (q) => {
        const stream = openai.responses.stream(clients.responses.request(q));
        let text = '', last = -1;
        for await (const event of stream) {
          assert.equal(event.sequence_number, ++last);
          if (event.type === 'response.output_text.delta') text += event.delta;
        }
        const done = clients.responses.read(await stream.finalResponse());
        assert.equal(text, done.text);
        return done;
      },
    },
    claude: {
      request: ({ model, turn, more }) => ({
        model, max_tokens: 500, temperature: 0.5, stop_sequences: ['END'], ...more, system,
        tools: [{ name: 'weather', description: 'tells it', input_schema: weather }],
        messages: [{ role: 'user', content: question },
          ...(turn ? [{ role: 'assistant', content: turn.raw },
                      { role: 'user', content: turn.calls.map((c) => ({ type: 'tool_result', tool_use_id: c.id, content: `fine in ${c.args.city}` })) }] : [])] }),
      read: (r) => ({
        text: r.content.filter((b) => b.type === 'text').map((b) => b.text).join(''), raw: r.content,
        reasoning: r.content.filter((b) => b.type === 'thinking').map((b) => b.thinking).join(''),
        calls: r.content.filter((b) => b.type === 'tool_use').map((b) => ({ id: b.id, name: b.name, args: b.input })),
        finish: { end_turn: 'stop', max_tokens: 'length', tool_use: 'tool_calls' }[r.stop_reason],
        usage: { prompt: r.usage.input_tokens + (r.usage.cache_read_input_tokens ?? 0) + (r.usage.cache_creation_input_tokens ?? 0),
                 cached: r.usage.cache_read_input_tokens ?? 0, output: r.usage.output_tokens } }),
      whole: async (q) => clients.claude.read(await anthropic.messages.create(clients.claude.request(q))),
      stream: async (q) => clients.claude.read(await anthropic.messages.stream(clients.claude.request(q)).finalMessage()),
    },
    gemini: {
      request: ({ model, turn, more }) => ({
        model, config: { systemInstruction: system, maxOutputTokens: 500, temperature: 0.5, stopSequences: ['END'], ...more,
                         tools: [{ functionDeclarations: [{ name: 'weather', description: 'tells it', parametersJsonSchema: weather }] }] },
        contents: [{ role: 'user', parts: [{ text: question }] },
          ...(turn ? [{ role: 'model', parts: turn.raw },
                      { role: 'user', parts: turn.calls.map((c) => ({ functionResponse: { id: c.id, name: c.name, response: { output: `fine in ${c.args.city}` } } })) }] : [])] }),
      read: (r, parts = r.candidates[0].content?.parts ?? []) => ({
        text: parts.filter((p) => p.text && !p.thought).map((p) => p.text).join(''), reasoning: parts.filter((p) => p.thought).map((p) => p.text ?? '').join(''),
        calls: parts.filter((p) => p.functionCall).map((p) => ({ id: p.functionCall.id, name: p.functionCall.name, args: p.functionCall.args })), raw: parts,
        finish: r.candidates[0].finishReason === 'MAX_TOKENS' ? 'length' : parts.some((p) => p.functionCall) ? 'tool_calls' : 'stop',
        usage: { prompt: r.usageMetadata.promptTokenCount, cached: r.usageMetadata.cachedContentTokenCount ?? 0,
                 output: (r.usageMetadata.candidatesTokenCount ?? 0) + (r.usageMetadata.thoughtsTokenCount ?? 0) } }),
      whole: async (q) => clients.gemini.read(await google.models.generateContent(clients.gemini.request(q))),
      stream: async (q) => {
        const parts = [];
        let last;
        for await (const chunk of await google.models.generateContentStream(clients.gemini.request(q))) {
          parts.push(...(chunk.candidates?.[0]?.content?.parts ?? []));
          if (chunk.candidates?.[0]?.finishReason) last = chunk;
        }
        return clients.gemini.read(last, parts);
      },
    },
  };
}

// What is the same in every dialect of a recorded request.
function heard({ dialect, body }) {
  const flat = (content) => (typeof content === 'string' ? content : (content ?? []).map((p) => p.text ?? '').join(''));
  const find = {
    chat: () => ({ system: flat(body.messages.find((m) => m.role === 'system' || m.role === 'developer').content), user: flat(body.messages.find((m) => m.role === 'user').content),
      tool: body.tools[0].function.name, schema: body.tools[0].function.parameters, limit: body.max_tokens ?? body.max_completion_tokens, temperature: body.temperature, stop: [body.stop].flat(),
      results: body.messages.filter((m) => m.role === 'tool').map((m) => [m.tool_call_id, flat(m.content)]),
      calls: body.messages.flatMap((m) => m.tool_calls ?? []).map((t) => [t.id, t.function.name, JSON.parse(t.function.arguments)]) }),
    responses: () => ({ system: body.instructions ?? flat(body.input.find((m) => m.role === 'system' || m.role === 'developer').content),
      user: flat(body.input.find((m) => m.role === 'user').content), tool: body.tools[0].name, schema: body.tools[0].parameters, limit: body.max_output_tokens, temperature: body.temperature,
      results: body.input.filter((i) => i.type === 'function_call_output').map((i) => [i.call_id, flat(i.output)]),
      calls: body.input.filter((i) => i.type === 'function_call').map((i) => [i.call_id, i.name, JSON.parse(i.arguments)]) }),
    claude: () => ({ system: flat(body.system), user: flat(body.messages[0].content), tool: body.tools[0].name, schema: body.tools[0].input_schema, limit: body.max_tokens,
      temperature: body.temperature, stop: body.stop_sequences,
      results: body.messages.flatMap((m) => (Array.isArray(m.content) ? m.content : [])).filter((b) => b.type === 'tool_result').map((b) => [b.tool_use_id, flat(b.content)]),
      calls: body.messages.flatMap((m) => (Array.isArray(m.content) ? m.content : [])).filter((b) => b.type === 'tool_use').map((b) => [b.id, b.name, b.input]) }),
    gemini: () => {
      const parts = body.contents.flatMap((c) => c.parts);
      const { functionDeclarations: [declared] } = body.tools[0];
      const text = (v) => (typeof v === 'string' ? v : v.output ?? v.result ?? v.content ?? JSON.stringify(v));
      return { system: flat(body.systemInstruction.parts), user: parts[0].text, tool: declared.name,
        schema: JSON.parse(JSON.stringify(declared.parameters ?? declared.parametersJsonSchema).replace(/"type":"(\w+)"/g, (m, t) => `"type":"${t.toLowerCase()}"`)),
        limit: body.generationConfig.maxOutputTokens, temperature: body.generationConfig.temperature, stop: body.generationConfig.stopSequences,
        results: parts.filter((p) => p.functionResponse).map((p) => [null, text(p.functionResponse.response)]),
        calls: parts.filter((p) => p.functionCall).map((p) => [null, p.functionCall.name, p.functionCall.args]) };
    },
  };
  return find[dialect]();
}

// A number of input tokens that no other test has, to know the log row by.
let nextInput = 1000;
const rowWith = (prompt) => until('the log row', async () => (await api.logs()).find((r) => r.type === 2 && r.prompt_tokens === prompt));

for (const client of Object.keys(upstreams)) {
  for (const upstream of Object.keys(upstreams)) {
    const ask = (how, q) => clients[client][how]({ model: `m-${upstream}`, ...q });

    for (const how of ['whole', 'stream']) {
      test(`${client} to ${upstream}, ${how}: text, thoughts, usage and the bill`, async () => {
        const input = (nextInput += 10);
        const said = { reasoning: 'Let me think about it.', text: 'Ça va, 天气很好 👍.', usage: { ...usage, input } };
        up.answer = () => said;
        const got = await ask(how, {});
        assert.equal(up.last().dialect, upstream);
        assert.equal(got.text, said.text);
        assert.equal(got.reasoning, said.reasoning);
        assert.equal(got.finish, 'stop');
        assert.deepEqual(got.usage, { prompt: input + 5, cached: 5, output: 9 });
        const words = heard(up.last());
        assert.deepEqual([words.system, words.user, words.tool, words.limit, words.temperature],
                         ['Be brief.', 'What is the weather in Paris and Rome?', 'weather', 500, 0.5]);
        assert.deepEqual(words.schema, weather);
        if (client !== 'responses' && upstream !== 'responses') assert.deepEqual(words.stop, ['END']);
        const row = await rowWith(input + 5);
        assert.deepEqual([row.completion_tokens, row.quota], [9, (input + 5 + 9 * 3) * 2]);
        assert.equal(row.is_stream, how === 'stream');
      });

      test(`${client} to ${upstream}, ${how}: two tools at once, and the next turn`, async () => {
        up.answer = () => ({ text: 'Looking.', tools: [{ id: 'call_a1', name: 'weather', args: { city: 'Paris' } }, { id: 'call_b2', name: 'weather', args: { city: 'Rome' } }],
                             reasoning: 'Two of them.', usage });
        const turn = await ask(how, {});
        assert.equal(turn.text, 'Looking.');
        assert.equal(turn.finish, 'tool_calls');
        assert.deepEqual(callsOf(turn.calls), [{ name: 'weather', args: { city: 'Paris' } }, { name: 'weather', args: { city: 'Rome' } }]);
        up.answer = () => ({ text: 'Fine in both.', usage });
        const end = await ask(how, { turn });
        assert.equal(end.text, 'Fine in both.');
        const words = heard(up.last());
        assert.deepEqual(words.results.map(([, text]) => text), ['fine in Paris', 'fine in Rome']);
        assert.deepEqual(words.calls.map(([, name, args]) => [name, args]), [['weather', { city: 'Paris' }], ['weather', { city: 'Rome' }]]);
        if (upstream !== 'gemini') assert.deepEqual(words.results.map(([id]) => id), words.calls.map(([id]) => id));
        // What a provider wants to see again comes back to it, through whichever client.
        const body = JSON.stringify(up.last().body);
        if (upstream === 'claude') assert.match(body, /c2lnbmVkIQ==/);
        if (upstream === 'gemini') assert.match(body, /dGhvdWdodCE=/);
        assert.doesNotMatch(body, /YourApi/);
      });

      test(`${client} to ${upstream}, ${how}: an answer that was cut by its limit says so`, async () => {
        up.answer = () => ({ text: 'Half an', finish: 'length', usage });
        const got = await ask(how, {});
        assert.deepEqual([got.text, got.finish], ['Half an', 'length']);
      });
    }

    test(`${client} to ${upstream}: an error comes in the client's own shape`, async () => {
      up.answer = () => ({ status: 400, body: upstream === 'claude' ? { type: 'error', error: { type: 'invalid_request_error', message: 'no such thing' } }
        : upstream === 'gemini' ? { error: { code: 400, message: 'no such thing', status: 'INVALID_ARGUMENT' } }
        : { error: { message: 'no such thing', type: 'invalid_request_error', param: null, code: null } } });
      for (const how of ['whole', 'stream']) {
        const error = await ask(how, {}).then(() => null, (e) => e);
        assert.equal(error?.status, 400);
        assert.match(error.message, /no such thing/);
      }
    });

    test(`${client} to ${upstream}: a stream that dies is no clean end`, async () => {
      up.answer = () => ({ text: 'Half an answer that never ends', usage, cut: upstream === 'gemini' ? 2 : 6 });
      await assert.rejects(ask('stream', {}));
    });
  }
}

test('tokens are counted: by the upstream that can, else by the gateway, and for nothing', async () => {
  const { id, key } = await api.addToken({ name: 'counts' });
  const messages = [{ role: 'user', content: 'How many tokens is this?' }];
  const anthropic = new Anthropic({ apiKey: key, baseURL: api.url, maxRetries: 0 });
  up.answer = () => ({ status: 200, body: { input_tokens: 42 } });
  assert.equal((await anthropic.messages.countTokens({ model: 'm-claude', messages })).input_tokens, 42);
  assert.match(up.last().url, /^\/v1\/messages\/count_tokens/);
  const calls = up.requests.length;
  const { input_tokens: counted } = await anthropic.messages.countTokens({ model: 'm-chat', messages });
  assert.ok(counted > 5 && counted < 50, String(counted));
  assert.equal(up.requests.length, calls);
  const google = new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: api.url } });
  const { totalTokens } = await google.models.countTokens({ model: 'm-claude', contents: 'How many tokens is this?' });
  assert.ok(totalTokens > 3 && totalTokens < 50, String(totalTokens));
  // A chat after them is all that was ever charged.
  const input = (nextInput += 10);
  up.answer = () => ({ text: 'ok', usage: { input, output: 1 } });
  await anthropic.messages.create({ model: 'm-claude', max_tokens: 5, messages });
  await rowWith(input);
  const rows = (await api.logs()).filter((row) => row.token_id === id);
  assert.deepEqual(rows.map((row) => [row.prompt_tokens, row.quota]), [[input, (input + 3) * 2]]);
});

test('what could not be said is told in a header and in the log', async () => {
  const input = (nextInput += 10);
  up.answer = () => ({ text: 'ok', usage: { input, output: 1 } });
  const reply = await fetch(`${api.url}/v1/chat/completions`, { method: 'POST', headers: { authorization: `Bearer ${token.key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'm-claude', messages: [{ role: 'user', content: 'hi' }], seed: 7, logit_bias: { 50256: -100 }, n: 1 }) });
  assert.equal(reply.status, 200);
  const dropped = reply.headers.get('x-yourapi-dropped').split(', ');
  assert.ok(dropped.includes('seed') && dropped.includes('logit_bias'), dropped.join());
  const row = await rowWith(input);
  assert.equal(JSON.parse(row.other).dropped, dropped.join(', '));
  assert.equal(JSON.parse(row.other).upstream_dialect, 'claude');
});

test('earlier turns that only an upstream of the Responses API keeps are refused elsewhere', async () => {
  const openai = new OpenAI({ apiKey: token.key, baseURL: `${api.url}/v1`, maxRetries: 0 });
  await assert.rejects(openai.responses.create({ model: 'm-claude', input: 'go on', previous_response_id: 'resp_1' }),
                       (e) => e.status === 400 && /previous_response_id/.test(e.message));
  up.answer = () => ({ text: 'ok', usage: { input: 1, output: 1 } });
  await openai.responses.create({ model: 'm-responses', input: 'go on', previous_response_id: 'resp_1' });
  assert.equal(up.last().body.previous_response_id, 'resp_1');
});

test('a tool that only the Responses API knows is an answer to its own clients', async () => {
  const item = { id: 'apc_1', type: 'apply_patch_call', status: 'completed', call_id: 'call_1', operation: { type: 'delete_file', path: 'a.txt' } };
  const openai = new OpenAI({ apiKey: token.key, baseURL: `${api.url}/v1`, maxRetries: 0 });
  up.answer = () => ({ status: 200, body: { id: 'resp_1', object: 'response', created_at: 1, status: 'completed', model: 'm', output: [item],
                                            usage: { input_tokens: 24, output_tokens: 0, total_tokens: 24 } } });
  assert.deepEqual((await openai.responses.create({ model: 'm-responses', input: 'delete it' })).output, [item]);
  await assert.rejects(openai.chat.completions.create({ model: 'm-responses', messages: [{ role: 'user', content: 'delete it' }] }), (e) => e.status === 502);
});

test('a channel may have its thoughts told as text, and its answers written anew', async () => {
  await api.addChannel({ type: 8, base_url: up.url, models: 'm-think', name: 'think', setting: JSON.stringify({ thinking_to_content: true, force_format: true }) });
  await api.setOption('ModelRatio', { 'm-think': 1 });
  const openai = new OpenAI({ apiKey: token.key, baseURL: `${api.url}/v1`, maxRetries: 0 });
  up.answer = () => ({ reasoning: 'hmm', text: 'Yes.', usage });
  let text = '';
  for await (const chunk of await openai.chat.completions.create({ model: 'm-think', stream: true, messages: [{ role: 'user', content: 'hi' }] }))
    text += chunk.choices[0]?.delta.content ?? '';
  assert.equal(text, '<think>\nhmm\n</think>\nYes.');
});

test('each SDK lists the models in its own shape', async () => {
  const names = async (pages) => { const found = []; for await (const m of pages) found.push(m.id ?? m.name); return found.sort(); };
  const want = Object.keys(upstreams).map((name) => `m-${name}`);
  const openai = new OpenAI({ apiKey: token.key, baseURL: `${api.url}/v1`, maxRetries: 0 });
  const anthropic = new Anthropic({ apiKey: token.key, baseURL: api.url, maxRetries: 0 });
  const google = new GoogleGenAI({ apiKey: token.key, httpOptions: { baseUrl: api.url } });
  const among = (found) => found.filter((name) => want.some((w) => name.endsWith(w)));
  assert.deepEqual(among(await names(openai.models.list())), [...want].sort());
  assert.deepEqual(among(await names(anthropic.models.list())), [...want].sort());
  assert.deepEqual(among(await names(await google.models.list())), want.map((w) => `models/${w}`).sort());
  assert.equal((await openai.models.retrieve('m-chat')).id, 'm-chat');
  assert.equal((await anthropic.models.retrieve('m-chat')).type, 'model');
  assert.equal((await google.models.get({ model: 'm-chat' })).name, 'models/m-chat');
  await assert.rejects(anthropic.models.retrieve('nothing'), (e) => e.status === 404 && e.error.type === 'error');
});
