// A scripted upstream of the realtime API on loopback, written with `ws`. What it does is decided by the model's name:
//
//     usage-...       reports the usage of each response (the next of `up.usages`, else the usual one)
//     bare-...        reports none
//     cut-...         dies in the middle of the first response; end-...: closes with code 4000 there
//     refuse-N        answers the handshake with HTTP status N
//     error-first     opens, says `error` with the code invalid_api_key, and closes
//     stay-N-...      as usage-..., but the response number N (from 1) does not end
//     hang-...        no response ends, unless it is cancelled: then with the usual usage; deaf-...: nor then
//     silent-...      says nothing before the client does
//     org-...         answers response.create with an error event that names its own account
//
// Beta and current names of events follow the beta header or sub-protocol that it was called with.
import http from 'node:http';
import { WebSocketServer } from 'ws';

export const usual = {
  total_tokens: 150, input_tokens: 100, output_tokens: 50,
  input_token_details: { text_tokens: 60, audio_tokens: 40, cached_tokens: 0 },
  output_token_details: { text_tokens: 20, audio_tokens: 30 },
};

export class RealtimeUpstream {
  handshakes = []; // { url, headers, protocols }
  received = []; // texts of clients
  closed = []; // codes with which sockets ended
  usages = [];
  sockets = new Set();

  static async start() {
    const up = new RealtimeUpstream();
    up.server = http.createServer((req, res) => res.writeHead(404).end());
    up.wss = new WebSocketServer({ noServer: true, handleProtocols: (offered) => (offered.has('realtime') ? 'realtime' : false) });
    up.server.on('upgrade', (req, socket, head) => up.upgrade(req, socket, head));
    await new Promise((resolve) => up.server.listen(0, '127.0.0.1', resolve));
    up.url = `http://127.0.0.1:${up.server.address().port}`;
    return up;
  }

  async stop() {
    for (const ws of this.sockets) ws.terminate();
    await new Promise((resolve) => this.server.close(resolve));
  }

  upgrade(req, socket, head) {
    const url = new URL(req.url, this.url);
    const model = url.searchParams.get('model') ?? url.searchParams.get('deployment');
    const protocols = (req.headers['sec-websocket-protocol'] ?? '').split(',').map((p) => p.trim()).filter(Boolean);
    const beta = /realtime=v1/.test(req.headers['openai-beta'] ?? '') || protocols.includes('openai-beta.realtime-v1');
    this.handshakes.push({ url: req.url, headers: req.headers, protocols, model, beta });
    const refused = /^refuse-(\d+)/.exec(model);
    if (refused) {
      const body = JSON.stringify({ error: { message: `no, says ${this.url}`, type: 'invalid_request_error', code: 'refused' } });
      socket.end(`HTTP/1.1 ${refused[1]} No\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`);
      return;
    }
    this.wss.handleUpgrade(req, socket, head, (ws) => this.serve(ws, model, beta));
  }

  serve(ws, model, beta) {
    let turn = 0, asked = 0;
    const names = beta
      ? { text: 'response.text.delta', audio: 'response.audio.delta', transcript: 'response.audio_transcript.delta', item: 'conversation.item.created' }
      : { text: 'response.output_text.delta', audio: 'response.output_audio.delta', transcript: 'response.output_audio_transcript.delta', item: 'conversation.item.added' };
    const send = (event) => ws.send(JSON.stringify({ event_id: `event_${turn++}`, ...event }));
    const session = beta
      ? { id: 's', model, input_audio_format: 'pcm16', output_audio_format: 'g711_ulaw' }
      : { id: 's', type: 'realtime', model, audio: { input: { format: { type: 'audio/pcm', rate: 24000 } }, output: { format: { type: 'audio/pcmu' } } } };
    this.sockets.add(ws);
    ws.on('close', (code) => {
      this.closed.push(code);
      this.sockets.delete(ws);
    });
    if (model.startsWith('error-first')) {
      send({ type: 'error', error: { type: 'invalid_request_error', code: 'invalid_api_key', message: 'Incorrect API key provided: sk-upstream-secret' } });
      ws.close(3000, 'invalid_request_error.invalid_api_key');
      return;
    }
    if (!model.startsWith('silent-')) send({ type: 'session.created', session });
    ws.on('message', (data, binary) => {
      if (binary) {
        this.received.push(data);
        ws.send(data);
        return;
      }
      this.received.push(data.toString());
      const event = JSON.parse(data.toString());
      if (event.type === 'session.update') send({ type: 'session.updated', session });
      if (event.type === 'conversation.item.create') send({ type: names.item, item: event.item });
      if (event.type === 'response.create') this.respond(ws, send, model, names, ++asked);
      if (event.type === 'response.cancel' && model.startsWith('hang-'))
        send({ type: 'response.done', response: { id: 'r', status: 'cancelled', output: [], usage: usual } });
    });
  }

  respond(ws, send, model, names, number) {
    if (model.startsWith('org-')) {
      send({ type: 'error', error: { type: 'tokens', code: 'rate_limit', message: 'Rate limit reached in organization org-secret123 on tokens', param: null, extra: 1.50 } });
      return;
    }
    send({ type: 'response.created', response: { id: 'r', status: 'in_progress', output: [] } });
    send({ type: names.transcript, response_id: 'r', delta: 'hello ' });
    if (model.startsWith('cut-')) {
      ws._socket.resetAndDestroy();
      return;
    }
    if (model.startsWith('end-')) {
      ws.close(4000, `enough, says ${this.url}`);
      return;
    }
    if (/^(hang|deaf)-/.test(model) || model.startsWith(`stay-${number}-`)) return;
    send({ type: names.audio, response_id: 'r', delta: Buffer.alloc(16000).toString('base64') }); // 2 s of g711
    send({ type: names.text, response_id: 'r', delta: 'world' });
    const usage = model.startsWith('bare-') ? undefined : this.usages.shift() ?? usual;
    send({ type: 'response.done', response: { id: 'r', status: 'completed', output: [], usage } });
  }
}
