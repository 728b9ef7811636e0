// What the mock server pretends to hold: a small company with a few channels, keys, people and a week of traffic.
const now = () => Math.floor(Date.now() / 1000);

/** A repeatable stream of numbers between 0 and 1, so that two runs look alike. */
function randomStream(seed) {
  let state = seed;
  return () => {
    state = (state * 1664525 + 1013904223) % 4294967296;
    return state / 4294967296;
  };
}

const prices = {
  'gpt-4o': { model_ratio: 1.25, completion_ratio: 4, cache_ratio: 0.5 },
  'gpt-4o-mini': { model_ratio: 0.075, completion_ratio: 4, cache_ratio: 0.5 },
  'claude-3-7-sonnet-20250219': { model_ratio: 1.5, completion_ratio: 5, cache_ratio: 0.1 },
  'deepseek-chat': { model_ratio: 0.135, completion_ratio: 4, cache_ratio: 0.25 },
  'text-embedding-3-small': { model_ratio: 0.01, completion_ratio: 1, cache_ratio: 1 },
};

function user(id, username, role, extra = {}) {
  return {
    id, username, password: '', display_name: username, role, status: 1, email: '', github_id: '', oidc_id: '', wechat_id: '',
    telegram_id: '', linux_do_id: '', verification_code: '', access_token: null, quota: 0, used_quota: 0, request_count: 0,
    group: 'default', aff_code: '', aff_count: 0, aff_quota: 0, aff_history_quota: 0, inviter_id: 0, DeletedAt: null, setting: '',
    ...extra,
  };
}

function channel(id, type, name, models, extra = {}) {
  return {
    id, type, name, models, key: '', openai_organization: null, test_model: null, status: 1, weight: 0, created_time: now() - 86400 * 30,
    test_time: now() - 3600 * id, response_time: 320 * id, base_url: '', other: '', balance: 0, balance_updated_time: 0, group: 'default',
    used_quota: 1234567 * id, model_mapping: null, status_code_mapping: '', priority: 0, auto_ban: 1, other_info: '', tag: null,
    setting: null, param_override: null, ...extra,
  };
}

function token(id, user_id, name, extra = {}) {
  return {
    id, user_id, name, key: `${'abcdefghijklmnop'.repeat(3).slice(0, 46)}${String(id).padStart(2, '0')}`, status: 1, created_time: now() - 86400 * 12,
    accessed_time: now() - 600 * id, expired_time: -1, remain_quota: 2500000, unlimited_quota: false, model_limits_enabled: false,
    model_limits: '', allow_ips: null, used_quota: 340000 * id, group: '', DeletedAt: null, ...extra,
  };
}

function otherOf(price, random, cached, stream) {
  return {
    model_ratio: price.model_ratio, group_ratio: 1, completion_ratio: price.completion_ratio, cache_tokens: cached,
    cache_ratio: price.cache_ratio, model_price: -1, frt: stream ? Math.round(180 + random() * 900) : -1000,
    admin_info: { use_channel: random() < 0.15 ? ['4', '1'] : ['1'] },
  };
}

function consumeLog(id, random, at) {
  const names = Object.keys(prices);
  const model = names[Math.floor(random() * names.length)];
  const price = prices[model];
  const prompt = Math.round(60 + random() * 6000);
  const completion = model.startsWith('text') ? 0 : Math.round(20 + random() * 1400);
  const cached = random() < 0.3 ? Math.round(prompt * 0.6) : 0;
  const stream = random() < 0.7 && completion > 0;
  const base = prompt - cached + cached * price.cache_ratio + completion * price.completion_ratio;
  return {
    id, user_id: random() < 0.7 ? 1 : 3, created_at: at, type: 2, content: '', username: random() < 0.7 ? 'root' : 'lin',
    token_name: random() < 0.5 ? 'Website' : 'Batch jobs', model_name: model, quota: Math.max(1, Math.round(base * price.model_ratio)),
    prompt_tokens: prompt, completion_tokens: completion, use_time: Math.round(1 + random() * 14), is_stream: stream,
    channel: 1 + Math.floor(random() * 3), channel_name: 'OpenAI main', token_id: 1, group: 'default',
    other: JSON.stringify(otherOf(price, random, cached, stream)),
  };
}

function makeLogs() {
  const random = randomStream(7);
  const logs = [];
  for (let index = 0; index < 260; index += 1) {
    logs.push(consumeLog(1000 - index, random, now() - Math.round(index * index * 9.2 + random() * 400)));
  }
  logs.splice(5, 0, { ...logs[4], id: 2001, type: 3, quota: 0, model_name: '', token_name: '', prompt_tokens: 0, completion_tokens: 0,
    use_time: 0, channel: 0, channel_name: '', other: '', content: 'The quota was changed from $2.00 to $12.00.' });
  logs.splice(9, 0, { ...logs[4], id: 2002, type: 2, quota: 20000, model_name: 'dall-e-3', prompt_tokens: 12, completion_tokens: 0,
    is_stream: false, other: JSON.stringify({ model_price: 0.04, group_ratio: 1, frt: -1000 }), content: '' });
  return logs;
}

