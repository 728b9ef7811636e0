// The console in a real browser, against the real program: a new user's way to the first call, then each page as a picky user would
// use it. In every page that is opened nothing may be written to the browser's console, be stopped by the content security policy,
// or leave the origin; only what a test brings about itself is let through, by name.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import OpenAI from 'openai';
import { browserPath, desktop, launchBrowser, newVisitor, overflowOf, phone } from './lib/browser.mjs';
import { Upstream } from './lib/upstream.mjs';
import { YourApi, rootPassword, until } from './lib/yourapi.mjs';

const skip = browserPath ? false : 'no chromium was found (CHROMIUM names one)';
const pages = { detail: 'Hello', channel: 'Channels', token: 'Tokens', log: 'Logs', user: 'Users', setting: 'Settings' };
const messages = [{ role: 'user', content: 'hello gateway' }];
const openVisitors = [];
let api, up, browser, root;

// Opens a page and keeps its watch until the end of the test.
async function visit(options = {}) {
  const visitor = await newVisitor(browser, options.origin ?? api.url, options);
  openVisitors.push(visitor);
  return visitor;
}

async function signIn(page, username = 'root', password = rootPassword) {
  await page.goto('/login');
  await page.getByLabel('User name or e-mail').fill(username);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

// The page of the console, by its navigation.
async function go(page, name) {
  await page.getByRole('navigation').getByRole('link', { name }).click();
  await page.getByRole('heading', { level: 1, name: name === 'Dashboard' ? /^Hello/ : name }).waitFor();
}

const row = (page, text) => page.getByRole('row').filter({ hasText: text });
const dialog = (page) => page.getByRole('dialog');
const shown = (page, text) => page.getByText(text).first().waitFor();

// Loads a page by its address and looks whether it is wider than the window.
async function fits(page, path, heading) {
  await page.goto(`/${path}`);
  await page.getByRole('heading', { level: 1, name: heading }).waitFor();
  await page.waitForLoadState('networkidle');
  assert.equal(await overflowOf(page), 0, `${path} is wider than its window`);
}

// Presses the form's button and waits until the form is gone, which it is when the server has taken it.
async function save(page) {
  await dialog(page).getByRole('button', { name: 'Save' }).click();
  await dialog(page).waitFor({ state: 'hidden' });
}

async function typeModels(page, models) {
  const field = dialog(page).getByLabel('Models', { exact: true });
  await field.fill(`${models.join(',')},`);
  await dialog(page).getByLabel('Name', { exact: true }).click(); // closes the list
}

before(async () => {
  if (skip) return;
  up = await Upstream.start();
  api = await YourApi.start();
  browser = await launchBrowser();
});

after(async () => {
  await browser?.close();
  await api?.stop();
  await up?.stop();
});

// SHOTS names a folder that keeps a picture of every page as each test left it.
async function picture(name) {
  if (!process.env.SHOTS) return;
  for (const [i, { page }] of [root, ...openVisitors].filter(Boolean).entries())
    await page.screenshot({ path: join(process.env.SHOTS, `${name.replace(/\W+/g, '-').slice(0, 40)}-${i}.png`) });
}

afterEach(async (t) => {
  await picture(t.name);
  const faults = [root, ...openVisitors].filter(Boolean).flatMap((visitor) => visitor.watch.faults.splice(0));
  for (const visitor of openVisitors.splice(0)) await visitor.context.close();
  assert.deepEqual(faults, []);
});

test('a new user: set-up, channel, its test, token, first calls, their cost, the figures of the day', { skip }, async () => {
  root = await newVisitor(browser, api.url);
  const { page } = root;

  // An empty folder leads to the wizard, which makes the administrator and signs in.
  await page.goto('/');
  await page.waitForURL('**/setup');
  await page.getByLabel('Password', { exact: true }).fill(rootPassword);
  await page.getByLabel('Repeat the password').fill(`${rootPassword}x`);
  await page.getByRole('button', { name: 'Finish the setup' }).click();
  await shown(page, 'The two passwords differ.');
  await page.getByLabel('Repeat the password').fill(rootPassword);
  await page.getByRole('button', { name: 'Finish the setup' }).click();
  await page.waitForURL('**/detail');
  await shown(page, 'The way to your first call');
  await api.signIn();

  // The channel.
  await page.getByRole('link', { name: 'To the channels' }).click();
  await shown(page, 'No channel yet');
  await page.getByRole('button', { name: 'Add channel' }).first().click();
  await dialog(page).getByRole('button', { name: 'Save' }).click();
  await shown(page, 'Give the channel a name.');
  assert.equal(await dialog(page).getByTitle('OpenAI', { exact: true }).count(), 1);
  await dialog(page).getByLabel('Name', { exact: true }).fill('First upstream');
  await dialog(page).getByLabel('Base URL').fill(`${up.url}/`);
  await dialog(page).getByLabel('Key', { exact: true }).fill('sk-upstream-secret-0123456789');
  await typeModels(page, ['gpt-4o', 'gpt-4o-mini']);
  await save(page);
  await row(page, 'First upstream').waitFor();

  // Its test, from the list.
  await page.getByRole('button', { name: 'Test First upstream' }).click();
  await dialog(page).getByRole('button', { name: 'Test gpt-4o', exact: true }).click();
  await dialog(page).getByText(/Answered in \d+ ms/).waitFor();
  await page.keyboard.press('Escape');
  await dialog(page).waitFor({ state: 'hidden' });
  await row(page, 'First upstream').getByText(/^\d+ ms$/).waitFor();

  // The token. What was pressed twice is made once.
  await go(page, 'Tokens');
  await page.getByRole('button', { name: 'Add token' }).first().click();
  await dialog(page).getByLabel('Name', { exact: true }).fill('Website');
  await dialog(page).getByLabel('Unlimited').click();
  await dialog(page).getByRole('button', { name: 'Save' }).dblclick();
  await dialog(page).waitFor({ state: 'hidden' });
  await row(page, 'Website').getByText('not used yet').waitFor();
  assert.equal(await row(page, 'Website').count(), 1);
  await page.getByRole('button', { name: 'Copy the key of Website' }).click();
  await shown(page, 'Copied.');
  const apiKey = await page.evaluate(() => navigator.clipboard.readText());
  assert.match(apiKey, /^sk-[A-Za-z0-9]{48}$/);

  // The test of a channel was no call: the way to the first one is still shown, with this key.
  await go(page, 'Dashboard');
  await page.getByRole('button', { name: 'Copy' }).click();
  await until('the example', async () => (await page.evaluate(() => navigator.clipboard.readText())).includes(apiKey));

  // The SDK, streamed and not.
  const client = new OpenAI({ apiKey, baseURL: `${api.url}/v1`, maxRetries: 0 });
  const whole = await client.chat.completions.create({ model: 'gpt-4o', messages });
  assert.equal(whole.choices[0].message.content, 'echo: hello gateway');
  let text = '';
  for await (const chunk of await client.chat.completions.create({ model: 'gpt-4o', messages, stream: true }))
    text += chunk.choices[0].delta.content ?? '';
  assert.equal(text, 'echo: hello gateway');
  await until('the log rows', async () => (await api.logs()).length === 3);

  // The log: the rows, and how the cost came about.
  await go(page, 'Logs');
  await row(page, 'Channel test').waitFor();
  assert.equal(await row(page, 'gpt-4o').count(), 3);
  await row(page, 'first byte').click();
  await shown(page, 'How the cost came about');
  await shown(page, '30 weighted tokens × model ratio 1.25 × group ratio 1');
  await shown(page, '= 37.5 → 38 points charged ($0.000076)');
  assert.equal(await page.getByText(/模型/).count(), 0);

  // The figures of the day.
  await go(page, 'Dashboard');
  const today = page.getByRole('region', { name: 'Today' });
  await today.getByText('$0.000228').waitFor();
  assert.match(await today.innerText(), /Requests today\s+3\s+Tokens today\s+45\s/);
  assert.match(await today.innerText(), /\$0\.000152 used in 2 calls/);
  assert.equal(await page.getByText('The way to your first call').count(), 0);
});

test('sign-out, and the sign-in page by keyboard, in both languages, in the dark', { skip }, async () => {
  const { page, watch } = await visit();
  await page.goto('/channel');
  await page.waitForURL('**/login?next=%2Fchannel');
  const first = page.getByLabel('User name or e-mail');
  await first.waitFor();
  assert.ok(await first.evaluate((field) => field === document.activeElement), 'the first field has the focus');
  await page.keyboard.type('root');
  await page.keyboard.press('Tab');
  await page.keyboard.type('not the password');
  await page.keyboard.press('Enter');
  const english = await page.getByRole('alert').innerText();
  assert.match(english, /^[\x20-\x7e]*password[\x20-\x7e]*$/i);
  const second = page.getByLabel('Password', { exact: true });
  assert.ok(await second.evaluate((field) => field === document.activeElement), 'the refused password still has the focus');

  // Refusals come in the language of the page, whatever the browser's is.
  await page.getByRole('button', { name: '切换到中文' }).click();
  await shown(page, '请使用管理员为您创建的账号。');
  assert.equal(await page.evaluate(() => document.documentElement.lang), 'zh-CN');
  await page.getByLabel('密码', { exact: true }).press('Enter');
  await page.getByRole('alert').filter({ hasText: '密码' }).waitFor();
  await page.getByRole('button', { name: 'Switch to English' }).click();
  await page.getByRole('button', { name: /^Theme: as the system/ }).click();
  await page.getByRole('button', { name: /^Theme: light/ }).click();
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'dark');

  // The right password leads to the page that was wanted; the choices outlast a reload.
  await page.getByLabel('Password', { exact: true }).fill(rootPassword);
  await page.keyboard.press('Enter');
  await page.waitForURL('**/channel');
  await page.reload();
  await row(page, 'First upstream').waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'dark');
  await page.getByRole('button', { name: /^Account of/ }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await page.waitForURL('**/login');
  assert.equal((await page.request.get('/api/user/self', { headers: { 'new-api-user': '1' } })).status(), 401);
  await page.goto('/channel');
  await page.waitForURL('**/login?next=%2Fchannel');
  await page.getByRole('button', { name: 'Sign in' }).waitFor();
  assert.equal(await page.getByText('First upstream').count(), 0);
  watch.allow(/status of 401/);
});

