// The command-line agents that people work with, through the gateway: each is asked once, uses a tool on a file of its folder because the
// upstream says so, and ends with what the upstream made of the result. With an upstream of the agent's own dialect and with others.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { hasToolResult, Providers, toolNames } from '../e2e/lib/providers.mjs';
import { YourApi } from '../e2e/lib/yourapi.mjs';

const upstreams = { chat: 8, claude: 14, gemini: 24, responses: 1 };
const programs = join(import.meta.dirname, 'node_modules/.bin');
const prompt = 'Read note.txt and tell me the secret word.';
const secret = 'xylophone';
const usage = { input: 11, cached: 5, output: 9, thought: 4 };
let api, up, key, fence, refused;

before(async () => {
  up = await Providers.start();
  api = await YourApi.start();
  await api.setUp();
  const models = ['claude-sonnet-4-5', 'gpt-5.5', 'gpt-6.2-sol', 'gemini-2.5-pro'];
  await api.setOption('ModelRatio', Object.fromEntries(models.map((model) => [model, 2])));
  // An upstream has its provider's models only.
  const own = { claude: 'claude-sonnet-4-5', gemini: 'gemini-2.5-pro' };
  for (const [name, type] of Object.entries(upstreams))
    await api.addChannel({ type, base_url: up.url, models: models.join(','), name, group: name,
                           ...(own[name] && { model_mapping: JSON.stringify(Object.fromEntries(models.map((model) => [model, own[name]]))) }) });
  await api.setOption('UserUsableGroups', Object.fromEntries(Object.keys(upstreams).map((name) => [name, name])));
  await api.setOption('GroupRatio', Object.fromEntries(['default', ...Object.keys(upstreams)].map((name) => [name, 1])));
  key = {};
  for (const name of Object.keys(upstreams)) ({ key: key[name] } = await api.addToken({ name, group: name }));
  // Stands where the internet would be.
  refused = [];
  fence = http.createServer((req, res) => { refused.push(req.url); res.writeHead(403).end(); });
  fence.on('connect', (req, socket) => { refused.push(req.url); socket.on('error', () => {}); socket.end('HTTP/1.1 403 Forbidden\r\n\r\n'); });
  await new Promise((done) => fence.listen(0, '127.0.0.1', done));
});

after(async () => {
  if (process.env.SHOW_OUTPUT) console.error(api?.output, refused);
  await api?.stop();
  await up?.stop();
  fence?.closeAllConnections();
  if (fence) await new Promise((done) => fence.close(done));
});

// Folders of an agent's own: its home, and in it the one it works in. Codex refuses a home below /tmp.
async function makeHome(files) {
  const home = await mkdtemp('/var/tmp/yourapi-agent-');
  for (const [name, text] of Object.entries({ 'work/note.txt': `the secret word is ${secret}\n`, ...files })) {
    await mkdir(join(home, name, '..'), { recursive: true });
    await writeFile(join(home, name), text);
  }
  return home;
}

// Runs an agent to its end, without the internet. Resolves to { code, out, err }.
async function run(home, program, args, env) {
  const proxy = `http://127.0.0.1:${fence.address().port}`;
  const child = spawn(join(programs, program), args, { cwd: join(home, 'work'), stdio: ['ignore', 'pipe', 'pipe'], timeout: 120_000, killSignal: 'SIGKILL', env: {
    PATH: process.env.PATH, HOME: home, NO_COLOR: '1', TERM: 'xterm-256color', HTTP_PROXY: proxy, HTTPS_PROXY: proxy, NO_PROXY: '127.0.0.1', no_proxy: '127.0.0.1', ...env } });
  let out = '', err = '';
  child.stdout.on('data', (data) => (out += data));
  child.stderr.on('data', (data) => (err += data));
  const code = await new Promise((done, fail) => { child.on('error', fail); child.on('close', done); });
  return { code, out, err };
}

// An upstream that has the agent call a tool, and then tells what came of it. `call` makes the call of the request.
function leads(call) {
  let calls = 0;
  up.requests.length = 0;
  up.answer = (request) => {
    if (!toolNames(request).length && !JSON.stringify(request.body.input ?? '').includes('additional_tools')) return { text: 'A title', usage };
    if (hasToolResult(request) || calls++ > 3) return { text: `The upstream was told of ${/xylophone/.exec(request.raw)?.[0] ?? 'nothing'}.`, usage };
    return { reasoning: 'A file to read.', text: 'Reading.', tools: [{ id: 'call_a1', ...call(request) }], usage };
  };
}

async function checkEnd(home, { code, out, err }, upstream, keepsThoughts = true) {
  await rm(home, { recursive: true, force: true });
  assert.equal(code, 0, err);
  assert.match(out, new RegExp(`The upstream was told of ${secret}\\.\\s*$`), err);
  const told = up.requests.filter(hasToolResult);
  assert.equal(told.length, 1, up.requests.map((r) => r.url).join());
  assert.equal(told[0].dialect, upstream);
  // What a provider wants to see again comes back to it.
  if (upstream === 'claude' && keepsThoughts) assert.match(told[0].raw, /c2lnbmVkIQ==/);
  if (upstream === 'gemini') assert.match(told[0].raw, /dGhvdWdodCE=/);
  assert.doesNotMatch(told[0].raw, /YourApi/);
  return told[0];
}

