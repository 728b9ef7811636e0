// Upstreams in the four dialects on loopback, told what to answer in words of none of them:
//
//     { reasoning, text, tools: [{ id, name, args }], finish: 'stop' | 'length' | 'tool_calls', usage: { input, cached, written, output, thought } }
//
// A tool that takes free text, which only the Responses API has, is called with { id, name, namespace, input }.
// `input` is what is neither cached nor written to a cache; `output` holds what was thought. Each pathway of a dialect is written after
// its provider's documentation, in small pieces, so that a reader has to put something together.
import { FakeServer } from './fake-server.mjs';

const pieces = (text, size = 4) => text?.match(new RegExp(`[^]{1,${size}}`, 'gu')) ?? [];
const sse = (events) => events.map(([type, data]) => (type ? `event: ${type}\n` : '') + `data: ${JSON.stringify(data)}\n\n`);

function openaiUsage({ input, cached = 0, written = 0, output, thought = 0 }) {
  const prompt = input + cached + written;
  return { prompt_tokens: prompt, completion_tokens: output, total_tokens: prompt + output,
           prompt_tokens_details: { cached_tokens: cached }, completion_tokens_details: { reasoning_tokens: thought } };
}

const chat = {
  whole: (a, model) => ({
    id: 'chatcmpl-1', object: 'chat.completion', created: 1700000000, model,
    choices: [{ index: 0, finish_reason: a.finish ?? (a.tools ? 'tool_calls' : 'stop'), logprobs: null, message: {
      role: 'assistant', content: a.text ?? null, refusal: null, ...(a.reasoning && { reasoning_content: a.reasoning }),
      ...(a.tools && { tool_calls: a.tools.map((t) => ({ id: t.id, type: 'function', function: { name: t.name, arguments: JSON.stringify(t.args) } })) }) } }],
    usage: openaiUsage(a.usage) }),
  stream: (a, model) => {
    const head = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1700000000, model };
    const chunk = (delta, finish_reason = null) => ['', { ...head, choices: [{ index: 0, delta, finish_reason }] }];
    return [...sse([
      chunk({ role: 'assistant', content: '' }),
      ...pieces(a.reasoning).map((reasoning_content) => chunk({ reasoning_content })),
      ...pieces(a.text, a.piece).map((content) => chunk({ content })),
      ...(a.tools ?? []).flatMap((t, index) => [
        chunk({ tool_calls: [{ index, id: t.id, type: 'function', function: { name: t.name, arguments: '' } }] }),
        ...pieces(JSON.stringify(t.args)).map((args) => chunk({ tool_calls: [{ index, function: { arguments: args } }] }))]),
      chunk({}, a.finish ?? (a.tools ? 'tool_calls' : 'stop')),
      ['', { ...head, choices: [], usage: openaiUsage(a.usage) }]]), 'data: [DONE]\n\n'];
  },
};

const claudeStop = (a) => ({ stop: 'end_turn', length: 'max_tokens', tool_calls: 'tool_use' })[a.finish ?? (a.tools ? 'tool_calls' : 'stop')];
const claudeUsage = ({ input, cached = 0, written = 0, output }) => ({ input_tokens: input, cache_read_input_tokens: cached,
                                                                       cache_creation_input_tokens: written, output_tokens: output });
const claude = {
  whole: (a, model) => ({
    id: 'msg_1', type: 'message', role: 'assistant', model, stop_reason: claudeStop(a), stop_sequence: null, usage: claudeUsage(a.usage), content: [
      ...(a.reasoning ? [{ type: 'thinking', thinking: a.reasoning, signature: 'c2lnbmVkIQ==' }] : []),
      ...(a.text ? [{ type: 'text', text: a.text }] : []),
      ...(a.tools ?? []).map((t) => ({ type: 'tool_use', id: t.id, name: t.name, input: t.args }))] }),
  stream: (a, model) => {
    let index = -1;
    const event = (type, data) => [type, { type, ...data }];
    const block = (content_block, deltas) => {
      index++;
      return [event('content_block_start', { index, content_block }), ...deltas.map((delta) => event('content_block_delta', { index, delta })),
              event('content_block_stop', { index })];
    };
    return sse([
      event('message_start', { message: { id: 'msg_1', type: 'message', role: 'assistant', model, content: [], stop_reason: null, stop_sequence: null,
                                          usage: { ...claudeUsage(a.usage), output_tokens: 1 } } }),
      event('ping', {}),
      ...(a.reasoning ? block({ type: 'thinking', thinking: '', signature: '' }, [
        ...pieces(a.reasoning).map((thinking) => ({ type: 'thinking_delta', thinking })), { type: 'signature_delta', signature: 'c2lnbmVkIQ==' }]) : []),
      ...(a.text ? block({ type: 'text', text: '' }, pieces(a.text).map((text) => ({ type: 'text_delta', text }))) : []),
      ...(a.tools ?? []).flatMap((t) => block({ type: 'tool_use', id: t.id, name: t.name, input: {} },
        pieces(JSON.stringify(t.args)).map((partial_json) => ({ type: 'input_json_delta', partial_json })))),
      event('message_delta', { delta: { stop_reason: claudeStop(a), stop_sequence: null }, usage: { output_tokens: a.usage.output } }),
      event('message_stop', {})]);
  },
};

