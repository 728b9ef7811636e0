// Recorded answers of providers (the folder FIXTURES), read plainly, and an upstream on loopback that says them again: { text, parts, calls,
// finish, usage } of each, where `text` holds refusals and what is heard in a sound, `parts` are texts that an answer has to hold in their
// order, and `usage` is null where the provider told none.
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { FakeServer } from './fake-server.mjs';

const folder = resolve(process.env.FIXTURES ?? join(import.meta.dirname, '../../../../shared/fixtures'));
// Two streams in one, as a broken proxy sent them; no SDK reads it.
const broken = ['anthropic/messages-reasoning-stream-spliced-message-start-ab068f'];
const mine = {
  chat: (e) => e.endpoint === 'chat' && ['openai', 'azure'].includes(e.provider),
  responses: (e) => e.endpoint === 'responses' && ['openai', 'azure'].includes(e.provider) && !e.url?.endsWith('/compact'),
  claude: (e) => e.endpoint === 'messages' && e.provider === 'anthropic' && !broken.includes(e.id),
  gemini: (e) => e.endpoint === 'generate' && e.provider === 'gemini',
};

// Null without the folder; else the cases of each dialect, { id, model, stream, body }.
export function recordedCases() {
  if (!existsSync(join(folder, 'index.json'))) return null;
  const entries = JSON.parse(readFileSync(join(folder, 'index.json')));
  return Object.fromEntries(Object.entries(mine).map(([dialect, isMine]) => [dialect,
    entries.filter((e) => isMine(e) && e.status === 200 && (!e.stream || e.stream === 'sse')).map((e, i) => ({
      id: e.id, model: `rec-${dialect}-${i}`, stream: e.stream === 'sse', body: readFileSync(join(folder, `${e.id}${e.stream ? '.stream.txt' : '.response.json'}`)) }))]));
}

const events = (text) => text.split(/\r?\n\r?\n/).map((block) => block.split(/\r?\n/).filter((l) => l.startsWith('data:')).map((l) => l.slice(5).trim()).join('\n'))
  .filter((data) => data && data !== '[DONE]').map((data) => JSON.parse(data));
const parsed = (text) => (text ? JSON.parse(text) : {});

// ---- a plain reading, which shares nothing with the program's ----