test('the account of a first start must choose its own password', { skip }, async (t) => {
  const other = await YourApi.start();
  t.after(() => other.stop());
  // As a database of the original has it: set up, and the administrator never changed.
  other.child.kill('SIGTERM');
  await other.exited;
  execFileSync('sqlite3', [join(other.folder, 'data', 'one-api.db'), "INSERT INTO setups VALUES (1, 'v0.6.3', 1744300000)"]);
  await other.launch();
  const { page } = await visit({ origin: other.url });
  await signIn(page, 'root', '123456');
  await page.getByRole('heading', { name: 'Choose your own password' }).waitFor();
  await page.goto('/channel');
  await page.getByRole('heading', { name: 'Choose your own password' }).waitFor();
  const fill = async (present, next) => {
    await page.getByLabel('Present password').fill(present);
    await page.getByLabel('New password').fill(next);
    await page.getByLabel('Repeat the password').fill(next);
    await page.getByRole('button', { name: 'Set the password' }).click();
  };
  await fill('123456', 'short');
  await shown(page, 'The password is too short or too long.');
  await fill('654321', rootPassword);
  await page.getByRole('alert').first().waitFor();
  await fill('123456', rootPassword);
  await shown(page, 'No channel yet');
});

test('channels: add several, edit, switch, test what fails, delete', { skip }, async () => {
  const { page } = root;
  await go(page, 'Channels');
  await page.getByRole('button', { name: 'Add channel' }).click();
  await dialog(page).getByLabel('Name', { exact: true }).fill('Batch');
  await dialog(page).getByLabel('Several keys').click();
  await dialog(page).getByLabel('Base URL').fill('http://127.0.0.1:9');
  await dialog(page).getByLabel('Key', { exact: true }).fill('sk-one-0123456789\nsk-two-0123456789\n\nsk-three-0123456789');
  await typeModels(page, ['echo']);
  await save(page);
  await until('three channels', async () => (await row(page, 'Batch').count()) === 3);

  await page.getByRole('button', { name: 'Edit Batch' }).first().click();
  await dialog(page).getByLabel('Name', { exact: true }).fill('Dead');
  assert.equal(await dialog(page).getByLabel('Key', { exact: true }).inputValue(), '');
  await dialog(page).getByRole('button', { name: 'Mappings and overrides' }).click();
  await dialog(page).getByLabel('Model mapping').fill('{"echo": 1}');
  await dialog(page).getByRole('button', { name: 'Save' }).click();
  await shown(page, 'Every value must be a text in quotes.');
  await dialog(page).getByLabel('Model mapping').fill('{"echo": "gpt-4o"}');
  await dialog(page).getByRole('button', { name: 'Proxy, prompt and answers' }).click();
  await dialog(page).getByLabel('Proxy', { exact: true }).fill('127.0.0.1:9');
  await dialog(page).getByRole('button', { name: 'Save' }).click();
  await shown(page, 'It must begin with http://, https://, socks5:// or socks5h://.');
  await dialog(page).getByLabel('Proxy', { exact: true }).fill('http://127.0.0.1:9');
  assert.ok(await dialog(page).getByLabel('Also before their own').isDisabled());
  await dialog(page).getByLabel('System prompt').fill('Be kind.');
  await dialog(page).getByLabel('Also before their own').click();
  await dialog(page).getByLabel('Rewrite answers').click();
  await dialog(page).getByLabel('Other settings').fill('{"mystery": 1}');
  await save(page);
  await row(page, 'Dead').waitFor();
  await page.getByRole('button', { name: 'Edit Dead' }).click();
  await dialog(page).getByRole('button', { name: 'Proxy, prompt and answers' }).click();
  assert.equal(await dialog(page).getByLabel('System prompt').inputValue(), 'Be kind.');
  await dialog(page).getByLabel('Thoughts as text').click();
  await save(page);

  await page.getByRole('button', { name: 'Test Dead' }).click();
  await dialog(page).getByRole('button', { name: 'Test echo' }).click();
  await dialog(page).getByText(/^Failed( after [^:]+)?: /).waitFor();
  assert.doesNotMatch(await dialog(page).innerText(), /sk-/);
  await page.keyboard.press('Escape');
  await dialog(page).waitFor({ state: 'hidden' });

  await page.getByRole('switch', { name: 'Dead enabled' }).click();
  await row(page, 'Dead').getByText('Disabled').waitFor();
  await page.getByLabel('Priority of Dead').fill('7');
  await page.getByLabel('Priority of Dead').press('Enter');
  await until('the priority', async () => (await api.ok('GET', '/api/channel/search?keyword=Dead'))[0].priority === 7);
  const [dead] = await api.ok('GET', '/api/channel/search?keyword=Dead');
  assert.deepEqual([dead.status, JSON.parse(dead.model_mapping)], [2, { echo: 'gpt-4o' }]);
  assert.deepEqual(JSON.parse(dead.setting), { proxy: 'http://127.0.0.1:9', system_prompt: 'Be kind.', system_prompt_override: true, force_format: true,
                                               thinking_to_content: true, mystery: 1 });

  await page.getByRole('button', { name: 'More actions for Batch' }).first().click();
  await page.getByRole('menuitem', { name: 'Delete' }).click();
  await dialog(page).getByRole('button', { name: 'Delete' }).click();
  await until('it is gone', async () => (await row(page, 'Batch').count()) === 1);
  await page.getByRole('button', { name: 'Delete disabled' }).click();
  await dialog(page).getByRole('button', { name: 'Delete disabled' }).click();
  await row(page, 'Dead').waitFor({ state: 'detached' });
  await page.getByLabel('Name or ID').fill('no such thing');
  await shown(page, 'Nothing matches the filters');
  await page.getByLabel('Name or ID').fill('first up');
  await row(page, 'First upstream').waitFor();
  await page.getByLabel('Name or ID').fill('');
});

