export const TokenStatus = { enabled: 1, disabled: 2, expired: 3, exhausted: 4 } as const;

/** An API key as the API tells it; `key` is without its "sk-". */
export interface Token {
  id: number;
  name: string;
  key: string;
  status: number;
  created_time: number;
  accessed_time: number;
  /** Seconds of the epoch; -1 for never. */
  expired_time: number;
  remain_quota: number;
  used_quota: number;
  unlimited_quota: boolean;
  model_limits_enabled: boolean;
  model_limits: string;
  allow_ips: string | null;
  group: string;
}

/** The fields that making or changing a token writes. A change overwrites them all. */
export type TokenInput = Pick<
  Token,
  'name' | 'expired_time' | 'remain_quota' | 'unlimited_quota' | 'model_limits_enabled' | 'model_limits' | 'allow_ips' | 'group'
>;

/** Whether a call was ever made with the token; a new one carries the moment of its making as its last use. */
export function wasUsed(token: Pick<Token, 'created_time' | 'accessed_time' | 'used_quota'>): boolean {
  return token.used_quota > 0 || token.accessed_time > token.created_time;
}
