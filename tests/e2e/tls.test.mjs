// An upstream behind TLS: trusted when the system trusts its certificate, refused when not.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import OpenAI from 'openai';
import { YourApi } from './lib/yourapi.mjs';

const answer = {
  id: '1', object: 'chat.completion', created: 1, model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content: 'over TLS' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 },
};

test('certificates of the system are trusted, others are not', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'yourapi-tls-'));
  const [key, cert] = [join(folder, 'k.pem'), join(folder, 'c.pem')];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, '-days', '2',
    '-subj', '/CN=upstream', '-addext', 'subjectAltName=IP:127.0.0.1'], { stdio: 'ignore' });
  const server = https.createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (req, res) => {
    req.resume().on('end', () => res.setHeader('content-type', 'application/json').end(JSON.stringify(answer)));
  });
  server.on('tlsClientError', () => {});
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  for (const [env, works] of [[{ SSL_CERT_FILE: cert }, true], [{}, false]]) {
    const api = await YourApi.start({ env });
    try {
      await api.setUp();
      await api.setOption('ModelPrice', { m: 0.001 });
      await api.addChannel({ base_url: `https://127.0.0.1:${server.address().port}`, models: 'm' });
      const token = await api.addToken();
      const client = new OpenAI({ apiKey: token.key, baseURL: `${api.url}/v1`, maxRetries: 0 });
      const call = () => client.chat.completions.create({ model: 'm', messages: [{ role: 'user', content: 'x' }] });
      if (works)
        for (let i = 0; i < 3; i++) assert.equal((await call()).choices[0].message.content, 'over TLS');
      else await assert.rejects(call(), { status: 502 });
    } finally {
      await api.stop();
    }
  }
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});