test('a channel sends what its switches allow; a tag changes all its channels', { skip }, async () => {
  const { page } = root;
  const channel = (name) => api.ok('GET', `/api/channel/search?keyword=${encodeURIComponent(name)}`).then(([found]) => found);
  const settingsOf = async (name) => JSON.parse((await channel(name)).settings);
  await api.addChannel({ name: 'Gated one', base_url: up.url, models: 'gpt-4-turbo', tag: 'fleet', settings: '{"mystery":{"keep":[1]}}' });
  await api.addChannel({ name: 'Gated two', base_url: up.url, models: 'gpt-4-turbo,gated-extra', tag: 'fleet' });
  const client = new OpenAI({ apiKey: (await api.addToken({ name: 'gated' })).key, baseURL: `${api.url}/v1`, maxRetries: 0 });
  const sent = async () => {
    await client.chat.completions.create({ model: 'gpt-4-turbo', messages, service_tier: 'flex', store: true, safety_identifier: 'u1' });
    return up.requests.at(-1);
  };
  const openForm = async () => {
    await page.getByRole('button', { name: 'Edit Gated one' }).click();
    await dialog(page).getByRole('button', { name: 'Fields sent upstream' }).click();
  };
  const flag = (name) => dialog(page).getByRole('switch', { name });
  const pickType = async (name) => {
    await dialog(page).getByLabel('Type', { exact: true }).fill(name);
    await page.keyboard.press('Enter');
  };

  await api.ok('PUT', '/api/channel/', { id: (await channel('Gated two')).id, status: 2 });
  await page.goto('/channel');
  await openForm();
  assert.deepEqual(JSON.parse(await dialog(page).getByLabel('Further provider settings').inputValue()), { mystery: { keep: [1] } });
  await flag('Allow service_tier').click();
  await flag('Take store out').click();
  assert.equal(await flag('Allow speed').count(), 0);
  await dialog(page).getByRole('button', { name: 'Mappings and overrides' }).click();
  await dialog(page).getByLabel('Header override').fill('{"X-Team": 7}');
  await dialog(page).getByRole('button', { name: 'Save' }).click();
  await shown(page, 'Every value must be a text in quotes.');
  await dialog(page).getByLabel('Header override').fill('{"X-Team": "a"}');
  await save(page);
  assert.deepEqual(await settingsOf('Gated one'), { mystery: { keep: [1] }, allow_service_tier: true, disable_store: true });
  const first = await sent();
  assert.deepEqual([first.body.service_tier, first.body.store, first.body.safety_identifier], ['flex', undefined, undefined]);
  assert.equal(first.headers['x-team'], 'a');

  // What was switched on is shown so, and goes again; what other types know is offered to them only.
  await openForm();
  for (const [name, on] of [['Allow service_tier', 'true'], ['Take store out', 'true'], ['Allow safety_identifier', 'false']])
    assert.equal(await flag(name).getAttribute('aria-checked'), on, name);
  await pickType('Anthropic');
  await flag('Allow speed').waitFor();
  assert.equal(await flag('Take store out').count(), 0);
  await pickType('Gemini');
  await shown(page, 'This type has no such switches.');
  await pickType('Azure');
  await dialog(page).getByLabel('API version of Responses').waitFor();
  await pickType('Custom');
  await pickType('OpenAI');
  await flag('Allow service_tier').click();
  assert.equal(await flag('Allow service_tier').getAttribute('aria-checked'), 'false');
  await dialog(page).getByRole('button', { name: 'Mappings and overrides' }).click();
  await dialog(page).getByLabel('Header override').fill('');
  await save(page);
  assert.deepEqual(await settingsOf('Gated one'), { mystery: { keep: [1] }, disable_store: true });
  assert.equal((await channel('Gated one')).header_override, null);
  assert.equal((await sent()).body.service_tier, undefined);

  // The tag.
  await page.getByRole('button', { name: 'More actions for Gated one' }).click();
  await page.getByRole('menuitem', { name: 'Edit tag' }).click();
  await dialog(page).getByText('All channels with the tag fleet').waitFor();
  await dialog(page).getByRole('button', { name: 'Enable all' }).click();
  await until('both are on', async () => (await channel('Gated two')).status === 1);
  await dialog(page).getByRole('button', { name: "Fill in the tag's models (2)" }).click();
  await dialog(page).getByLabel('Weight').fill('3');
  await dialog(page).getByLabel('Parameter override').fill('{"operations": [{"mode": "set", "path": "user"}]}');
  await dialog(page).getByRole('button', { name: 'Save' }).click();
  await dialog(page).getByRole('alert').filter({ hasText: 'operations[0]' }).waitFor();
  assert.equal((await channel('Gated one')).weight, 0);
  await dialog(page).getByLabel('Parameter override').fill('{"user": "fleet"}');
  await dialog(page).getByLabel('Tag', { exact: true }).fill('navy');
  await save(page);
  for (const name of ['Gated one', 'Gated two']) {
    const { models, weight, priority, tag, param_override } = await channel(name);
    assert.deepEqual({ models, weight, priority, tag, param_override: JSON.parse(param_override) },
      { models: 'gpt-4-turbo,gated-extra', weight: 3, priority: 0, tag: 'navy', param_override: { user: 'fleet' } });
  }
  assert.equal((await sent()).body.user, 'fleet');
  await page.getByRole('button', { name: 'More actions for Gated one' }).click();
  await page.getByRole('menuitem', { name: 'Edit tag' }).click();
  await dialog(page).getByRole('button', { name: 'Disable all' }).click();
  await until('both are off', async () => (await channel('Gated one')).status === 2 && (await channel('Gated two')).status === 2);
  await dialog(page).getByRole('button', { name: 'Cancel' }).click();
  await dialog(page).waitFor({ state: 'hidden' });
  await page.getByRole('button', { name: 'Delete disabled' }).click();
  await dialog(page).getByRole('button', { name: 'Delete disabled' }).click();
  await row(page, 'Gated one').waitFor({ state: 'detached' });
});

