// The libraries that programs are written with, Vercel's AI SDK and LangChain, through the gateway to upstreams of every dialect: texts, streams,
// tools over several steps, structured output, embeddings and errors.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createAnthropic } from '@ai-sdk/anthropic';
import { createGoogleGenerativeAI } from '@ai-sdk/google';
import { createOpenAI } from '@ai-sdk/openai';
import { HumanMessage, SystemMessage, ToolMessage } from '@langchain/core/messages';
import { ChatOpenAI, OpenAIEmbeddings } from '@langchain/openai';
import { embedMany, generateObject, generateText, Output, stepCountIs, streamObject, streamText, tool } from 'ai';
import { z } from 'zod';
import { addUser } from './lib/accounts.mjs';
import { asksForJson, hasToolResult, Providers, toolNames } from './lib/providers.mjs';
import { YourApi } from './lib/yourapi.mjs';

// `responses` is a channel of OpenAI's, which takes chat as chat.
const upstreams = { chat: 8, claude: 14, gemini: 24, responses: 1 };
const newest = 'claude-opus-4-6'; // knows a schema of the answer, which m-claude is taken not to
const usage = { input: 11, cached: 5, output: 9, thought: 4 };
const city = z.object({ city: z.string() });
const person = z.object({ name: z.string(), born: z.number(), tags: z.array(z.string()) });
const ada = { name: 'Ada', born: 1815, tags: ['maths', 'Ça'] };
let api, up, key, otherKey;

before(async () => {
  up = await Providers.start();
  api = await YourApi.start();
  await api.setUp();
  await api.setOption('ModelRatio', Object.fromEntries([...Object.keys(upstreams).flatMap((name) => [[`m-${name}`, 2], [`e-${name}`, 1]]), [newest, 2]]));
  for (const [name, type] of Object.entries(upstreams)) await api.addChannel({ type, base_url: up.url, models: `m-${name},e-${name}`, name });
  await api.addChannel({ type: upstreams.claude, base_url: up.url, models: newest, name: 'newest' });
  ({ key } = await api.addToken());
  await api.setOption('QuotaForNewUser', '100000000');
  ({ key: otherKey } = await (await addUser(api, 'bob', 'secret-of-bob')).addToken());
});

after(async () => {
  if (process.env.SHOW_OUTPUT) console.error(api?.output);
  await api?.stop();
  await up?.stop();
});

// What an upstream does that has the tool `weather`: it calls it for two cities, and then says what it was told.
function twoSteps(request) {
  if (!hasToolResult(request))
    return { reasoning: 'Two of them.', text: 'Looking.', usage, tools: [{ id: 'call_a1', name: 'weather', args: { city: 'Paris' } },
                                                                          { id: 'call_b2', name: 'weather', args: { city: 'Rome' } }] };
  const told = request.raw.match(/fine in \w+/g);
  return { text: `It is ${told.join(' and ')}.`, usage };
}

// What an upstream says that was asked for a person: JSON, or the call of the tool that a library gives for it.
function onePerson(request) {
  assert.match(request.raw, /born/, 'the schema arrived');
  const [name] = toolNames(request);
  if (name) return { tools: [{ id: 'call_a1', name, args: ada }], usage };
  assert.ok(asksForJson(request), 'JSON is asked for');
  return { text: JSON.stringify(ada), usage };
}

const failure = (dialect) => ({ status: 400, body: dialect === 'claude' ? { type: 'error', error: { type: 'invalid_request_error', message: 'no such thing' } }
  : dialect === 'gemini' ? { error: { code: 400, message: 'no such thing', status: 'INVALID_ARGUMENT' } }
  : { error: { message: 'no such thing', type: 'invalid_request_error', param: null, code: null } } });

// ---- Vercel's AI SDK ----

