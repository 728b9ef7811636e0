import { describe, expect, it } from 'vitest';
import texts from '@/locales/en/channels.json';
import { noProviderSettings } from './channelSetting';
import { channelTypes } from './channelTypes';
import { hasResponsesVersion, providerFlags } from './providerSettings';

describe('provider settings', () => {
  it('are offered to the types that they mean something to', () => {
    expect(providerFlags(1)).toEqual(['allow_service_tier', 'allow_safety_identifier', 'allow_include_obfuscation', 'disable_store']);
    expect(providerFlags(8)).toEqual(providerFlags(1));
    expect(providerFlags(14)).toEqual(['allow_service_tier', 'allow_inference_geo', 'allow_speed', 'claude_beta_query']);
    expect(providerFlags(33)).not.toContain('claude_beta_query');
    expect(providerFlags(24)).toEqual([]);
    expect(providerFlags(2)).toEqual([]);
    expect(providerFlags(9999)).toEqual(providerFlags(1));
    expect(channelTypes.filter((type) => hasResponsesVersion(type.id)).map((type) => type.name)).toEqual(['Azure OpenAI']);
  });

  it('can each be reached, and have a name and a help', () => {
    const flags = new Set(channelTypes.flatMap((type) => providerFlags(type.id)));
    expect([...flags, 'azure_responses_version'].sort()).toEqual(Object.keys(noProviderSettings).sort());
    expect([...flags].sort()).toEqual(Object.keys(texts.provider).sort());
  });
});
