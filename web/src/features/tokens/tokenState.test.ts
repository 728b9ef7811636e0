import { describe, expect, it } from 'vitest';
import { tokenStateOf } from './tokenState';
import { TokenStatus } from './types';

const now = 1_800_000_000;
const good = { status: TokenStatus.enabled, expired_time: -1, remain_quota: 5, unlimited_quota: false };

describe('tokenStateOf', () => {
  it.each([
    ['one that works', {}, TokenStatus.enabled],
    ['one whose end is to come', { expired_time: now + 1 }, TokenStatus.enabled],
    ['one at its end', { expired_time: now }, TokenStatus.expired],
    ['one without quota', { remain_quota: 0 }, TokenStatus.exhausted],
    ['one that overdrew', { remain_quota: -3 }, TokenStatus.exhausted],
    ['one without quota that needs none', { remain_quota: 0, unlimited_quota: true }, TokenStatus.enabled],
    ['one that is over and empty', { expired_time: now, remain_quota: 0 }, TokenStatus.expired],
    ['one that was switched off', { status: TokenStatus.disabled, expired_time: now, remain_quota: 0 }, TokenStatus.disabled],
  ])('knows %s', (_what, change, state) => {
    expect(tokenStateOf({ ...good, ...change }, now)).toBe(state);
  });
});
