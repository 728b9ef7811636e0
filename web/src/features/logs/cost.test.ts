import { describe, expect, it } from 'vitest';
import { costOf, usdPerMillion } from './cost';
import { readOther } from './logOther';

const perUnit = 500_000;

function cost(call: { prompt?: number; completion?: number; quota: number }, other: object) {
  const row = { prompt_tokens: call.prompt ?? 0, completion_tokens: call.completion ?? 0, quota: call.quota };
  return costOf(row, readOther(JSON.stringify(other)), perUnit);
}

const gpt4o = { model_ratio: 1.25, group_ratio: 1, completion_ratio: 4, cache_tokens: 0, cache_ratio: 0.5, model_price: -1, frt: -1000 };

describe('costOf', () => {
  it('weighs input and output', () => {
    const result = cost({ prompt: 1000, completion: 200, quota: 2250 }, gpt4o);
    expect(result).toMatchObject({ mode: 'tokens', weighed: 1800, computed: 2250, charged: 2250, remark: 'none' });
    expect(result?.parts.map((part) => [part.name, part.tokens, part.factor])).toEqual([['input', 1000, 1], ['output', 200, 4]]);
  });

  it('takes cached tokens out of the prompt and weighs them less', () => {
    const result = cost({ prompt: 1000, completion: 0, quota: 875 }, { ...gpt4o, cache_tokens: 600 });
    expect(result?.parts).toEqual([
      { name: 'input', tokens: 400, factor: 1 },
      { name: 'cached', tokens: 600, factor: 0.5 },
    ]);
    expect(result).toMatchObject({ weighed: 700, computed: 875, remark: 'none' });
  });

  it('counts the cache beside the prompt where the provider does', () => {
    const claude = { ...gpt4o, model_ratio: 1.5, completion_ratio: 5, claude: true, cache_tokens: 1000, cache_ratio: 0.1, cache_creation_tokens: 400, cache_creation_ratio: 1.25 };
    const result = cost({ prompt: 100, completion: 10, quota: 1125 }, claude);
    expect(result).toMatchObject({ weighed: 100 + 100 + 500 + 50, computed: 1125, remark: 'none' });
  });

  it('applies the group ratio and rounds half up', () => {
    expect(cost({ prompt: 3, quota: 2 }, { ...gpt4o, model_ratio: 1, group_ratio: 0.5 })).toMatchObject({ exact: 1.5, computed: 2, remark: 'none' });
  });

  it('explains the least charge', () => {
    expect(cost({ prompt: 4, quota: 1 }, { ...gpt4o, model_ratio: 0.1 })).toMatchObject({ computed: 0, charged: 1, remark: 'minimum' });
  });

  it('is free at a ratio of zero', () => {
    expect(cost({ prompt: 4000, completion: 9, quota: 0 }, { ...gpt4o, model_ratio: 0 })).toMatchObject({ computed: 0, remark: 'none' });
  });

  it('charges a price per call whatever the tokens', () => {
    const result = cost({ prompt: 12, quota: 10_000 }, { model_price: 0.04, group_ratio: 0.5 });
    expect(result).toMatchObject({ mode: 'price', parts: [], computed: 10_000, remark: 'none' });
  });

  it('takes a price of zero for a price', () => {
    expect(cost({ prompt: 12, quota: 0 }, { model_price: 0, group_ratio: 1 })).toMatchObject({ mode: 'price', computed: 0 });
  });

  it('adds tools', () => {
    const result = cost({ prompt: 1000, quota: 1250 + 12_500 }, { ...gpt4o, web_search: true, web_search_call_count: 1, web_search_price: 25 });
    expect(result).toMatchObject({ computed: 13_750, remark: 'none' });
    expect(result?.extras).toEqual([{ name: 'webSearch', calls: 1, usdPerThousand: 25, quota: 12_500 }]);
  });

  it('adds what a provider did by itself, each at its price', () => {
    const tools = [
      { name: 'google_search', count: 2, price: 14 }, { name: 'file_search', count: 1, price: 2.5 },
      { name: 'image_generation_call', count: 1, price: 11 }, { name: 'image_generation_call', count: 2, price: 167 },
    ];
    const result = cost({ prompt: 1000, quota: 1250 + 14_000 + 1250 + 5500 + 167_000 }, { ...gpt4o, tool_surcharges: tools });
    expect(result).toMatchObject({ remark: 'none' });
    expect(result?.extras.map((extra) => [extra.name, extra.calls, extra.quota])).toEqual([
      ['webSearch', 2, 14_000], ['fileSearch', 1, 1250], ['imageGeneration', 1, 5500], ['imageGeneration', 2, 167_000],
    ]);
  });

  it('takes what was written to the cache out of the prompt, and tells an hour from less', () => {
    const written = {
      ...gpt4o, cache_tokens: 100, cache_creation_tokens: 400, cache_creation_ratio: 1.25, cache_creation_tokens_5m: 300,
      cache_creation_ratio_5m: 1.25, cache_creation_tokens_1h: 100, cache_creation_ratio_1h: 2,
    };
    const result = cost({ prompt: 1000, quota: 1406 }, written);
    expect(result).toMatchObject({ weighed: 500 + 50 + 375 + 200, computed: 1406, remark: 'none' });
    expect(result?.parts.map((part) => part.name)).toEqual(['input', 'cached', 'cacheWrite', 'cacheWriteHour']);
  });

  it('weighs image tokens and the cache in rows of this program', () => {
    const image = { ...gpt4o, image: true, image_output: 300, image_ratio: 2, cache_tokens: 100, request_path: '/v1/images/edits' };
    expect(cost({ prompt: 500, quota: 938 }, image)).toMatchObject({ weighed: 100 + 50 + 600, computed: 938, remark: 'none' });
  });

  it('weighs audio by its own ratios', () => {
    const audio = { ...gpt4o, audio: true, text_input: 100, text_output: 10, audio_input: 50, audio_output: 20, audio_ratio: 16, audio_completion_ratio: 2 };
    expect(cost({ prompt: 150, completion: 30, quota: 1975 }, audio)).toMatchObject({ weighed: 100 + 40 + 800 + 640, computed: 1975, remark: 'none' });
  });

  it('weighs image tokens instead of the cache', () => {
    const image = { ...gpt4o, image: true, image_output: 300, image_ratio: 2, cache_tokens: 100 };
    expect(cost({ prompt: 400, quota: 875 }, image)).toMatchObject({ weighed: 700, computed: 875 });
  });

  it('says so when the charge is not what the row gives', () => {
    expect(cost({ prompt: 1000, quota: 5000 }, gpt4o)).toMatchObject({ computed: 1250, remark: 'differs' });
  });

  it('has nothing to say about rows without prices', () => {
    for (const other of ['', 'null', '{}', '[]', 'no json']) {
      expect(costOf({ prompt_tokens: 1, completion_tokens: 1, quota: 5 }, readOther(other), perUnit)).toBeNull();
    }
  });
});

describe('usdPerMillion', () => {
  it('makes 2 dollars of ratio 1', () => {
    expect(usdPerMillion(1, 1, 1, perUnit)).toBe(2);
    expect(usdPerMillion(1.25, 4, 1, perUnit)).toBe(10);
  });
});

describe('readOther', () => {
  it('takes -1000 and absence for no first byte', () => {
    expect(readOther('{"frt":-1000}').firstByteMs).toBeUndefined();
    expect(readOther('{}').firstByteMs).toBeUndefined();
    expect(readOther('{"frt":0}').firstByteMs).toBe(0);
    expect(readOther('{"frt":321.5}').firstByteMs).toBe(321.5);
  });

  it('reads the tried channels and ignores values of other types', () => {
    expect(readOther('{"admin_info":{"use_channel":["1",7]},"model_ratio":"2"}')).toMatchObject({ triedChannels: ['1', '7'] });
    expect(readOther('{"model_ratio":"2"}').modelRatio).toBeUndefined();
  });
});
