import { describe, expect, it } from 'vitest';
import { joinSetting, noProviderSettings, noSettings, splitSetting } from './channelSetting';

describe('channel settings', () => {
  it('come apart into fields and the rest, and together again', () => {
    const text = '{"proxy":"socks5://p:1","force_format":true,"azure_responses_version":"preview","system_prompt":"Be kind."}';
    const { values, rest } = splitSetting(noSettings, text);
    expect(values).toEqual({ ...noSettings, proxy: 'socks5://p:1', force_format: true, system_prompt: 'Be kind.' });
    expect(JSON.parse(rest)).toEqual({ azure_responses_version: 'preview' });
    expect(JSON.parse(joinSetting(noSettings, values, rest))).toEqual(JSON.parse(text));
  });

  it('are empty when nothing is set', () => {
    for (const text of ['', '{}', 'null', '{"force_format":false,"proxy":""}']) {
      expect(splitSetting(noSettings, text)).toEqual({ values: noSettings, rest: '' });
      expect(joinSetting(noSettings, noSettings, '')).toBe('');
    }
  });

  it('leave out what is off, and trim', () => {
    expect(joinSetting(noSettings, { ...noSettings, proxy: ' http://p ', thinking_to_content: true }, '')).toBe('{"proxy":"http://p","thinking_to_content":true}');
    expect(joinSetting(noSettings, { ...noSettings, force_format: false }, '{"a":1}')).toBe('{"a":1}');
  });

  it('keep what the fields cannot show: members of another type, and text that is no object', () => {
    expect(splitSetting(noSettings, '{"proxy":7}')).toEqual({ values: noSettings, rest: '{\n  "proxy": 7\n}' });
    expect(splitSetting(noSettings, '[1]').rest).toBe('[1]');
    expect(splitSetting(noSettings, '{"proxy').rest).toBe('{"proxy');
    expect(joinSetting(noSettings, noSettings, '{"proxy')).toBe('{"proxy');
  });

  it('are the same for the younger column, where unknown members are kept, too', () => {
    const text = '{"allow_speed":true,"disable_store":true,"azure_responses_version":"2025-04-01-preview","aws_key_type":"api_key","allow_service_tier":"yes"}';
    const { values, rest } = splitSetting(noProviderSettings, text);
    expect(values).toEqual({ ...noProviderSettings, allow_speed: true, disable_store: true, azure_responses_version: '2025-04-01-preview' });
    expect(JSON.parse(rest)).toEqual({ aws_key_type: 'api_key', allow_service_tier: 'yes' });
    expect(JSON.parse(joinSetting(noProviderSettings, values, rest))).toEqual(JSON.parse(text));
    expect(joinSetting(noProviderSettings, { ...noProviderSettings, azure_responses_version: ' ' }, '')).toBe('');
  });
});
