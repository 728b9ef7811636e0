/** What the form knows about a kind of upstream. */
export interface ChannelType {
  id: number;
  name: string;
  /** Used when the channel's own address is empty. */
  baseUrl: string;
  /** The shape of the key where it is not a single secret. */
  keyFormat?: string;
  /** What the field `other` means for this type, as a key of the texts below `channels.other`. */
  other?: 'apiVersion' | 'region' | 'plugin' | 'libraryId' | 'accountId' | 'botId';
  /** What is used, or meant, when that field is empty. */
  otherExample?: string;
  /** The form of its requests, where that is not OpenAI's: Claude's, or one without the members that can be held back. */
  speaks?: 'claude' | 'other';
}

/** Type numbers are data: existing databases hold them. */
export const channelTypes: ChannelType[] = [
  { id: 1, name: 'OpenAI', baseUrl: 'https://api.openai.com' },
  { id: 8, name: 'Custom', baseUrl: '' },
  { id: 14, name: 'Anthropic Claude', baseUrl: 'https://api.anthropic.com', speaks: 'claude' },
  { id: 24, name: 'Google Gemini', baseUrl: 'https://generativelanguage.googleapis.com', other: 'apiVersion', speaks: 'other' },
  { id: 3, name: 'Azure OpenAI', baseUrl: '', other: 'apiVersion', otherExample: '2024-12-01-preview' },
  { id: 43, name: 'DeepSeek', baseUrl: 'https://api.deepseek.com' },
  { id: 17, name: 'Ali Qwen', baseUrl: 'https://dashscope.aliyuncs.com', other: 'plugin' },
  { id: 26, name: 'Zhipu GLM', baseUrl: 'https://open.bigmodel.cn', keyFormat: 'id.secret' },
  { id: 25, name: 'Moonshot', baseUrl: 'https://api.moonshot.cn' },
  { id: 45, name: 'VolcEngine (Doubao)', baseUrl: 'https://ark.cn-beijing.volces.com' },
  { id: 40, name: 'SiliconFlow', baseUrl: 'https://api.siliconflow.cn' },
  { id: 20, name: 'OpenRouter', baseUrl: 'https://openrouter.ai/api' },
  { id: 4, name: 'Ollama', baseUrl: 'http://localhost:11434' },
  { id: 33, name: 'AWS Bedrock Claude', baseUrl: '', keyFormat: 'AccessKey|SecretKey|Region', speaks: 'claude' },
  { id: 41, name: 'Vertex AI', baseUrl: '', keyFormat: 'JSON', other: 'region', speaks: 'claude' },
  { id: 48, name: 'xAI', baseUrl: 'https://api.x.ai' },
  { id: 42, name: 'Mistral AI', baseUrl: 'https://api.mistral.ai' },
  { id: 34, name: 'Cohere', baseUrl: 'https://api.cohere.ai', speaks: 'other' },
  { id: 27, name: 'Perplexity', baseUrl: 'https://api.perplexity.ai' },
  { id: 35, name: 'MiniMax', baseUrl: 'https://api.minimax.chat' },
  { id: 46, name: 'Baidu Qianfan v2', baseUrl: 'https://qianfan.baidubce.com' },
  { id: 15, name: 'Baidu Qianfan', baseUrl: 'https://aip.baidubce.com', keyFormat: 'APIKey|SecretKey', speaks: 'other' },
  { id: 23, name: 'Tencent Hunyuan', baseUrl: 'https://hunyuan.tencentcloudapi.com', keyFormat: 'AppId|SecretId|SecretKey', speaks: 'other' },
  { id: 18, name: 'Xunfei Spark', baseUrl: '', keyFormat: 'APPID|APISecret|APIKey', other: 'apiVersion', speaks: 'other' },
  { id: 16, name: 'Zhipu ChatGLM', baseUrl: 'https://open.bigmodel.cn', keyFormat: 'id.secret', speaks: 'other' },
  { id: 19, name: '360', baseUrl: 'https://api.360.cn' },
  { id: 31, name: 'LingYiWanWu (01.AI)', baseUrl: 'https://api.lingyiwanwu.com' },
  { id: 37, name: 'Dify', baseUrl: 'https://api.dify.ai', speaks: 'other' },
  { id: 38, name: 'Jina', baseUrl: 'https://api.jina.ai', speaks: 'other' },
  { id: 39, name: 'Cloudflare', baseUrl: 'https://api.cloudflare.com', other: 'accountId', speaks: 'other' },
  { id: 44, name: 'MokaAI', baseUrl: 'https://api.moka.ai', other: 'apiVersion', speaks: 'other' },
  { id: 47, name: 'Xinference', baseUrl: '' },
  { id: 11, name: 'Google PaLM', baseUrl: '', speaks: 'other' },
  { id: 22, name: 'FastGPT', baseUrl: 'https://fastgpt.run/api/openapi', keyFormat: 'APIKey-AppId' },
  { id: 6, name: 'OpenAIMax', baseUrl: 'https://api.openaimax.com' },
  { id: 7, name: 'OhMyGPT', baseUrl: 'https://api.ohmygpt.com' },
  { id: 9, name: 'AILS', baseUrl: 'https://api.caipacity.com' },
  { id: 10, name: 'AIProxy', baseUrl: 'https://api.aiproxy.io' },
  { id: 21, name: 'AIProxy Library', baseUrl: 'https://api.aiproxy.io', other: 'libraryId', speaks: 'other' },
  { id: 12, name: 'API2GPT', baseUrl: 'https://api.api2gpt.com' },
  { id: 13, name: 'AIGC2D', baseUrl: 'https://api.aigc2d.com' },
  { id: 2, name: 'Midjourney Proxy', baseUrl: 'https://oa.api2d.net', speaks: 'other' },
  { id: 5, name: 'Midjourney Proxy Plus', baseUrl: 'https://api.openai-sb.com', speaks: 'other' },
  { id: 36, name: 'Suno API', baseUrl: '', speaks: 'other' },
  { id: 49, name: 'Coze', baseUrl: 'https://api.coze.cn', other: 'botId', speaks: 'other' },
  { id: 50, name: 'Kling', baseUrl: 'https://api.klingai.com', keyFormat: 'AccessKey|SecretKey', speaks: 'other' },
  { id: 51, name: 'Jimeng', baseUrl: 'https://visual.volcengineapi.com', keyFormat: 'AccessKey|SecretKey', speaks: 'other' },
  { id: 52, name: 'Vidu', baseUrl: 'https://api.vidu.cn', speaks: 'other' },
  { id: 53, name: 'Submodel', baseUrl: 'https://llm.submodel.ai' },
  { id: 54, name: 'Doubao Video', baseUrl: 'https://ark.cn-beijing.volces.com', speaks: 'other' },
  { id: 55, name: 'Sora', baseUrl: 'https://api.openai.com', speaks: 'other' },
  { id: 56, name: 'Replicate', baseUrl: 'https://api.replicate.com', speaks: 'other' },
  { id: 57, name: 'Codex', baseUrl: 'https://chatgpt.com' },
];

/** Types whose key is one text of several lines, so that lines do not stand for several channels. */
export const wholeKeyTypes: readonly number[] = [41, 57];

export const customType = 8;

const byId = new Map(channelTypes.map((type) => [type.id, type]));

/** The type with that number, if the console knows it. */
export function findChannelType(id: number): ChannelType | undefined {
  return byId.get(id);
}

/** A name to show for the number. */
export function channelTypeName(id: number): string {
  return byId.get(id)?.name ?? `#${id}`;
}
