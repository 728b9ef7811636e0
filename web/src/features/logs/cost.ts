import type { LogOther, ToolName } from './logOther';

/** What a part of a call is called in the texts, below `logs.part`. */
export type PartName =
  | 'input' | 'cached' | 'cacheWrite' | 'cacheWriteHour' | 'image' | 'output' | 'textInput' | 'textOutput' | 'audioInput' | 'audioOutput';

/** Tokens of one kind, and how much one of them weighs against a plain input token. */
export interface CostPart {
  name: PartName;
  tokens: number;
  factor: number;
}

/** Calls of a built-in tool, priced apart from tokens. */
export interface CostExtra {
  name: ToolName;
  calls: number;
  /** Dollars for a thousand calls. */
  usdPerThousand: number;
  quota: number;
}

/** How a call's quota came about. */
export interface Cost {
  mode: 'tokens' | 'price';
  parts: CostPart[];
  /** Input tokens that the parts weigh together. */
  weighed: number;
  modelRatio: number;
  groupRatio: number;
  /** Dollars a call, in mode `price`. */
  price: number;
  extras: CostExtra[];
  /** The outcome before it was made a whole number. */
  exact: number;
  /** What the computation gives, as a whole number. */
  computed: number;
  charged: number;
  /** Why the charge is not the plain rounding: the least charge of 1, or something that the row does not tell. */
  remark: 'none' | 'minimum' | 'differs';
}

interface Call {
  prompt_tokens: number;
  completion_tokens: number;
  quota: number;
}

function audioParts(other: LogOther): CostPart[] {
  const audio = other.audioRatio ?? 1;
  return [
    { name: 'textInput', tokens: other.textInput ?? 0, factor: 1 },
    { name: 'textOutput', tokens: other.textOutput ?? 0, factor: other.completionRatio ?? 1 },
    { name: 'audioInput', tokens: other.audioInput ?? 0, factor: audio },
    { name: 'audioOutput', tokens: other.audioOutput ?? 0, factor: audio * (other.audioCompletionRatio ?? 1) },
  ];
}

function textParts(call: Call, other: LogOther): CostPart[] {
  const written = other.cacheWriteTokens ?? 0;
  const hour = Math.min(other.cacheWriteHourTokens ?? 0, written);
  const image = other.imageTokens ?? 0;
  // In rows of the older program the cache discount does not apply beside image tokens.
  const cached = image > 0 && !other.isNewer ? 0 : (other.cacheTokens ?? 0);
  const inside = other.cacheIsBeside ? 0 : cached + written + image;
  return [
    { name: 'input', tokens: Math.max(0, call.prompt_tokens - inside), factor: 1 },
    { name: 'cached', tokens: cached, factor: other.cacheRatio ?? 1 },
    { name: 'cacheWrite', tokens: written - hour, factor: other.cacheWriteRatio ?? 1 },
    { name: 'cacheWriteHour', tokens: hour, factor: other.cacheWriteHourRatio ?? 1 },
    { name: 'image', tokens: image, factor: other.imageRatio ?? 1 },
    { name: 'output', tokens: call.completion_tokens, factor: other.completionRatio ?? 1 },
  ];
}

function extrasOf(other: LogOther, groupRatio: number, perUnit: number): CostExtra[] {
  return other.tools.map((tool) => ({ ...tool, quota: (tool.usdPerThousand * tool.calls * groupRatio * perUnit) / 1000 }));
}

/** Half away from zero; Claude's own route cuts instead, so a point of difference is no difference. */
function remarkOf(exact: number, computed: number, charged: number): Cost['remark'] {
  if (charged === 1 && exact > 0 && exact < 0.5) return 'minimum';
  return Math.abs(computed - charged) <= 1 ? 'none' : 'differs';
}

/**
 * Repeats the computation of a call's quota from what its log row tells. Null when the row tells no prices, as rows
 * of other kinds do not.
 *
 * Tokens: (the sum of tokens x factor) x model ratio x group ratio. Price: dollars x quota a dollar x group ratio.
 */
export function costOf(call: Call, other: LogOther, perUnit: number): Cost | null {
  const byPrice = other.modelPrice !== undefined;
  if (!byPrice && other.modelRatio === undefined) return null;
  const groupRatio = other.groupRatio ?? 1;
  const modelRatio = other.modelRatio ?? 0;
  const parts = byPrice ? [] : (other.audio ? audioParts(other) : textParts(call, other)).filter((part) => part.tokens > 0);
  const weighed = parts.reduce((sum, part) => sum + part.tokens * part.factor, 0);
  const extras = extrasOf(other, groupRatio, perUnit);
  const plain = byPrice ? (other.modelPrice ?? 0) * perUnit * groupRatio : weighed * modelRatio * groupRatio;
  const exact = plain + extras.reduce((sum, extra) => sum + extra.quota, 0);
  const computed = Math.round(exact);
  return {
    mode: byPrice ? 'price' : 'tokens',
    parts, weighed, modelRatio, groupRatio, extras, exact, computed,
    price: other.modelPrice ?? 0,
    charged: call.quota,
    remark: remarkOf(exact, computed, call.quota),
  };
}

/** Dollars for a million tokens of a kind: what a ratio means in money. */
export function usdPerMillion(modelRatio: number, factor: number, groupRatio: number, perUnit: number): number {
  return (modelRatio * factor * groupRatio * 1_000_000) / perUnit;
}
