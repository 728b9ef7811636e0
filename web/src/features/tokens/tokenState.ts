import { TokenStatus, type Token } from './types';

/**
 * What the token's state really is now: one that is past its end is expired and one without quota is exhausted, whatever
 * its row still says. The row learns it with the next call, which is refused.
 */
export function tokenStateOf(token: Pick<Token, 'status' | 'expired_time' | 'remain_quota' | 'unlimited_quota'>, nowSeconds: number): number {
  if (token.status !== TokenStatus.enabled) return token.status;
  if (token.expired_time > 0 && token.expired_time <= nowSeconds) return TokenStatus.expired;
  return !token.unlimited_quota && token.remain_quota <= 0 ? TokenStatus.exhausted : token.status;
}
