import { describe, expect, it } from 'vitest';
import { guessTotal, listOf } from './paging';

describe('listOf', () => {
  it('reads arrays, null and page objects', () => {
    expect(listOf([1, 2])).toEqual([1, 2]);
    expect(listOf<number>(null)).toEqual([]);
    expect(listOf({ items: [3] })).toEqual([3]);
    expect(listOf<number>({ items: null })).toEqual([]);
  });
});

describe('guessTotal', () => {
  it('offers one page more while pages are full', () => {
    expect(guessTotal(1, 10, 10)).toBe(11);
    expect(guessTotal(3, 10, 10)).toBe(31);
  });

  it('knows the end at a page that is not full', () => {
    expect(guessTotal(3, 10, 4)).toBe(24);
    expect(guessTotal(2, 10, 0)).toBe(10);
  });
});