const kits = {
  'ai chat': (id) => createOpenAI({ apiKey: key, baseURL: `${api.url}/v1` }).chat(id),
  'ai responses': (id) => createOpenAI({ apiKey: key, baseURL: `${api.url}/v1` }).responses(id), // which takes it that its answers are kept
  'ai responses, unkept': (id) => kits['ai responses'](id),
  'ai claude': (id) => createAnthropic({ apiKey: key, baseURL: `${api.url}/v1` })(id),
  'ai gemini': (id) => createGoogleGenerativeAI({ apiKey: key, baseURL: `${api.url}/v1beta` })(id),
};

for (const [kit, make] of Object.entries(kits)) {
  for (const upstream of Object.keys(upstreams)) {
    const model = () => make(`m-${upstream}`);
    const asked = (more) => ({ model: model(), maxRetries: 0, system: 'Be brief.', prompt: 'What is the weather in Paris and Rome?',
                               ...(kit === 'ai responses, unkept' && { providerOptions: { openai: { store: false } } }), ...more });
    const weather = () => ({ weather: tool({ description: 'tells it', inputSchema: city, execute: async ({ city: where }) => `fine in ${where}` }) });

    test(`${kit} to ${upstream}: a text, whole and streamed`, async () => {
      up.answer = () => ({ reasoning: 'Let me think.', text: 'Ça va, 天气很好 👍.', usage });
      const whole = await generateText(asked());
      assert.equal(whole.text, 'Ça va, 天气很好 👍.');
      assert.equal(whole.finishReason, 'stop');
      assert.deepEqual([whole.usage.inputTokens, whole.usage.inputTokenDetails.cacheReadTokens, whole.usage.outputTokens], [16, 5, 9]);
      const stream = streamText(asked());
      let text = '';
      for await (const part of stream.textStream) text += part;
      assert.equal(text, whole.text);
      assert.equal(await stream.finishReason, 'stop');
      const counted = await stream.usage;
      assert.deepEqual([counted.inputTokens, counted.inputTokenDetails.cacheReadTokens, counted.outputTokens], [16, 5, 9]);
      if (kit !== 'ai chat') { // the kit's chat has no reasoning
        assert.equal(whole.reasoningText, 'Let me think.');
        assert.equal(await stream.reasoningText, 'Let me think.');
      }
    });

    for (const how of ['whole', 'stream']) {
      test(`${kit} to ${upstream}, ${how}: tools over two steps`, async () => {
        up.answer = twoSteps;
        const call = asked({ tools: weather(), stopWhen: stepCountIs(4) });
        const done = how === 'whole' ? await generateText(call) : streamText(call);
        assert.equal(await done.text, 'It is fine in Paris and fine in Rome.');
        const steps = await done.steps;
        assert.equal(steps.length, 2);
        assert.deepEqual(steps[0].toolResults.map((r) => [r.toolName, r.input, r.output]),
                         [['weather', { city: 'Paris' }, 'fine in Paris'], ['weather', { city: 'Rome' }, 'fine in Rome']]);
        assert.equal(steps[0].finishReason, 'tool-calls');
        assert.equal((await done.totalUsage).outputTokens, 18);
        // What was said and called is there again, also where the kit only names what it believes to be kept. So is what the provider has sealed,
        // unless the kit forgets it: its chat knows of no such thing.
        const { raw } = up.last();
        assert.match(raw, kit === 'ai responses' && upstream === 'responses' ? /item_reference/ : /Looking\./);
        assert.match(raw, /call_a1|functionCall/);
        if (upstream === 'claude' && kit !== 'ai chat') assert.match(raw, /c2lnbmVkIQ==/);
        if (upstream === 'gemini' && kit !== 'ai chat') assert.match(raw, /dGhvdWdodCE=/);
        assert.doesNotMatch(raw, /YourApi/);
      });
    }

    for (const how of ['whole', 'stream']) {
      test(`${kit} to ${upstream}, ${how}: a second turn`, async () => {
        up.answer = () => ({ reasoning: 'Let me think.', text: 'Ça va, 天气很好 👍.', usage });
        const messages = [{ role: 'user', content: 'How is it?' }];
        const say = async () => {
          const call = { ...asked({ messages }), prompt: undefined };
          const done = how === 'whole' ? await generateText(call) : streamText(call);
          assert.equal(await done.text, 'Ça va, 天气很好 👍.');
          messages.push(...(await done.response).messages, { role: 'user', content: 'And tomorrow?' });
        };
        await say();
        await say();
        const { raw } = up.last();
        assert.match(raw, kit === 'ai responses' && upstream === 'responses' ? /item_reference/ : /天气很好/);
        assert.match(raw, /How is it\?[^]*And tomorrow\?/);
        await say(); // with items of two answers
      });
    }

    test(`${kit} to ${upstream}: an object by its schema, whole and streamed`, async () => {
      up.answer = onePerson;
      const call = { model: model(), maxRetries: 0, schema: person, prompt: 'Who was the first to write a program?' };
      assert.deepEqual((await generateObject(call)).object, ada);
      const stream = streamObject(call);
      for await (const part of stream.partialObjectStream) assert.ok(part);
      assert.deepEqual(await stream.object, ada);
      const { output } = await generateText({ model: model(), maxRetries: 0, prompt: 'Who?', output: Output.object({ schema: person }) });
      assert.deepEqual(output, ada);
    });

    test(`${kit} to ${upstream}: an error says what the upstream has said`, async () => {
      up.answer = ({ dialect }) => failure(dialect);
      await assert.rejects(generateText(asked()), (e) => e.statusCode === 400 && /no such thing/.test(e.message));
    });
  }
}