test('tokens: add with limits, edit, switch off, delete, each in force at once', { skip }, async () => {
  const { page } = root;
  await go(page, 'Tokens');
  await page.getByRole('button', { name: 'Add token' }).click();
  await dialog(page).getByLabel('Name', { exact: true }).fill('Spare');
  await dialog(page).getByRole('button', { name: '1 day' }).click();
  await dialog(page).getByRole('button', { name: '$10', exact: true }).click();
  await save(page);
  await row(page, 'Spare').getByText('$10.00').waitFor();
  const [token] = await api.ok('GET', '/api/token/search?keyword=Spare');
  assert.equal(token.remain_quota, 5_000_000);
  assert.ok(Math.abs(token.expired_time - Date.now() / 1000 - 86_400) < 120);

  const client = new OpenAI({ apiKey: `sk-${token.key}`, baseURL: `${api.url}/v1`, maxRetries: 0 });
  await client.chat.completions.create({ model: 'gpt-4o-mini', messages });
  await page.getByRole('button', { name: 'Edit Spare' }).click();
  await dialog(page).getByLabel('Name', { exact: true }).fill('Spare, renamed');
  await dialog(page).getByLabel('Allowed models').fill('gpt-4o,');
  await dialog(page).getByLabel('Name', { exact: true }).click();
  await save(page);
  await row(page, 'Spare, renamed').waitFor();
  await assert.rejects(client.chat.completions.create({ model: 'gpt-4o-mini', messages }), { status: 403 });
  await page.getByRole('switch', { name: 'Spare, renamed enabled' }).click();
  await row(page, 'Spare, renamed').getByText('Disabled').waitFor();
  await assert.rejects(client.chat.completions.create({ model: 'gpt-4o', messages }), { status: 401 });

  await page.getByRole('button', { name: 'Delete Spare, renamed' }).click();
  await dialog(page).getByRole('button', { name: 'Delete' }).click();
  await row(page, 'Spare, renamed').waitFor({ state: 'detached' });

  // A token without quota is no enabled one, before a call has found that out.
  await api.addToken({ name: 'Empty', unlimited_quota: false, remain_quota: 0 });
  await page.reload();
  await row(page, 'Empty').getByText('Exhausted').waitFor();
});