const geminiUsage = ({ input, cached = 0, written = 0, output, thought = 0 }) => ({
  promptTokenCount: input + cached + written, cachedContentTokenCount: cached, candidatesTokenCount: output - thought, thoughtsTokenCount: thought,
  totalTokenCount: input + cached + written + output });
const gemini = {
  whole: (a, model) => ({
    candidates: [{ index: 0, finishReason: a.finish === 'length' ? 'MAX_TOKENS' : 'STOP', content: { role: 'model', parts: [
      ...(a.reasoning ? [{ text: a.reasoning, thought: true }] : []),
      ...(a.text ? [{ text: a.text }] : []),
      ...(a.tools ?? []).map((t) => ({ functionCall: { name: t.name, args: t.args }, thoughtSignature: 'dGhvdWdodCE=' }))] } }],
    usageMetadata: geminiUsage(a.usage), modelVersion: model, responseId: 'r1' }),
  stream: (a, model) => {
    const chunk = (parts, more = {}) => ['', { candidates: [{ index: 0, content: { role: 'model', parts }, ...more }], usageMetadata: geminiUsage(a.usage),
                                               modelVersion: model, responseId: 'r1' }];
    return sse([
      ...pieces(a.reasoning).map((text) => chunk([{ text, thought: true }])),
      ...pieces(a.text).map((text) => chunk([{ text }])),
      ...(a.tools ?? []).map((t) => chunk([{ functionCall: { name: t.name, args: t.args }, thoughtSignature: 'dGhvdWdodCE=' }])),
      chunk([{ text: '' }], { finishReason: a.finish === 'length' ? 'MAX_TOKENS' : 'STOP' })]);
  },
};

const responsesUsage = ({ input, cached = 0, written = 0, output, thought = 0 }) => ({
  input_tokens: input + cached + written, input_tokens_details: { cached_tokens: cached }, output_tokens: output,
  output_tokens_details: { reasoning_tokens: thought }, total_tokens: input + cached + written + output });
const responses = {
  items: (a) => [
    ...(a.reasoning ? [{ type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: a.reasoning }], encrypted_content: 'gAAAAAencrypted' }] : []),
    ...(a.text ? [{ type: 'message', id: 'msg_1', status: 'completed', role: 'assistant', content: [{ type: 'output_text', text: a.text, annotations: [] }] }] : []),
    ...(a.tools ?? []).map((t, i) => (t.input === undefined
      ? { type: 'function_call', id: `fc_${i}`, status: 'completed', call_id: t.id, name: t.name, arguments: JSON.stringify(t.args) }
      : { type: 'custom_tool_call', id: `ctc_${i}`, status: 'completed', call_id: t.id, name: t.name, namespace: t.namespace, input: t.input }))],
  whole: (a, model) => ({
    id: 'resp_1', object: 'response', created_at: 1700000000, model, status: a.finish === 'length' ? 'incomplete' : 'completed', error: null,
    incomplete_details: a.finish === 'length' ? { reason: 'max_output_tokens' } : null, output: responses.items(a), parallel_tool_calls: true,
    tools: [], tool_choice: 'auto', usage: responsesUsage(a.usage) }),
  stream: (a, model) => {
    let sequence_number = 0;
    const event = (type, data) => [type, { type, sequence_number: sequence_number++, ...data }];
    const begun = { ...responses.whole(a, model), status: 'in_progress', output: [], usage: null, incomplete_details: null };
    return sse([
      event('response.created', { response: begun }), event('response.in_progress', { response: begun }),
      ...responses.items(a).flatMap((item, output_index) => {
        const at = { item_id: item.id, output_index };
        if (item.type === 'reasoning') {
          const [{ text }] = item.summary;
          return [event('response.output_item.added', { output_index, item: { ...item, summary: [], encrypted_content: null } }),
                  event('response.reasoning_summary_part.added', { ...at, summary_index: 0, part: { type: 'summary_text', text: '' } }),
                  ...pieces(text).map((delta) => event('response.reasoning_summary_text.delta', { ...at, summary_index: 0, delta })),
                  event('response.reasoning_summary_text.done', { ...at, summary_index: 0, text }),
                  event('response.output_item.done', { output_index, item })];
        }
        if (item.type === 'message') {
          const [part] = item.content;
          return [event('response.output_item.added', { output_index, item: { ...item, status: 'in_progress', content: [] } }),
                  event('response.content_part.added', { ...at, content_index: 0, part: { ...part, text: '' } }),
                  ...pieces(part.text).map((delta) => event('response.output_text.delta', { ...at, content_index: 0, delta, logprobs: [] })),
                  event('response.output_text.done', { ...at, content_index: 0, text: part.text }),
                  event('response.content_part.done', { ...at, content_index: 0, part }),
                  event('response.output_item.done', { output_index, item })];
        }
        if (item.type === 'custom_tool_call')
          return [event('response.output_item.added', { output_index, item: { ...item, status: 'in_progress', input: '' } }),
                  ...pieces(item.input).map((delta) => event('response.custom_tool_call_input.delta', { ...at, delta })),
                  event('response.custom_tool_call_input.done', { ...at, input: item.input }),
                  event('response.output_item.done', { output_index, item })];
        return [event('response.output_item.added', { output_index, item: { ...item, status: 'in_progress', arguments: '' } }),
                ...pieces(item.arguments).map((delta) => event('response.function_call_arguments.delta', { ...at, delta })),
                event('response.function_call_arguments.done', { ...at, name: item.name, arguments: item.arguments }),
                event('response.output_item.done', { output_index, item })];
      }),
      event(a.finish === 'length' ? 'response.incomplete' : 'response.completed', { response: responses.whole(a, model) })]);
  },
};

