import { describe, expect, it } from 'vitest';
import { inputOf, ipLines, namesFor, newTokenValues, valuesOf } from './tokenFormValues';
import { fullKey, maskedKey } from './tokenKey';
import type { Token } from './types';

const token: Token = {
  id: 1, name: 'Web', key: 'abcdefghijklmnop', status: 1, created_time: 1, accessed_time: 1, expired_time: 2_000_000_000, remain_quota: 7, used_quota: 3,
  unlimited_quota: false, model_limits_enabled: true, model_limits: 'gpt-4o,o1', allow_ips: '10.0.0.1\n10.0.0.2', group: 'vip',
};

describe('token form', () => {
  it('sends back what it was given', () => {
    const { name, expired_time, remain_quota, unlimited_quota, model_limits_enabled, model_limits, allow_ips, group } = token;
    expect(inputOf(valuesOf(token))).toEqual({ name, expired_time, remain_quota, unlimited_quota, model_limits_enabled, model_limits, allow_ips, group });
  });

  it('sends never as -1, since 0 would be the past, and no models as no limit', () => {
    expect(inputOf({ ...newTokenValues, name: 'x' })).toMatchObject({ expired_time: -1, model_limits_enabled: false, model_limits: '' });
  });

  it('puts addresses on lines whatever parts them', () => {
    expect(ipLines(' 10.0.0.1, 10.0.0.2;10.0.0.3\n\n10.0.0.4 ')).toBe('10.0.0.1\n10.0.0.2\n10.0.0.3\n10.0.0.4');
  });

  it('numbers several', () => {
    expect(namesFor('Web', 1)).toEqual(['Web']);
    expect(namesFor('Web', 3)).toEqual(['Web-1', 'Web-2', 'Web-3']);
  });
});

describe('token key', () => {
  it('is shown masked and copied whole', () => {
    expect(maskedKey(token.key)).toBe('sk-abcd····mnop');
    expect(maskedKey('short')).toBe('sk-****');
    expect(fullKey('abc')).toBe('sk-abc');
  });
});