for (const kit of ['ai chat', 'ai responses', 'ai gemini']) {
  test(`${kit} to models of Claude's that know schemas and that do not: both answer with text`, async () => {
    for (const id of [newest, 'm-claude']) {
      up.answer = onePerson;
      const { object, finishReason } = await generateObject({ model: kits[kit](id), maxRetries: 0, schema: person, prompt: 'Who?' });
      assert.deepEqual([object, finishReason], [ada, 'stop']);
      const { body } = up.last('claude');
      assert.deepEqual([!!body.output_config, body.tool_choice?.type], id === newest ? [true, undefined] : [false, 'tool']);
    }
  });
}

// Nobody keeps an answer for another user than his who got it.
for (const upstream of ['chat', 'claude', 'gemini']) {
  test(`ai responses to ${upstream}: a second user does not get what the first was answered`, async () => {
    up.answer = () => ({ text: 'The code is 4711.', usage });
    const messages = [{ role: 'user', content: 'What is the code?' }];
    const first = await generateText({ model: kits['ai responses'](`m-${upstream}`), maxRetries: 0, messages });
    messages.push(...first.response.messages, { role: 'user', content: 'Again?' });
    const before = up.requests.length;
    const other = createOpenAI({ apiKey: otherKey, baseURL: `${api.url}/v1` });
    await assert.rejects(generateText({ model: other(`m-${upstream}`), maxRetries: 0, messages }),
                         (e) => e.statusCode === 404 && /^Item with id 'msg_\w+' not found\./.test(e.message));
    assert.equal(up.requests.length, before);
    assert.equal((await generateText({ model: kits['ai responses'](`m-${upstream}`), maxRetries: 0, messages })).text, 'The code is 4711.');
    assert.match(up.last().raw, /The code is 4711/);
  });
}

// ---- LangChain ----

const chains = {
  'langchain chat': (id, more) => new ChatOpenAI({ model: id, apiKey: key, maxRetries: 0, configuration: { baseURL: `${api.url}/v1` }, ...more }),
  'langchain responses': (id, more) => chains['langchain chat'](id, { useResponsesApi: true, ...more }),
};