// Which dialect a path is of.
function dialectOf(url) {
  if (/:(stream)?generateContent|:(batch)?embedContents?/i.test(url)) return ['gemini', gemini];
  if (url.startsWith('/v1/messages')) return ['claude', claude];
  if (url.includes('/responses')) return ['responses', responses];
  return ['chat', chat];
}

const claudeBlocks = (body) => body.messages.flatMap((m) => (Array.isArray(m.content) ? m.content : []));

// Has a recorded request what a tool has answered?
export function hasToolResult({ dialect, body }) {
  return { chat: () => body.messages.some((m) => m.role === 'tool'),
           responses: () => body.input.some((i) => /_call_output$/.test(i.type)),
           claude: () => claudeBlocks(body).some((b) => b.type === 'tool_result'),
           gemini: () => body.contents.some((c) => c.parts.some((p) => p.functionResponse)) }[dialect]();
}

// The names of the tools of a recorded request that its client runs.
export function toolNames({ dialect, body }) {
  return { chat: () => (body.tools ?? []).map((t) => t.function?.name ?? t.custom?.name),
           responses: () => (body.tools ?? []).filter((t) => t.name).map((t) => t.name),
           claude: () => (body.tools ?? []).map((t) => t.name),
           gemini: () => (body.tools ?? []).flatMap((t) => t.functionDeclarations ?? []).map((t) => t.name) }[dialect]();
}

// Must the answer to a recorded request be JSON?
export function asksForJson({ dialect, body }) {
  return { chat: () => /^json_/.test(body.response_format?.type),
           responses: () => /^json_/.test(body.text?.format?.type),
           claude: () => (body.output_config?.format ?? body.output_format)?.type === 'json_schema' || /JSON/.test(JSON.stringify(body.system)),
           gemini: () => body.generationConfig?.responseMimeType === 'application/json' }[dialect]();
}

export class Providers extends FakeServer {
  requests = []; // { dialect, url, headers, body }
  answer = () => ({ text: 'ok', usage: { input: 1, output: 1 } }); // of a request; may be { status, body }, or { stream: [...pieces], cut: true }

  static start() {
    return new Providers().listen();
  }

  last(dialect) {
    return this.requests.findLast((r) => !dialect || r.dialect === dialect);
  }

  async serve(req, res) {
    const chunks = [];
    for await (const chunk of req) chunks.push(chunk);
    const raw = Buffer.concat(chunks).toString();
    const [dialect, writer] = dialectOf(req.url);
    const request = { dialect, url: req.url, headers: req.headers, raw, body: raw ? JSON.parse(raw) : null };
    this.requests.push(request);
    const answer = await this.answer(request);
    if (answer.status) {
      res.writeHead(answer.status, { 'content-type': 'application/json' });
      return res.end(JSON.stringify(answer.body));
    }
    const model = request.body?.model ?? /models\/([^:]+):/.exec(req.url)?.[1];
    if (!request.body?.stream && !req.url.includes(':streamGenerateContent')) {
      res.writeHead(200, { 'content-type': 'application/json' });
      return res.end(JSON.stringify(writer.whole(answer, model)));
    }
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    const events = writer.stream(answer, model);
    // Cut where no event ends, so that the gateway has to put events together.
    for (const piece of (answer.cut ? events.slice(0, answer.cut) : events).join('').match(answer.piece ? /[^]{1,65536}/gu : /[^]{1,150}/gu) ?? []) {
      res.write(piece);
      if (answer.slow) await new Promise((done) => setTimeout(done, answer.slow));
    }
    return answer.cut ? setTimeout(() => res.destroy(), 20) : res.end();
  }
}