test('the keyboard alone: a menu, a question with its answer, and the focus back where it was', { skip }, async () => {
  const { page } = root;
  const focused = (locator) => until('the focus', () => locator.evaluate((element) => element === document.activeElement));
  await go(page, 'Channels');
  const more = page.getByRole('button', { name: 'More actions for First upstream' });
  const entry = page.getByRole('menuitem', { name: 'Delete' });
  const question = page.getByRole('dialog', { name: 'Delete the channel First upstream?' });
  await more.press('Enter');
  await focused(page.getByRole('menuitem', { name: 'Copy' }));
  await page.keyboard.press('Escape');
  await focused(more);
  await more.press('Enter');
  await focused(page.getByRole('menuitem', { name: 'Copy' }));
  await page.keyboard.press('ArrowDown');
  await focused(entry);
  // The Enter that picks the entry answers nothing: the question is there, on its harmless answer.
  await page.keyboard.press('Enter');
  await focused(question.getByRole('button', { name: 'Cancel' }));
  await page.keyboard.press('Enter');
  await question.waitFor({ state: 'hidden' });
  await focused(more);
  await row(page, 'First upstream').waitFor();

  await go(page, 'Tokens');
  await page.getByRole('button', { name: 'Delete Empty' }).press('Enter');
  await focused(dialog(page).getByRole('button', { name: 'Cancel' }));
  await page.keyboard.press('Tab');
  await focused(dialog(page).getByRole('button', { name: 'Delete' }));
  await page.keyboard.press('Enter');
  await row(page, 'Empty').waitFor({ state: 'detached' });
});

