import { looseObject } from '@/lib/json';

/** A tool that the provider runs by itself, as its text below `logs.cost` is called. */
export type ToolName = 'webSearch' | 'fileSearch' | 'imageGeneration';

export interface ToolCalls {
  name: ToolName;
  calls: number;
  /** Dollars for a thousand calls. */
  usdPerThousand: number;
}

/** What a log row's `other` text says, as far as the console shows it. Absent is not zero. */
export interface LogOther {
  modelRatio?: number;
  groupRatio?: number;
  completionRatio?: number;
  cacheTokens?: number;
  cacheRatio?: number;
  cacheWriteTokens?: number;
  cacheWriteRatio?: number;
  /** Of those that were written: kept for an hour. */
  cacheWriteHourTokens?: number;
  cacheWriteHourRatio?: number;
  /** Dollars a call; absent when the call was priced by tokens. */
  modelPrice?: number;
  /** Milliseconds to the first byte of the answer; absent when it was not measured. */
  firstByteMs?: number;
  /** Cached tokens are counted beside the prompt, not inside it. */
  cacheIsBeside: boolean;
  /** Written by this program or the newest of the original's line. */
  isNewer: boolean;
  imageTokens?: number;
  imageRatio?: number;
  audio: boolean;
  audioInput?: number;
  audioOutput?: number;
  textInput?: number;
  textOutput?: number;
  audioRatio?: number;
  audioCompletionRatio?: number;
  tools: ToolCalls[];
  reasoningEffort?: string;
  upstreamModel?: string;
  /** Channels that were tried, in order; administrators only. */
  triedChannels: string[];
}

type Raw = Record<string, unknown>;

function numberIn(raw: Raw, name: string): number | undefined {
  const value = raw[name];
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

function textIn(raw: Raw, name: string): string | undefined {
  const value = raw[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function atLeastZero(value: number | undefined): number | undefined {
  return value !== undefined && value >= 0 ? value : undefined;
}

function triedIn(raw: Raw): string[] {
  const info = raw.admin_info;
  const tried = typeof info === 'object' && info !== null ? (info as Raw).use_channel : undefined;
  return Array.isArray(tried) ? tried.map(String) : [];
}

const toolNames: Record<string, ToolName> = {
  web_search: 'webSearch',
  web_search_preview: 'webSearch',
  google_search: 'webSearch',
  file_search: 'fileSearch',
  image_generation_call: 'imageGeneration',
};

/** A list of surcharges, or in older rows members for each of two tools. */
function toolsIn(raw: Raw): ToolCalls[] {
  const list: unknown[] = Array.isArray(raw.tool_surcharges) ? raw.tool_surcharges : [
    { name: 'web_search', count: raw.web_search_call_count, price: raw.web_search_price },
    { name: 'file_search', count: raw.file_search_call_count, price: raw.file_search_price },
  ];
  return list.flatMap((entry) => {
    const tool = typeof entry === 'object' && entry !== null ? (entry as Raw) : {};
    const name = toolNames[textIn(tool, 'name') ?? ''];
    const calls = numberIn(tool, 'count') ?? 0;
    return name !== undefined && calls > 0 ? [{ name, calls, usdPerThousand: numberIn(tool, 'price') ?? 0 }] : [];
  });
}

function withoutAbsent<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined)) as T;
}

/** Reads the text; anything missing or of another type counts as absent. */
export function readOther(text: string): LogOther {
  const raw = looseObject(text);
  return withoutAbsent({
    modelRatio: numberIn(raw, 'model_ratio'),
    groupRatio: numberIn(raw, 'group_ratio'),
    completionRatio: numberIn(raw, 'completion_ratio'),
    cacheTokens: numberIn(raw, 'cache_tokens'),
    cacheRatio: numberIn(raw, 'cache_ratio'),
    cacheWriteTokens: numberIn(raw, 'cache_creation_tokens'),
    cacheWriteRatio: numberIn(raw, 'cache_creation_ratio'),
    modelPrice: atLeastZero(numberIn(raw, 'model_price')),
    firstByteMs: atLeastZero(numberIn(raw, 'frt')),
    cacheWriteHourTokens: numberIn(raw, 'cache_creation_tokens_1h'),
    cacheWriteHourRatio: numberIn(raw, 'cache_creation_ratio_1h'),
    isNewer: textIn(raw, 'request_path') !== undefined,
    cacheIsBeside: raw.claude === true || raw.usage_semantic === 'anthropic',
    imageTokens: raw.image === true ? numberIn(raw, 'image_output') : undefined,
    imageRatio: numberIn(raw, 'image_ratio'),
    audio: raw.audio === true || raw.ws === true,
    audioInput: numberIn(raw, 'audio_input'),
    audioOutput: numberIn(raw, 'audio_output'),
    textInput: numberIn(raw, 'text_input'),
    textOutput: numberIn(raw, 'text_output'),
    audioRatio: numberIn(raw, 'audio_ratio'),
    audioCompletionRatio: numberIn(raw, 'audio_completion_ratio'),
    tools: toolsIn(raw),
    reasoningEffort: textIn(raw, 'reasoning_effort'),
    upstreamModel: textIn(raw, 'upstream_model_name'),
    triedChannels: triedIn(raw),
  } as LogOther);
}
