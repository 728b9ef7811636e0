import { describe, expect, it } from 'vitest';
import { channelTypes } from './channelTypes';
import { inputOf, newChannelValues, valuesOf } from './channelFormValues';
import type { Channel } from './types';

const channel: Channel = {
  id: 4, type: 3, name: 'Azure', status: 1, key: '', models: 'gpt-4o, gpt-4o-mini,gpt-4o', group: 'default,vip', base_url: 'https://x.example.com',
  other: '2025-01-01', openai_organization: null, test_model: null, model_mapping: '{"a":"b"}', status_code_mapping: '', param_override: null,
  setting: null, priority: null, weight: 5, auto_ban: 0, tag: null, other_info: '', created_time: 1, test_time: 0, response_time: 0, balance: 0, used_quota: 0,
};

describe('channel form', () => {
  it('keeps everything when nothing was changed, and sends no key', () => {
    const input = inputOf(valuesOf(channel));
    expect(input).toMatchObject({ key: '', models: 'gpt-4o,gpt-4o-mini', group: 'default,vip', priority: 0, weight: 5, auto_ban: 0, other: '2025-01-01' });
    expect(JSON.parse(input.model_mapping ?? '')).toEqual({ a: 'b' });
  });

  it('keeps the settings of a channel, also those without a field', () => {
    const setting = '{"proxy":"http://p:1","thinking_to_content":true,"mystery":[1]}';
    const values = valuesOf({ ...channel, setting });
    expect(values).toMatchObject({ proxy: 'http://p:1', thinking_to_content: true, force_format: false });
    expect(JSON.parse(inputOf(values).setting ?? '')).toEqual(JSON.parse(setting));
    expect(inputOf(valuesOf(channel)).setting).toBe('');
    expect(JSON.parse(inputOf({ ...values, thinking_to_content: false }).setting ?? '')).toEqual({ proxy: 'http://p:1', mystery: [1] });
  });

  it('keeps the settings of the provider and the headers', () => {
    const settings = '{"allow_service_tier":true,"mystery":{"a":[1]}}';
    const values = valuesOf({ ...channel, settings, header_override: '{"X-A":"1"}' });
    expect(values).toMatchObject({ allow_service_tier: true, allow_speed: false });
    expect(JSON.parse(inputOf(values).settings ?? '')).toEqual(JSON.parse(settings));
    expect(JSON.parse(inputOf(values).header_override ?? '')).toEqual({ 'X-A': '1' });
    expect(JSON.parse(inputOf({ ...values, allow_service_tier: false, disable_store: true }).settings ?? '')).toEqual({ disable_store: true, mystery: { a: [1] } });
    expect(inputOf(valuesOf(channel))).toMatchObject({ settings: '', header_override: '' });
  });

  it('cuts the slash off an address, but leaves a custom URL as it is', () => {
    expect(inputOf({ ...newChannelValues, base_url: ' https://x.example.com/ ' }).base_url).toBe('https://x.example.com');
    expect(inputOf({ ...newChannelValues, type: 8, base_url: 'https://x.example.com/chat/' }).base_url).toBe('https://x.example.com/chat/');
  });

  it('keeps the lines of several keys', () => {
    expect(inputOf({ ...newChannelValues, key: 'sk-1\nsk-2\n' }).key).toBe('sk-1\nsk-2');
  });

  it('knows each type once', () => {
    expect(new Set(channelTypes.map((type) => type.id)).size).toBe(channelTypes.length);
  });
});