test('users: add one, fill the balance; a common user sees no page of administrators', { skip }, async () => {
  const { page } = root;
  await go(page, 'Users');
  await page.getByRole('button', { name: 'Add user' }).click();
  await dialog(page).getByLabel('User name').fill('alice');
  await dialog(page).getByLabel('Password', { exact: true }).fill('short');
  await dialog(page).getByRole('button', { name: 'Save' }).click();
  await shown(page, 'The password is too short or too long.');
  await dialog(page).getByLabel('Password', { exact: true }).fill('alice-secret-1');
  await save(page);
  await row(page, 'alice').waitFor();
  await page.getByRole('button', { name: 'Add user' }).click();
  await dialog(page).getByLabel('User name').fill('alice');
  await dialog(page).getByLabel('Password', { exact: true }).fill('alice-secret-2');
  await dialog(page).getByRole('button', { name: 'Save' }).click();
  await dialog(page).getByRole('alert').first().waitFor();
  await page.keyboard.press('Escape');
  await dialog(page).waitFor({ state: 'hidden' });
  await page.getByRole('button', { name: 'Change the balance of alice' }).click();
  await dialog(page).getByRole('button', { name: '$50', exact: true }).click();
  await shown(page, 'Balance: $0.00 → $50.00');
  await save(page);
  await row(page, 'alice').getByText('$50.00').waitFor();

  const alice = await visit();
  await signIn(alice.page, 'alice', 'alice-secret-1');
  await alice.page.waitForURL('**/detail');
  await alice.page.getByRole('region', { name: 'Today' }).getByText('$50.00').waitFor();
  assert.deepEqual(await alice.page.getByRole('navigation').getByRole('link').allInnerTexts(), ['Dashboard', 'Tokens', 'Logs']);
  for (const path of ['/channel', '/user', '/setting']) {
    await alice.page.goto(path);
    await shown(alice.page, 'Not for your role');
  }
  await go(alice.page, 'Logs');
  await row(alice.page, 'Management').waitFor(); // the balance; nobody else's calls
  assert.equal(await row(alice.page, 'gpt-4o').count(), 0);
});

