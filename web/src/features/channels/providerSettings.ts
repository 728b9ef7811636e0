import type { ProviderValues } from './channelSetting';
import { findChannelType } from './channelTypes';

type Flag = { [K in keyof ProviderValues]: ProviderValues[K] extends boolean ? K : never }[keyof ProviderValues];

const ofOpenAi: Flag[] = ['allow_service_tier', 'allow_safety_identifier', 'allow_include_obfuscation', 'disable_store'];
const ofClaude: Flag[] = ['allow_service_tier', 'allow_inference_geo', 'allow_speed'];
const azure = 3;
const anthropic = 14;

/** Which provider settings mean something to a type of channel. A type that the console does not know may speak OpenAI's form. */
export function providerFlags(type: number): Flag[] {
  const speaks = findChannelType(type)?.speaks;
  if (speaks === 'other') return [];
  if (speaks !== 'claude') return ofOpenAi;
  return type === anthropic ? [...ofClaude, 'claude_beta_query'] : ofClaude;
}

/** Azure has versions of its Responses that the others do not. */
export function hasResponsesVersion(type: number): boolean {
  return type === azure;
}
