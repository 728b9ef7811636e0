import { describe, expect, it } from 'vitest';
import { joinSetting, noSettings, splitSetting } from './channelSetting';

describe('channel settings', () => {
  it('come apart into fields and the rest, and together again', () => {
    const text = '{"proxy":"socks5://p:1","force_format":true,"azure_responses_version":"preview","system_prompt":"Be kind."}';
    const { values, rest } = splitSetting(text);
    expect(values).toEqual({ ...noSettings, proxy: 'socks5://p:1', force_format: true, system_prompt: 'Be kind.' });
    expect(JSON.parse(rest)).toEqual({ azure_responses_version: 'preview' });
    expect(JSON.parse(joinSetting(values, rest))).toEqual(JSON.parse(text));
  });

  it('are empty when nothing is set', () => {
    for (const text of ['', '{}', 'null', '{"force_format":false,"proxy":""}']) {
      expect(splitSetting(text)).toEqual({ values: noSettings, rest: '' });
      expect(joinSetting(noSettings, '')).toBe('');
    }
  });

  it('leave out what is off, and trim', () => {
    expect(joinSetting({ ...noSettings, proxy: ' http://p ', thinking_to_content: true }, '')).toBe('{"proxy":"http://p","thinking_to_content":true}');
    expect(joinSetting({ ...noSettings, force_format: false }, '{"a":1}')).toBe('{"a":1}');
  });

  it('keep what the fields cannot show: members of another type, and text that is no object', () => {
    expect(splitSetting('{"proxy":7}')).toEqual({ values: noSettings, rest: '{\n  "proxy": 7\n}' });
    expect(splitSetting('[1]').rest).toBe('[1]');
    expect(splitSetting('{"proxy').rest).toBe('{"proxy');
    expect(joinSetting(noSettings, '{"proxy')).toBe('{"proxy');
  });
});