const option = (program) => ({ skip: existsSync(join(programs, program)) ? false : `${program} is not installed: script/test agents installs it` });

for (const upstream of ['claude', 'chat', 'gemini']) {
  test(`claude-code to ${upstream}`, option('claude'), async () => {
    const home = await makeHome({});
    leads(() => ({ name: 'Read', args: { file_path: join(home, 'work/note.txt') } }));
    const end = await run(home, 'claude', ['-p', prompt, '--model', 'claude-sonnet-4-5'], {
      ANTHROPIC_BASE_URL: api.url, ANTHROPIC_AUTH_TOKEN: key[upstream], DISABLE_TELEMETRY: '1', CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1' });
    const { url, headers, raw, body, ...rest } = await checkEnd(home, end, upstream);
    assert.ok(raw.length > 100_000 && toolNames({ body, ...rest }).length > 20, `${raw.length} bytes, ${toolNames({ body, ...rest }).length} tools`);
    if (upstream === 'claude') {
      assert.equal(url, '/v1/messages?beta=true');
      assert.ok(headers['anthropic-beta'].split(',').length > 2, headers['anthropic-beta']);
      assert.ok(body.context_management && body.system.some((block) => block.cache_control));
    }
    if (upstream === 'chat') assert.ok(body.user.length <= 64, body.user);
  });
}

const codex = (model) => `model = "${model}"
model_provider = "gate"
[model_providers.gate]
name = "gate"
base_url = "${api.url}/v1"
env_key = "GATE_KEY"
wire_api = "responses"
request_max_retries = 0
stream_max_retries = 0
[analytics]
enabled = false
`;
// The elder model is given functions of a shell; the newer one tools among the input items, first of them one that takes a program as text.
const codexCalls = {
  'gpt-5.5': () => ({ name: 'exec_command', args: { cmd: 'cat note.txt' } }),
  'gpt-6.2-sol': ({ dialect }) => {
    const input = 'text(await tools.exec_command({ cmd: "cat note.txt" }));';
    return dialect === 'responses' ? { name: 'exec', namespace: 'functions', input } : { name: 'functions__exec', args: { input } };
  },
};

for (const [model, call] of Object.entries(codexCalls)) {
  for (const upstream of ['responses', 'claude', 'chat', 'gemini']) {
    test(`codex with ${model} to ${upstream}`, option('codex'), async () => {
      const home = await makeHome({ '.codex/config.toml': codex(model) });
      leads(call);
      const end = await run(home, 'codex', ['exec', '--skip-git-repo-check', '--dangerously-bypass-approvals-and-sandbox', prompt], { GATE_KEY: key[upstream] });
      const { raw, body, ...rest } = await checkEnd(home, end, upstream);
      if (upstream === 'responses') {
        const tools = body.tools ?? body.input.find((item) => item.type === 'additional_tools').tools;
        const types = new Set(tools.map((t) => t.type));
        assert.ok(types.has(model === 'gpt-5.5' ? 'web_search' : 'namespace'), [...types].join());
        assert.match(raw, /gAAAAAencrypted/);
      } else {
        assert.ok(toolNames({ body, ...rest }).length > 5, toolNames({ body, ...rest }).join());
      }
      if (upstream === 'gemini') {
        assert.deepEqual(body.tools.map(Object.keys), [['functionDeclarations']]);
        const parts = body.contents.flatMap((turn) => turn.parts);
        assert.equal(parts.find((p) => p.functionResponse).functionResponse.name, parts.find((p) => p.functionCall).functionCall.name);
      }
    });
  }
}

for (const upstream of ['gemini', 'chat', 'claude', 'responses']) {
  test(`gemini-cli to ${upstream}`, option('gemini'), async () => {
    const home = await makeHome({ '.gemini/settings.json': JSON.stringify({
      security: { auth: { selectedType: 'gemini-api-key' } }, privacy: { usageStatisticsEnabled: false }, telemetry: { enabled: false },
      general: { enableAutoUpdate: false, enableAutoUpdateNotification: false } }) });
    leads(() => ({ name: 'read_file', args: { file_path: join(home, 'work/note.txt') } }));
    const end = await run(home, 'gemini', ['-m', 'gemini-2.5-pro', '--skip-trust', '--yolo', '-p', prompt],
                          { GOOGLE_GEMINI_BASE_URL: api.url, GEMINI_API_KEY: key[upstream] });
    // It keeps what is sealed in calls, and forgets thoughts. A channel of OpenAI's takes chat from others.
    const request = await checkEnd(home, end, upstream === 'responses' ? 'chat' : upstream, false);
    const { body } = request;
    if (upstream === 'claude') assert.ok(body.temperature === undefined || body.top_p === undefined, `${body.temperature} and ${body.top_p}`);
    if (upstream === 'responses') assert.equal(body.top_k, undefined);
    assert.ok(toolNames(request).includes('run_shell_command'), toolNames(request).join());
  });
}

test('the gateway answers the greeting that claude-code begins with', async () => {
  const reply = await fetch(api.url, { method: 'HEAD' });
  assert.equal(reply.status, 200);
});