test('settings are checked, refused in words, and in force at once', { skip }, async () => {
  const { page } = root;
  const { key } = await api.addToken({ name: 'settings' });
  const client = new OpenAI({ apiKey: key, baseURL: `${api.url}/v1`, maxRetries: 0 });
  await page.goto('/setting?section=relay');
  await page.getByLabel('Retries').fill('many');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('alert').filter({ hasText: 'A number is needed.' }).waitFor();
  await page.getByLabel('Retries').fill('3');
  await page.getByRole('button', { name: 'Save' }).click();
  await shown(page, 'Saved.');
  assert.equal((await api.ok('GET', '/api/option/')).find((option) => option.key === 'RetryTimes').value, '3');

  await page.getByRole('tab', { name: 'Models and prices' }).click();
  const ratios = page.getByLabel('Model ratio');
  const table = JSON.parse(await ratios.inputValue());
  assert.equal(table['gpt-4o'], 1.25);
  await ratios.fill('{"gpt-4o": -1}');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('alert').filter({ hasText: 'No value may be below zero.' }).waitFor();
  await ratios.fill(JSON.stringify({ ...table, 'gpt-4o': 100 }));
  await shown(page, '1 change not saved');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('1 change not saved').waitFor({ state: 'detached' });
  await client.chat.completions.create({ model: 'gpt-4o', messages });
  await until('the new price', async () => (await api.logs()).some((entry) => entry.token_name === 'settings' && entry.quota === 3000));

  // What the server refuses is said beside the field.
  await page.getByRole('tab', { name: 'Relay' }).click();
  const policy = page.getByLabel('Chats as Responses');
  await policy.fill('{"enabled": true, "all_channels": true, "model_patterns": ["^(gpt-5"]}');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('alert').filter({ hasText: 'model_patterns[0]' }).waitFor();
  await policy.fill('{"enabled": false, "all_channels": true, "model_patterns": ["^gpt-5"]}');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('1 change not saved').waitFor({ state: 'detached' });

  await page.getByRole('tab', { name: 'General' }).click();
  await page.getByLabel('Name of the site').fill('Gate');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('complementary').getByText('Gate', { exact: true }).waitFor();
  await page.reload();
  await shown(page, 'Public address');
  assert.equal(await page.title(), 'Settings · Gate');
});

test('many channels and rows are paged, long names cut nothing, on the desktop and on a phone', { skip }, async () => {
  const long = 'A name that goes on and on because somebody took it for the documentation, without-a-place-to-break-it-anywhere';
  await api.ok('POST', '/api/channel/', {
    type: 1, name: 'many', group: 'default', models: 'echo', base_url: up.url, key: Array.from({ length: 100 }, (_, i) => `sk-many-${i}`).join('\n') });
  await api.addChannel({
    name: long, base_url: up.url, priority: 9, tag: 'tag'.repeat(20), group: 'default,vip,svip',
    models: Array.from({ length: 80 }, (_, i) => `a-model-with-quite-a-long-name-${i}`).join(',') });
  const { key } = await api.addToken({ name: 'a-name-of-thirty-bytes-exactly' });
  const body = JSON.stringify({ model: 'gpt-4o-mini', messages });
  let left = 1000;
  const caller = async () => {
    while (left-- > 0) {
      const reply = await fetch(`${api.url}/v1/chat/completions`, { method: 'POST', headers: { authorization: `Bearer ${key}` }, body });
      assert.equal(reply.status, 200);
      await reply.arrayBuffer();
    }
  };
  await Promise.all(Array.from({ length: 16 }, caller));

  const { page } = root;
  await page.goto('/channel');
  await row(page, long).waitFor();
  await page.getByRole('listitem', { name: '2', exact: true }).click();
  await until('the second page', async () => (await row(page, long).count()) === 0 && (await row(page, 'many').count()) === 20);
  await page.getByLabel('Name or ID').fill('many');
  await shown(page, /^5$/);
  await page.goto('/log');
  await until('all rows', async () => (await api.ok('GET', '/api/log/?p=1&page_size=1&type=2')).total >= 1000);
  await page.getByRole('button', { name: 'Refresh' }).click();
  await page.getByRole('listitem', { name: /^5\d$/ }).click();
  await row(page, 'Website').first().waitFor();
  await page.getByLabel('Token name').fill('Website');
  await until('two rows', async () => (await page.locator('tbody tr.ant-table-row').count()) === 2);

  const small = await visit({ viewport: phone });
  await signIn(small.page);
  await small.page.waitForURL('**/detail');
  for (const [path, heading] of Object.entries(pages)) await fits(small.page, path, heading);
});

