// An upstream of OpenAI's modes that are no chat: images, audio, moderations, rerank. It keeps what it got, forms with their parts,
// and answers by the path; the model's name says what is special:
//
//     usage-*   tells tokens      fail-*   answers 500      cut-*   breaks off in the middle      endless-*   never ends
import { FakeServer } from './fake-server.mjs';

export const sound = Buffer.from(Array.from({ length: 70_000 }, (_, i) => i % 256));

// RIFF WAVE of so many seconds, 8 kHz, 8 bit.
export function wav(seconds) {
  const head = Buffer.alloc(44);
  head.write('RIFF', 0);
  head.writeUInt32LE(36 + seconds * 8000, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(8000, 24);
  head.writeUInt32LE(8000, 28);
  head.writeUInt16LE(1, 32);
  head.writeUInt16LE(8, 34);
  head.write('data', 36);
  head.writeUInt32LE(seconds * 8000, 40);
  return Buffer.concat([head, Buffer.alloc(seconds * 8000, 128)]);
}

const imageUsage = {
  input_tokens: 50, output_tokens: 200, total_tokens: 250, input_tokens_details: { text_tokens: 10, image_tokens: 40 } };

async function readForm(raw, type) {
  const form = await new Response(raw, { headers: { 'content-type': type } }).formData();
  const fields = {};
  for (const [name, value] of form) {
    const plain = typeof value === 'string' ? value : { name: value.name, type: value.type, bytes: Buffer.from(await value.arrayBuffer()) };
    fields[name] = name in fields ? [fields[name], plain].flat() : plain;
  }
  return fields;
}

export class MediaUpstream extends FakeServer {
  requests = [];
  left = 0; // calls that the gateway ended

  static start() {
    return new MediaUpstream().listen();
  }

  get last() {
    return this.requests.at(-1);
  }

  async serve(req, res) {
    const chunks = [];
    for await (const chunk of req) chunks.push(chunk);
    const raw = Buffer.concat(chunks);
    const type = req.headers['content-type'] ?? '';
    const body = type.startsWith('multipart/') ? await readForm(raw, type) : JSON.parse(raw.toString());
    const path = new URL(req.url, this.url).pathname;
    res.on('close', () => (this.left += res.writableFinished ? 0 : 1));
    this.requests.push({ method: req.method, url: req.url, headers: req.headers, raw, body });
    if (String(body.model).startsWith('fail-')) {
      res.writeHead(500, { 'content-type': 'application/json' });
      res.end(JSON.stringify({ error: { message: 'out of order', type: 'server_error', param: null, code: null } }));
      return;
    }
    const streamed = body.stream === true || body.stream === 'true' || body.stream_format === 'sse';
    if (/images\/(generations|edits|variations)$/.test(path)) this.image(res, body, path.endsWith('edits') ? 'image_edit' : 'image_generation', streamed);
    else if (path.endsWith('/speech')) this.speech(res, body, streamed);
    else if (/(transcriptions|translations)$/.test(path)) this.transcript(res, body, streamed);
    else this.json(res, this.plain(path, body));
  }

  json(res, value) {
    res.writeHead(200, { 'content-type': 'application/json' });
    res.end(JSON.stringify(value));
  }

  events(res, list) {
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const event of list) res.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
    res.end();
  }

  plain(path, body) {
    if (path.endsWith('/moderations')) {
      const inputs = [body.input].flat();
      return { id: 'modr-1', model: body.model, results: inputs.map((text) => ({
        flagged: String(text).includes('bad'), categories: { violence: false }, category_scores: { violence: 0.1 } })) };
    }
    if (path.endsWith('/rerank')) {
      const results = body.documents.map((_, index) => ({ index, relevance_score: 1 / (index + 1) }));
      if (body.model.startsWith('cohere')) return { id: 'r', results, meta: { billed_units: { search_units: 1, input_tokens: 33 } } };
      return { model: body.model, results, usage: { total_tokens: 21 } };
    }
    if (path.endsWith('/edits')) {
      return { object: 'edit', created: 1, choices: [{ text: 'fixed', index: 0 }],
               usage: { prompt_tokens: 6, completion_tokens: 3, total_tokens: 9 } };
    }
    return { object: 'list', model: body.model, data: [{ object: 'embedding', index: 0, embedding: [0.5] }],
             usage: { prompt_tokens: 4, total_tokens: 4 } };
  }

  image(res, body, kind, streamed) {
    const usage = String(body.model).startsWith('usage-') ? { usage: imageUsage } : {};
    const b64_json = Buffer.from('an image').toString('base64');

    if (!streamed) {
      this.json(res, { created: 1, data: Array.from({ length: Number(body.n ?? 1) }, () => ({ b64_json })), ...usage });
      return;
    }
    const partial = { type: `${kind}.partial_image`, b64_json, partial_image_index: 0 };
    if (String(body.model).startsWith('cut-')) this.events(res, [partial]);
    else this.events(res, [partial, { type: `${kind}.completed`, b64_json, ...usage }]);
  }

  speech(res, body, streamed) {
    if (streamed) {
      this.events(res, [{ type: 'speech.audio.delta', audio: 'QUJD' }, { type: 'speech.audio.done', usage: { input_tokens: 7, output_tokens: 90, total_tokens: 97 } }]);
      return;
    }
    res.writeHead(200, { 'content-type': `audio/${body.response_format ?? 'mpeg'}` });
    if (String(body.model).startsWith('endless-')) {
      res.write(sound);
    } else if (String(body.model).startsWith('cut-')) {
      res.write(sound.subarray(0, 1000), () => res.socket.destroy());
    } else {
      res.end(sound);
    }
  }

  transcript(res, body, streamed) {
    const text = `heard ${body.file.bytes.length} bytes`;
    const usage = { type: 'tokens', input_tokens: 30, input_token_details: { text_tokens: 5, audio_tokens: 25 }, output_tokens: 8, total_tokens: 38 };

    if (streamed) {
      this.events(res, [{ type: 'transcript.text.delta', delta: text }, { type: 'transcript.text.done', text, usage }]);
    } else if (body.response_format === 'srt') {
      res.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' });
      res.end(`1\n00:00:00,000 --> 00:00:01,000\n${text}\n`);
    } else if (body.response_format === 'verbose_json') {
      this.json(res, { task: 'transcribe', language: 'english', duration: 90.2, text, segments: [] });
    } else {
      this.json(res, String(body.model).startsWith('usage-') ? { text, usage } : { text });
    }
  }
}
