import { describe, expect, it } from 'vitest';
import { queryText } from '@/api/queryText';
import { logQuery, modelPattern } from './logQuery';

const filters = { start: 100, end: 0, type: 2, token: ' web ', model: 'gpt', group: '', username: 'lin', channel: '3' };

describe('logQuery', () => {
  it('leaves open ends out and looks for part of a model name', () => {
    expect(queryText(logQuery(filters, true))).toBe('?type=2&start_timestamp=100&token_name=web&model_name=%25gpt%25&username=lin&channel=3');
  });

  it('leaves out what only administrators may ask', () => {
    expect(queryText(logQuery(filters, false))).not.toMatch(/username|channel/);
  });
});

describe('modelPattern', () => {
  it('keeps patterns that people wrote', () => {
    expect(modelPattern('gpt-4%')).toBe('gpt-4%');
    expect(modelPattern('  ')).toBe('');
  });
});