for (const [chain, make] of Object.entries(chains)) {
  for (const upstream of Object.keys(upstreams)) {
    const asked = [new SystemMessage('Be brief.'), new HumanMessage('What is the weather in Paris and Rome?')];

    test(`${chain} to ${upstream}: a text, whole and streamed`, async () => {
      up.answer = () => ({ reasoning: 'Let me think.', text: 'Ça va, 天气很好 👍.', usage });
      const whole = await make(`m-${upstream}`).invoke(asked);
      assert.equal(whole.text, 'Ça va, 天气很好 👍.');
      assert.deepEqual([whole.usage_metadata.input_tokens, whole.usage_metadata.input_token_details.cache_read, whole.usage_metadata.output_tokens], [16, 5, 9]);
      let all;
      for await (const chunk of await make(`m-${upstream}`).stream(asked)) all = all ? all.concat(chunk) : chunk;
      assert.equal(all.text, whole.text);
      assert.deepEqual([all.usage_metadata.input_tokens, all.usage_metadata.output_tokens], [16, 9]);
    });

    for (const how of ['whole', 'stream']) {
      test(`${chain} to ${upstream}, ${how}: bound tools and their results`, async () => {
        up.answer = twoSteps;
        const bound = make(`m-${upstream}`).bindTools([{ type: 'function', function: { name: 'weather', description: 'tells it', parameters: z.toJSONSchema(city) } }]);
        const say = async (messages) => {
          if (how === 'whole') return bound.invoke(messages);
          let all;
          for await (const chunk of await bound.stream(messages)) all = all ? all.concat(chunk) : chunk;
          return all;
        };
        const turn = await say(asked);
        assert.deepEqual(turn.tool_calls.map(({ name, args }) => ({ name, args })), [{ name: 'weather', args: { city: 'Paris' } }, { name: 'weather', args: { city: 'Rome' } }]);
        const end = await say([...asked, turn, ...turn.tool_calls.map((c) => new ToolMessage({ tool_call_id: c.id, content: `fine in ${c.args.city}` }))]);
        assert.equal(end.text, 'It is fine in Paris and fine in Rome.');
      });
    }

    for (const method of ['jsonSchema', 'functionCalling', 'jsonMode']) {
      test(`${chain} to ${upstream}: structured output by ${method}`, async () => {
        up.answer = onePerson;
        const structured = make(`m-${upstream}`).withStructuredOutput(person, { method, name: 'person' });
        assert.deepEqual(await structured.invoke('Who was the first to write a program? Answer with JSON: name, born, tags.'), ada);
      });
    }

    test(`${chain} to ${upstream}: an error says what the upstream has said`, async () => {
      up.answer = ({ dialect }) => failure(dialect);
      await assert.rejects(make(`m-${upstream}`).invoke(asked), (e) => e.status === 400 && /no such thing/.test(e.message));
    });
  }
}

// ---- embeddings ----

const vectors = [[0.5, -0.25, 0.125], [1, 0, -1]];
const embeddings = ({ body }) => ({ status: 200, body: { object: 'list', model: body.model, usage: { prompt_tokens: 7, total_tokens: 7 }, data: vectors.map((v, index) => ({
  object: 'embedding', index, embedding: body.encoding_format === 'base64' ? Buffer.from(new Float32Array(v).buffer).toString('base64') : v })) } });

for (const upstream of ['chat', 'responses']) {
  test(`embeddings of both libraries from ${upstream}`, async () => {
    up.answer = embeddings;
    const chain = new OpenAIEmbeddings({ model: `e-${upstream}`, apiKey: key, maxRetries: 0, configuration: { baseURL: `${api.url}/v1` } });
    assert.deepEqual(await chain.embedDocuments(['one', 'two']), vectors);
    const { embeddings: got } = await embedMany({ model: createOpenAI({ apiKey: key, baseURL: `${api.url}/v1` }).embedding(`e-${upstream}`), values: ['one', 'two'], maxRetries: 0 });
    assert.deepEqual(got, vectors);
  });
}
