// A pretended server for working on the console alone: `npm run dev:mock` (live reload) or `npm run mock` (the built files).
// MOCK_EMPTY=1 starts with nothing set up, MOCK_CODE=1 asks for the setup code, MOCK_FIRST=1 gives root its first password.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeWorld } from './data.mjs';
import { answer } from './routes.mjs';

const dist = fileURLToPath(new URL('../dist', import.meta.url));
const port = Number(process.env.PORT ?? 3000);
const types = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
const world = makeWorld(process.env.MOCK_EMPTY === '1');
world.codeRequired = process.env.MOCK_CODE === '1';
if (process.env.MOCK_FIRST === '1') world.passwords.set('root', '123456');
const session = { userId: 0 };

async function bodyOf(request) {
  let text = '';
  for await (const piece of request) text += piece;
  return text === '' ? {} : JSON.parse(text);
}

async function serveApi(request, response, url) {
  const reply = await answer(world, {
    method: request.method, path: url.pathname, query: url.searchParams, body: await bodyOf(request), session,
    userHeader: request.headers['new-api-user'],
  });
  response.writeHead(reply.status ?? 200, { 'Content-Type': 'application/json' }).end(JSON.stringify(reply.body));
}

async function serveFile(response, path) {
  const isAsset = path.startsWith('/assets/') && !path.includes('..');
  const name = isAsset ? path : '/index.html';
  const data = await readFile(dist + name).catch(() => null);
  if (!data) return void response.writeHead(404).end();
  response.writeHead(200, { 'Content-Type': types[extname(name)] ?? 'application/octet-stream', 'Content-Security-Policy': policy }).end(data);
}

createServer((request, response) => {
  const url = new URL(request.url, 'http://localhost');
  const work = url.pathname.startsWith('/api/') ? serveApi(request, response, url) : serveFile(response, url.pathname);
  work.catch((error) => {
    console.error(error);
    response.writeHead(500, { 'Content-Type': 'application/json' }).end('{"error":{"message":"mock failed"}}');
  });
}).listen(port, '127.0.0.1', () => console.log(`mock server on http://127.0.0.1:${port} (root, lin or ops; password1)`));

if (process.argv.includes('--dev')) {
  const { createServer: createVite } = await import('vite');
  const vite = await createVite({ server: { proxy: { '/api': `http://127.0.0.1:${port}` } } });
  await vite.listen();
  vite.printUrls();
}
