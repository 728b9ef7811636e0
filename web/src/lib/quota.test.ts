import { describe, expect, it } from 'vitest';
import { formatPoints, formatQuota, formatUsd, quotaToUsd, usdToQuota } from './quota';

describe('quota', () => {
  it('converts both ways, with the standard rate where a server has none', () => {
    expect(quotaToUsd(500_000, 500_000)).toBe(1);
    expect(quotaToUsd(250_000, 0)).toBe(0.5);
    expect(usdToQuota(1.5, 500_000)).toBe(750_000);
    expect(usdToQuota(0.0000011, 500_000)).toBe(1);
  });

  it.each([
    [0, '$0.00'],
    [12, '$12.00'],
    [1234.5, '$1,234.50'],
    [0.5, '$0.50'],
    [0.897666, '$0.8977'],
    [0.01, '$0.01'],
    [0.009876, '$0.009876'],
    [0.001052, '$0.001052'],
    [0.000002, '$0.000002'],
    [-3.5, '−$3.50'],
  ])('writes %d dollars', (usd, text) => {
    expect(formatUsd(usd)).toBe(text);
  });

  it('shows dollars or points as the server wants', () => {
    expect(formatQuota(1_000_000, { perUnit: 500_000, inCurrency: true })).toBe('$2.00');
    expect(formatQuota(1_000_000, { perUnit: 500_000, inCurrency: false })).toBe('1,000,000');
    expect(formatPoints(-1500)).toBe('−1,500');
  });
});
