import dayjs, { type Dayjs } from 'dayjs';
import { splitList } from '@/lib/list';
import type { Token, TokenInput } from './types';

/** The fields of the form, in the shapes that its inputs want. */
export interface TokenValues {
  name: string;
  /** Null for never. */
  expires: Dayjs | null;
  remain_quota: number;
  unlimited_quota: boolean;
  models: string[];
  allow_ips: string;
  group: string;
  /** How many to make at once. */
  count: number;
}

export const newTokenValues: TokenValues = {
  name: '', expires: null, remain_quota: 500_000, unlimited_quota: false, models: [], allow_ips: '', group: '', count: 1,
};

/** What the form starts with for a token that exists. */
export function valuesOf(token: Token): TokenValues {
  return {
    name: token.name,
    expires: token.expired_time > 0 ? dayjs.unix(token.expired_time) : null,
    remain_quota: token.remain_quota,
    unlimited_quota: token.unlimited_quota,
    models: token.model_limits_enabled ? splitList(token.model_limits) : [],
    allow_ips: token.allow_ips ?? '',
    group: token.group,
    count: 1,
  };
}

/** One address a line, as the API wants it, whatever people separated them with. */
export function ipLines(text: string): string {
  return text.split(/[\s,;]+/).filter(Boolean).join('\n');
}

/** What is sent for the filled-in form. An empty choice of models means no limit. */
export function inputOf(values: TokenValues): TokenInput {
  return {
    name: values.name.trim(),
    expired_time: values.expires ? values.expires.unix() : -1,
    remain_quota: Math.round(values.remain_quota),
    unlimited_quota: values.unlimited_quota,
    model_limits_enabled: values.models.length > 0,
    model_limits: values.models.join(','),
    allow_ips: ipLines(values.allow_ips),
    group: values.group,
  };
}

/** Names for several tokens made at once: the name itself for one, numbered for more. */
export function namesFor(name: string, count: number): string[] {
  if (count <= 1) return [name];
  return Array.from({ length: count }, (_, index) => `${name}-${index + 1}`);
}
