import dayjs from 'dayjs';
import { describe, expect, it } from 'vitest';
import { firstModel, snippetNames, snippetOf } from './snippets';
import { bucketsOf, groupUsage } from './usage';

const now = dayjs('2026-03-05T15:30:00');

function row(model_name: string, at: dayjs.Dayjs, quota: number) {
  return { model_name, created_at: at.unix(), quota, count: 1, token_used: quota * 2 };
}

describe('bucketsOf', () => {
  it('ends with the present hour or day', () => {
    const hours = bucketsOf('day', now);
    expect(hours).toHaveLength(24);
    expect(hours.at(-1)).toMatchObject({ label: '15:00', end: now.startOf('hour').add(1, 'hour').unix() });
    const days = bucketsOf('week', now);
    expect(days.map((bucket) => bucket.label)).toEqual(['02-27', '02-28', '03-01', '03-02', '03-03', '03-04', '03-05']);
    expect(bucketsOf('month', now)).toHaveLength(30);
  });

  it('leaves no gap between buckets', () => {
    const buckets = bucketsOf('month', now);
    for (const [index, bucket] of buckets.slice(1).entries()) expect(bucket.start).toBe(buckets[index]?.end);
  });
});

describe('groupUsage', () => {
  const buckets = bucketsOf('week', now);

  it('sums by model and day, the biggest first', () => {
    const rows = [row('a', now, 5), row('b', now.subtract(1, 'day'), 20), row('a', now.subtract(1, 'hour'), 7)];
    const series = groupUsage(rows, buckets, 'quota');
    expect(series.map((entry) => [entry.name, entry.total])).toEqual([['b', 20], ['a', 12]]);
    expect(series[1]?.values).toEqual([0, 0, 0, 0, 0, 0, 12]);
    expect(groupUsage(rows, buckets, 'count')[0]).toMatchObject({ name: 'a', total: 2 });
  });

  it('puts small models together and leaves out what is older', () => {
    const rows = [...'abcd'].map((name, index) => row(name, now, 10 - index));
    const series = groupUsage([...rows, row('old', now.subtract(20, 'day'), 99)], buckets, 'quota', 2);
    expect(series.map((entry) => [entry.name, entry.total])).toEqual([['a', 10], ['b', 9], ['', 15]]);
  });
});

describe('snippets', () => {
  it.each(snippetNames)('names address, key and model for %s', (name) => {
    const code = snippetOf(name, { address: 'https://api.example.com', key: 'sk-abc', model: 'gpt-4o' });
    for (const part of ['https://api.example.com/v1', 'sk-abc', 'gpt-4o']) expect(code).toContain(part);
  });

  it('tries a model that chats', () => {
    expect(firstModel(['text-embedding-3-small', 'gpt-4o'])).toBe('gpt-4o');
    expect(firstModel(['text-embedding-3-small'])).toBe('text-embedding-3-small');
    expect(firstModel([])).toBe('gpt-4o-mini');
  });
});
