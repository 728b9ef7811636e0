import { describe, expect, it } from 'vitest';
import { isChannelTest, wordsOf, type LogRow } from './types';

function row(content: string, type = 2): LogRow {
  return { content, type } as LogRow;
}

describe('wordsOf', () => {
  it.each([
    '模型倍率 1.00，补全倍率 1.00，分组倍率 1.00',
    '模型倍率 2.50，补全倍率 4.00，缓存倍率 0.50，分组倍率 1.00',
    '模型价格 0.01，分组倍率 1.00',
  ])('leaves out what the computation tells: %s', (content) => {
    expect(wordsOf(row(content))).toBe('');
  });

  it.each(['模型测试', '上游超时', '模型倍率 1.00，补全倍率 1.00，分组倍率 1.00，Web Search 调用 2 次'])('keeps %s', (content) => {
    expect(wordsOf(row(content))).toBe(content);
  });

  it('keeps the words of other rows', () => {
    expect(wordsOf(row('模型倍率 1', 3))).toBe('模型倍率 1');
  });
});

describe('isChannelTest', () => {
  it('needs both marks: a token may bear the name', () => {
    expect(isChannelTest({ content: '模型测试', token_name: '模型测试' })).toBe(true);
    expect(isChannelTest({ content: '模型倍率 1.00', token_name: '模型测试' })).toBe(false);
  });
});
