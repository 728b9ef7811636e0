// A scripted OpenAI-compatible upstream on loopback. What it answers is decided by the model's name, so that a test says in one
// place what should happen:
//
//     echo                answers with the last user message, 10 prompt and 5 completion tokens
//     tokens-P-C          the same with P prompt and C completion tokens
//     no-usage            reports no usage
//     status-N            answers with HTTP status N and an error object that holds a key and an address
//     garbage, empty, empty-stream, html
//     cut-first           dies before the first byte; cut-mid: dies in mid-stream
//     error-event         an error event first; error-late: one after content
//     slow-N              N ms before the answer; drip-N: N ms between chunks; held: until letGo() behind the first one
//     big-N               a stream of N chunks; large-N: an answer of N KB
import http from 'node:http';

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function textOf(body) {
  const last = body.messages?.at(-1)?.content ?? body.prompt ?? body.input ?? '';
  return typeof last === 'string' ? last : JSON.stringify(last);
}

function usageOf(model) {
  const [, prompt, completion] = /^tokens-(\d+)-(\d+)/.exec(model) ?? [null, 10, 5];
  if (model.startsWith('no-usage')) return undefined;
  const usage = {
    prompt_tokens: Number(prompt),
    completion_tokens: Number(completion),
    total_tokens: Number(prompt) + Number(completion),
  };
  if (model.startsWith('cached')) usage.prompt_tokens_details = { cached_tokens: 4 };
  return usage;
}

export class Upstream {
  requests = [];
  open = 0;
  aborted = 0;
  held = new Promise((letGo) => { this.letGo = letGo; });

  static async start(options = {}) {
    const up = new Upstream();
    up.server = http.createServer((req, res) => up.serve(req, res));
    up.server.keepAliveTimeout = options.keepAliveTimeout ?? 60_000;
    await new Promise((resolve) => up.server.listen(0, '127.0.0.1', resolve));
    up.port = up.server.address().port;
    up.url = `http://127.0.0.1:${up.port}`;
    return up;
  }

  async stop() {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  async serve(req, res) {
    this.open++;
    res.on('close', () => {
      this.open--;
      if (!res.writableFinished) this.aborted++;
    });
    const chunks = [];
    for await (const chunk of req) chunks.push(chunk);
    const raw = Buffer.concat(chunks).toString();
    let body = {};
    try {
      body = JSON.parse(raw);
    } catch {
      // a test looks at `raw`
    }
    this.requests.push({ method: req.method, url: req.url, headers: req.headers, raw, body });
    await this.answer(req, res, body);
  }

  async answer(req, res, body) {
    const model = String(body.model ?? '');
    const number = Number(/-(\d+)/.exec(model)?.[1] ?? 0);
    if (model.startsWith('slow-')) await sleep(number);
    if (model.startsWith('status-')) {
      res.writeHead(number, { 'content-type': 'application/json', 'openai-organization': 'org-secret' });
      res.end(
        JSON.stringify({
          error: {
            message: `upstream says no to ${req.headers.authorization?.slice(7)} of org-Abc123 at ${this.url}/v1`,
            type: 'upstream_type',
            param: null,
            code: 'upstream_code',
          },
        }),
      );
      return;
    }
    if (model.startsWith('garbage')) {
      res.socket.end('this is not HTTP at all\r\n\r\n');
      return;
    }
    if (model.startsWith('html')) {
      res.writeHead(200, { 'content-type': 'text/html' });
      res.end('<html>secret page</html>');
      return;
    }
    if (model.startsWith('cut-first')) {
      res.socket.destroy();
      return;
    }
    if (req.url.includes('/embeddings')) return this.embeddings(res, body, model);
    if (body.stream) return this.stream(res, body, model, number);
    this.complete(res, body, model, req.url);
  }

  embeddings(res, body, model) {
    const inputs = Array.isArray(body.input) ? body.input : [body.input];
    const usage = usageOf(model) ?? {};
    delete usage.completion_tokens;
    res.writeHead(200, { 'content-type': 'application/json' });
    res.end(
      JSON.stringify({
        object: 'list',
        model,
        data: inputs.map((_, index) => ({ object: 'embedding', index, embedding: [0.25, -0.5, 1] })),
        usage,
      }),
    );
  }

  complete(res, body, model, url) {
    const large = Number(/^large-(\d+)/.exec(model)?.[1] ?? 0);
    const text = model.startsWith('empty') ? '' : `echo: ${textOf(body)}${'x'.repeat(large * 1024)}`;
    const legacy = url.includes('/completions') && !url.includes('/chat/');
    const choice = legacy
      ? { index: 0, text, finish_reason: text ? 'stop' : null, logprobs: null }
      : { index: 0, message: { role: 'assistant', content: text }, finish_reason: text ? 'stop' : null };
    res.writeHead(200, { 'content-type': 'application/json', 'openai-organization': 'org-secret' });
    res.end(
      JSON.stringify({
        id: 'chatcmpl-1',
        object: legacy ? 'text_completion' : 'chat.completion',
        created: 1700000000,
        model,
        system_fingerprint: 'fp_1',
        choices: [choice],
        usage: model.startsWith('empty') ? undefined : usageOf(model),
      }),
    );
  }

  async stream(res, body, model, number) {
    const words = model.startsWith('big-')
      ? Array.from({ length: number }, (_, i) => `word${i} `)
      : `echo: ${textOf(body)}`.split(/(?<= )/);
    const send = (value) => res.write(`data: ${typeof value === 'string' ? value : JSON.stringify(value)}\n\n`);
    const chunk = (delta, finish = null) => ({
      id: 'chatcmpl-1',
      object: 'chat.completion.chunk',
      created: 1700000000,
      model,
      choices: [{ index: 0, delta, finish_reason: finish }],
      ...(body.stream_options?.include_usage ? { usage: null } : {}),
    });

    res.writeHead(200, { 'content-type': 'text/event-stream' });
    if (model.startsWith('error-event')) {
      send({ error: { message: 'overloaded', type: 'server_error', code: null } });
      res.end();
      return;
    }
    send(chunk({ role: 'assistant', content: '' }));
    if (model.startsWith('empty-stream')) {
      send('[DONE]');
      res.end();
      return;
    }
    for (const [i, word] of words.entries()) {
      if (res.destroyed) return;
      send(chunk({ content: word }));
      if (model.startsWith('drip-')) await sleep(number);
      if (model === 'held') await this.held;
      if (i === 0 && model.startsWith('cut-mid')) {
        await sleep(20);
        res.socket.destroy();
        return;
      }
      if (i === 0 && model.startsWith('error-late')) {
        send({ error: { message: `failed at ${this.url}`, type: 'server_error', code: null } });
        res.end();
        return;
      }
    }
    send(chunk({}, 'stop'));
    const usage = usageOf(model);
    if (usage && body.stream_options?.include_usage)
      send({ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1700000000, model, choices: [], usage });
    if (!model.startsWith('no-done')) send('[DONE]');
    res.end();
  }
}