test('a phone: the drawer, a form, a log entry', { skip }, async () => {
  const { page } = await visit({ viewport: phone });
  await signIn(page);
  await page.waitForURL('**/detail');
  assert.equal(await page.getByRole('navigation').count(), 0);
  await page.getByRole('button', { name: 'Open the navigation' }).tap();
  await dialog(page).getByRole('link', { name: 'Tokens' }).tap();
  await page.getByRole('heading', { level: 1, name: 'Tokens' }).waitFor();
  await dialog(page).waitFor({ state: 'hidden' });
  await page.getByRole('button', { name: 'Add token' }).tap();
  await dialog(page).getByLabel('Name', { exact: true }).fill('From the phone');
  await until('the form has the whole width', async () => {
    const box = await dialog(page).boundingBox();
    return box.x === 0 && box.width === phone.width;
  });
  assert.equal(await overflowOf(page), 0);
  await save(page);
  await page.getByRole('heading', { name: 'From the phone' }).waitFor();
  await page.getByRole('button', { name: 'Open the navigation' }).tap();
  await dialog(page).getByRole('link', { name: 'Logs' }).tap();
  await page.getByText('Details and cost').first().tap();
  await page.getByText('How the cost came about').first().waitFor();
  assert.equal(await overflowOf(page), 0);
});

test('every page outlasts a reload, and the way back works', { skip }, async () => {
  const { page } = root;
  for (const [path, heading] of Object.entries(pages)) await fits(page, path, heading);
  await go(page, 'Tokens');
  await go(page, 'Logs');
  await page.goBack();
  await page.getByRole('heading', { level: 1, name: 'Tokens' }).waitFor();
  await page.goForward();
  await page.getByRole('heading', { level: 1, name: 'Logs' }).waitFor();
  await page.goto('/no/such/page');
  await shown(page, 'Nothing here');

  // On a small laptop the field that people use most keeps its room beside the other filters.
  await page.setViewportSize({ width: 1024, height: 768 });
  await fits(page, 'channel', 'Channels');
  assert.ok((await page.getByLabel('Name or ID').boundingBox()).width >= 150);
  await page.setViewportSize(desktop);
});

test('an ended session asks to sign in and comes back; a server that is away is named', { skip }, async () => {
  const { page, context, watch } = await visit();
  watch.allow(/status of 401|ERR_CONNECTION_REFUSED/);
  await signIn(page);
  await page.waitForURL('**/detail');
  await go(page, 'Tokens'); // which asks for nothing by itself, as the dashboard does
  await page.waitForLoadState('networkidle');
  await context.clearCookies();
  await page.getByRole('navigation').getByRole('link', { name: 'Channels' }).click();
  await page.waitForURL('**/login?next=%2Fchannel');
  await shown(page, 'Your session has ended. Please sign in again.');
  await page.getByLabel('User name or e-mail').fill('root');
  await page.getByLabel('Password', { exact: true }).fill(rootPassword);
  await page.keyboard.press('Enter');
  await page.waitForURL('**/channel');

  await page.getByRole('navigation').getByRole('link', { name: 'Users' }).click();
  await row(page, 'alice').waitFor();
  await page.getByRole('navigation').getByRole('link', { name: 'Channels' }).click();
  await page.getByRole('heading', { level: 1, name: 'Channels' }).waitFor();
  api.child.kill('SIGTERM');
  await api.exited;
  await page.getByLabel('Name or ID').fill('many');
  const alert = page.getByRole('alert').filter({ hasText: 'The server cannot be reached.' });
  await alert.waitFor();
  await api.launch();
  await alert.getByRole('button', { name: 'Try again' }).click();
  await row(page, 'many').first().waitFor();
  assert.equal(await alert.count(), 0);
});
