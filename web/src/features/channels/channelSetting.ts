import { looseObject, prettyJson } from '@/lib/json';

/** The members of `setting` with a field. */
export interface SettingValues {
  proxy: string;
  system_prompt: string;
  system_prompt_override: boolean;
  pass_through_body_enabled: boolean;
  force_format: boolean;
  thinking_to_content: boolean;
}

export const noSettings: SettingValues = {
  proxy: '', system_prompt: '', system_prompt_override: false, pass_through_body_enabled: false, force_format: false, thinking_to_content: false,
};

/** The members of `settings`, the younger column beside it, with a field. */
export interface ProviderValues {
  allow_service_tier: boolean;
  allow_inference_geo: boolean;
  allow_speed: boolean;
  allow_safety_identifier: boolean;
  allow_include_obfuscation: boolean;
  disable_store: boolean;
  azure_responses_version: string;
  claude_beta_query: boolean;
}

export const noProviderSettings: ProviderValues = {
  allow_service_tier: false, allow_inference_geo: false, allow_speed: false, allow_safety_identifier: false, allow_include_obfuscation: false,
  disable_store: false, azure_responses_version: '', claude_beta_query: false,
};

/** Takes the stored text apart: what has a field, and the rest as JSON text ("" when nothing is left). Text that is no object stays whole. */
export function splitSetting<V extends object>(none: V, text: string): { values: V; rest: string } {
  const stored = looseObject(text);
  const values = { ...none };
  const rest = { ...stored };
  for (const [name, value] of Object.entries(none)) {
    if (typeof stored[name] !== typeof value) continue;
    Object.assign(values, { [name]: stored[name] });
    delete rest[name];
  }
  const whole = Object.keys(stored).length === 0;
  return { values, rest: whole ? emptied(text) : Object.keys(rest).length === 0 ? '' : prettyJson(JSON.stringify(rest)) };
}

function emptied(text: string): string {
  return ['', '{}', 'null'].includes(text.trim()) ? '' : text;
}

/** The text to store: the rest with what the fields say. A field that is empty or off is left out, as it is stored by whoever never set it. */
export function joinSetting<V extends object>(none: V, values: V, rest: string): string {
  const all = values as Record<string, unknown>;
  const said = Object.keys(none)
    .map((name) => [name, typeof all[name] === 'string' ? all[name].trim() : all[name]])
    .filter(([, value]) => value !== '' && value !== false);
  if (said.length === 0) return rest.trim();
  return JSON.stringify({ ...looseObject(rest), ...Object.fromEntries(said) });
}