function quotaRows(logs) {
  const rows = new Map();
  for (const log of logs.filter((entry) => entry.type === 2)) {
    const hour = log.created_at - (log.created_at % 3600);
    const key = `${log.model_name}|${hour}`;
    const row = rows.get(key) ?? { id: 0, user_id: 0, username: '', model_name: log.model_name, created_at: hour, token_used: 0, count: 0, quota: 0 };
    row.count += 1;
    row.quota += log.quota;
    row.token_used += log.prompt_tokens + log.completion_tokens;
    rows.set(key, row);
  }
  return [...rows.values()];
}

const longText = 'Your credit balance is too low\nThis organization has been disabled.\nYou exceeded your current quota';
const options = {
  SystemName: 'Your API', Logo: '', Footer: '', Notice: '', ServerAddress: '', TopUpLink: '', SelfUseModeEnabled: 'false',
  DemoSiteEnabled: 'false', PasswordLoginEnabled: 'true', RegisterEnabled: 'false', QuotaForNewUser: '0', QuotaPerUnit: '500000',
  QuotaRemindThreshold: '1000', PreConsumedQuota: '500', DisplayInCurrencyEnabled: 'true', DisplayTokenStatEnabled: 'true',
  LogConsumeEnabled: 'true', DataExportEnabled: 'true', DataExportInterval: '5', DataExportDefaultTime: 'hour',
  RetryTimes: '2', AutomaticDisableChannelEnabled: 'false', AutomaticEnableChannelEnabled: 'false', ChannelDisableThreshold: '5',
  AutomaticDisableKeywords: longText, 'global.pass_through_request_enabled': 'false',
  'global.chat_completions_to_responses_policy': '{"enabled":false,"all_channels":true}',
  ModelRatio: JSON.stringify(Object.fromEntries(Object.entries(prices).map(([name, price]) => [name, price.model_ratio]))),
  ModelPrice: '{"dall-e-3":0.04,"suno_music":0.1}', CompletionRatio: '{"gpt-4-all":2}', CacheRatio: '{"gpt-4o":0.5,"deepseek-chat":0.25}',
  GroupRatio: '{"default":1,"vip":0.9,"svip":0.8}', UserUsableGroups: '{"default":"Default","vip":"VIP"}',
  ModelRequestRateLimitEnabled: 'false', ModelRequestRateLimitCount: '0', ModelRequestRateLimitDurationMinutes: '1',
  ModelRequestRateLimitSuccessCount: '1000', CheckSensitiveEnabled: 'true', SensitiveWords: 'test_sensitive',
};

/** A fresh world; `empty` is that of a server nobody has used yet. */
export function makeWorld(empty) {
  const logs = empty ? [] : makeLogs();
  const root = user(1, 'root', 100, { display_name: 'Root User', quota: 100000000, used_quota: 5234567, request_count: 1842 });
  const people = [user(4, 'ops', 10, { email: 'ops@example.com', quota: 5000000, used_quota: 120000, request_count: 88 }),
    user(3, 'lin', 1, { display_name: 'Lin Yue', email: 'lin@example.com', quota: 1530000, used_quota: 3470000, request_count: 512, group: 'vip' }),
    user(2, 'intern', 1, { status: 2, quota: 0, used_quota: 4100, request_count: 3 })];
  const all = Object.keys(prices).join(',');
  return {
    ready: !empty,
    codeRequired: false,
    passwords: new Map([['root', empty ? '' : 'password1'], ['lin', 'password1'], ['ops', 'password1'], ['first', '123456']]),
    users: empty ? [root] : [...people, root],
    channels: empty ? [] : [
      channel(1, 1, 'OpenAI main', all, { priority: 10, weight: 5, tag: 'prod' }),
      channel(2, 14, 'Claude', 'claude-3-7-sonnet-20250219,claude-3-5-haiku-20241022', { group: 'default,vip', priority: 5 }),
      channel(3, 43, 'DeepSeek', 'deepseek-chat,deepseek-reasoner', { remark: 'Cheap and quick; keep as the fallback for night jobs.' }),
      channel(4, 3, 'Azure East US 2 with quite a long name', 'gpt-4o,gpt-4o-mini', { status: 3, response_time: 12400, base_url: 'https://east.openai.azure.example.com',
        other_info: JSON.stringify({ status_reason: 'status code 401: Access denied due to invalid subscription key', status_time: now() - 7200 }) }),
      channel(5, 8, 'Lab box', 'llama-3.3-70b', { status: 2, response_time: 0, test_time: 0, base_url: 'http://10.0.0.8:8000/v1/chat/completions' }),
    ],
    tokens: empty ? [] : [
      token(6, 1, 'One-off', { status: 4, remain_quota: 0 }),
      token(5, 1, 'Old laptop', { status: 3, expired_time: now() - 86400 * 3 }),
      token(4, 1, 'Partner ACME', { status: 2, allow_ips: '203.0.113.7\n203.0.113.8', group: 'vip', model_limits_enabled: true, model_limits: 'gpt-4o-mini' }),
      token(3, 1, 'Batch jobs', { expired_time: now() + 86400 * 20, remain_quota: 812345 }),
      token(2, 1, 'Playground'), token(1, 1, 'Website', { unlimited_quota: true, remain_quota: 0 })],
    logs, quotaRows: quotaRows(logs), options: { ...options }, nextId: 100,
  };
}
