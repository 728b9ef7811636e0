import { describe, expect, it } from 'vitest';
import { formatCompact, formatCount, formatRatio } from './numbers';
import { formatSpan, formatWholeSeconds } from './time';

describe('numbers', () => {
  it('groups and shortens', () => {
    expect(formatCount(1234567)).toBe('1,234,567');
    expect(formatCompact(950)).toBe('950');
    expect(formatCompact(12_345)).toBe('12.35K');
    expect(formatCompact(4_560_000)).toBe('4.56M');
  });

  it('drops the noise of binary fractions', () => {
    expect(formatRatio(0.1 + 0.2)).toBe('0.3');
    expect(formatRatio(8.219178082)).toBe('8.219178082');
    expect(formatRatio(1)).toBe('1');
    expect(formatRatio(0.0000125)).toBe('0.0000125');
  });

  it('groups what is large', () => {
    expect(formatRatio(12_345.5)).toBe('12,345.5');
  });
});

describe('formatSpan', () => {
  it.each([
    [0, '< 1 ms'],
    [1, '1 ms'],
    [341.6, '342 ms'],
    [1500, '1.50 s'],
    [12_400, '12.4 s'],
    [90_000, '1 min 30 s'],
  ])('writes %d ms', (milliseconds, text) => {
    expect(formatSpan(milliseconds)).toBe(text);
  });
});

describe('formatWholeSeconds', () => {
  it.each([
    [0, '< 1 s'],
    [1, '1 s'],
    [59, '59 s'],
    [90, '1 min 30 s'],
  ])('writes %d s', (seconds, text) => {
    expect(formatWholeSeconds(seconds)).toBe(text);
  });
});