const plain = {
  chat(chunks) {
    const calls = new Map();
    let text = '', finish = null, usage = null;
    for (const chunk of chunks) {
      if (chunk.usage) usage = { prompt: chunk.usage.prompt_tokens, output: chunk.usage.completion_tokens };
      const choice = chunk.choices?.find((c) => c.index === 0);
      if (!choice) continue;
      const said = choice.delta ?? choice.message ?? {};
      text += (said.content ?? '') + (said.refusal ?? '') + (said.audio?.transcript ?? '');
      (said.tool_calls ?? []).forEach((t, i) => {
        const call = calls.get(t.index ?? i) ?? calls.set(t.index ?? i, { name: '', args: '', custom: t.type === 'custom' }).get(t.index ?? i);
        call.name += (t.function ?? t.custom)?.name ?? '';
        call.args += t.function?.arguments ?? t.custom?.input ?? '';
      });
      if (said.function_call) {
        const call = calls.get(0) ?? calls.set(0, { name: '', args: '' }).get(0);
        call.name += said.function_call.name ?? '';
        call.args += said.function_call.arguments ?? '';
      }
      finish = choice.finish_reason ?? finish;
    }
    const list = [...calls.values()].map(({ name, args, custom }) => ({ name, args: custom ? { input: args } : parsed(args) }));
    const reason = { content_filter: 'filter', function_call: 'tool_calls', length: 'length' }[finish] ?? (list.length ? 'tool_calls' : 'stop');
    return { text, calls: list, finish: reason, usage };
  },
  responses(list) {
    const r = list.find((e) => ['response.completed', 'response.incomplete'].includes(e.type))?.response ?? list.at(-1);
    const content = r.output.filter((i) => i.type === 'message').flatMap((i) => i.content);
    const calls = r.output.filter((i) => ['function_call', 'custom_tool_call'].includes(i.type))
      .map((i) => ({ name: i.name, args: i.type === 'custom_tool_call' ? { input: i.input } : parsed(i.arguments) }));
    const cause = r.incomplete_details?.reason;
    return { text: content.map((c) => c.text ?? c.refusal).join(''), calls, usage: r.usage && { prompt: r.usage.input_tokens, output: r.usage.output_tokens },
             finish: cause === 'max_output_tokens' ? 'length' : cause === 'content_filter' ? 'filter' : calls.length ? 'tool_calls' : 'stop' };
  },
  claude(list) {
    const blocks = [];
    let stop, usage = {};
    for (const e of list) {
      const message = e.type === 'message' ? e : e.message;
      if (message) {
        blocks.push(...message.content.map((b) => ({ ...b })));
        usage = { ...usage, ...message.usage };
        stop = message.stop_reason ?? stop;
      }
      if (e.type === 'content_block_start') blocks[e.index] = { ...e.content_block, json: '' };
      if (e.type === 'content_block_delta' && e.delta.type === 'text_delta') blocks[e.index].text += e.delta.text;
      if (e.type === 'content_block_delta' && e.delta.type === 'input_json_delta') blocks[e.index].json += e.delta.partial_json;
      if (e.type === 'message_delta') {
        stop = e.delta.stop_reason ?? stop;
        for (const [name, value] of Object.entries(e.usage ?? {})) if (value) usage[name] = value;
      }
    }
    const calls = blocks.filter((b) => b.type === 'tool_use').map((b) => ({ name: b.name, args: b.json ? JSON.parse(b.json) : b.input }));
    const extra = (usage.iterations ?? []).filter((i) => i.type === 'compaction');
    return { text: blocks.filter((b) => b.type === 'text').map((b) => b.text).join(''), calls,
             finish: { max_tokens: 'length', model_context_window_exceeded: 'length', tool_use: 'tool_calls', refusal: 'filter' }[stop] ?? 'stop',
             usage: { prompt: usage.input_tokens + (usage.cache_read_input_tokens ?? 0) + (usage.cache_creation_input_tokens ?? 0) +
                        extra.reduce((n, i) => n + i.input_tokens + (i.cache_read_input_tokens ?? 0) + (i.cache_creation_input_tokens ?? 0), 0),
                      output: usage.output_tokens + extra.reduce((n, i) => n + i.output_tokens, 0) } };
  },
  gemini(list) {
    const candidates = list.flatMap((r) => r.candidates ?? []).filter((c) => !c.index);
    const parts = candidates.flatMap((c) => c.content?.parts ?? []);
    const reason = candidates.map((c) => c.finishReason).findLast(Boolean);
    const u = list.map((r) => r.usageMetadata).findLast(Boolean);
    const texts = parts.filter((p) => p.text && !p.thought).map((p) => p.text);
    const filters = ['SAFETY', 'RECITATION', 'BLOCKLIST', 'PROHIBITED_CONTENT', 'SPII'];
    const blocked = list.some((r) => r.promptFeedback?.blockReason) && !list.some((r) => r.candidates?.length);
    const calls = parts.filter((p) => p.functionCall?.name).map((p) => ({ name: p.functionCall.name, args: p.functionCall.args ?? {} }));
    return { text: texts.join(''), parts: parts.some((p) => p.executableCode || p.codeExecutionResult) ? texts : null, calls,
             finish: reason === 'MAX_TOKENS' ? 'length' : blocked || filters.includes(reason) ? 'filter' : calls.length ? 'tool_calls' : 'stop',
             usage: u && { prompt: (u.promptTokenCount ?? 0) + (u.toolUsePromptTokenCount ?? 0), output: (u.candidatesTokenCount ?? 0) + (u.thoughtsTokenCount ?? 0) } };
  },
};

export function readPlainly(dialect, { stream, body }) {
  return plain[dialect](stream ? events(body.toString()) : [JSON.parse(body)].flat());
}

// ---- the upstream ----

// Pieces of one byte where that is quick, else of a size that chance gives; the same each time for a body.
function* pieces(body, smallBytes) {
  let seed = body.length;
  for (let at = 0; at < body.length;) {
    seed = (seed * 1103515245 + 12345) & 0x7fffffff;
    const n = body.length <= smallBytes ? 1 : 1 + (seed >> 8) % Math.ceil(body.length / 12);
    yield body.subarray(at, at + n);
    at += n;
  }
}

export class Recorded extends FakeServer {
  static async start(cases, { smallBytes = 2500 } = {}) {
    const up = new Recorded();
    up.byModel = new Map(Object.values(cases).flat().map((c) => [c.model, c]));
    up.smallBytes = smallBytes;
    return up.listen();
  }

  async serve(req, res) {
    const chunks = [];
    for await (const chunk of req) chunks.push(chunk);
    const model = /models\/([^:]+):/.exec(req.url)?.[1] ?? JSON.parse(Buffer.concat(chunks)).model;
    const found = this.byModel.get(model);
    res.socket.setNoDelay(true);
    res.writeHead(200, { 'content-type': found.stream ? 'text/event-stream' : 'application/json' });
    for (const piece of pieces(found.body, this.smallBytes)) {
      res.write(piece);
      await new Promise(setImmediate); // so that it leaves as a packet of its own
    }
    res.end();
  }
}
