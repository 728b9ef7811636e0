export const snippetNames = ['curl', 'node', 'python'] as const;
export type SnippetName = (typeof snippetNames)[number];

interface SnippetFacts {
  /** Where the server is reached, without a slash at the end. */
  address: string;
  /** The key as clients send it. */
  key: string;
  model: string;
}

function curl({ address, key, model }: SnippetFacts): string {
  return `curl ${address}/v1/chat/completions \\
  -H "Authorization: Bearer ${key}" \\
  -H "Content-Type: application/json" \\
  -d '{"model": "${model}", "messages": [{"role": "user", "content": "Hello!"}]}'`;
}

function node({ address, key, model }: SnippetFacts): string {
  return `import OpenAI from 'openai';

const client = new OpenAI({ baseURL: '${address}/v1', apiKey: '${key}' });
const reply = await client.chat.completions.create({
  model: '${model}',
  messages: [{ role: 'user', content: 'Hello!' }],
});
console.log(reply.choices[0].message.content);`;
}

function python({ address, key, model }: SnippetFacts): string {
  return `from openai import OpenAI

client = OpenAI(base_url="${address}/v1", api_key="${key}")
reply = client.chat.completions.create(
    model="${model}",
    messages=[{"role": "user", "content": "Hello!"}],
)
print(reply.choices[0].message.content)`;
}

const makers: Record<SnippetName, (facts: SnippetFacts) => string> = { curl, node, python };

/** A first call that works when it is pasted. */
export function snippetOf(name: SnippetName, facts: SnippetFacts): string {
  return makers[name](facts);
}

/** The model to try first: one that chats, if the name lets tell. */
export function firstModel(models: string[]): string {
  const chats = models.find((name) => !/embed|whisper|tts|dall-e|image|audio|realtime|rerank|moderation|davinci|babbage|instruct|^mj_|suno/i.test(name));
  return chats ?? models[0] ?? 'gpt-4o-mini';
}
