import { looseObject, prettyJson } from '@/lib/json';

/** The channel's settings that have a field of their own in the form. */
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

const names = Object.keys(noSettings) as (keyof SettingValues)[];

/** Takes the stored text apart: what has a field, and the rest as JSON text ("" when nothing is left). Text that is no object stays whole. */
export function splitSetting(text: string): { values: SettingValues; rest: string } {
  const stored = looseObject(text);
  const values = { ...noSettings };
  const rest = { ...stored };
  for (const name of names) {
    if (typeof stored[name] !== typeof noSettings[name]) continue;
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
export function joinSetting(values: SettingValues, rest: string): string {
  const said = Object.fromEntries(
    names.map((name) => [name, typeof values[name] === 'string' ? values[name].trim() : values[name]]).filter(([, value]) => value !== '' && value !== false),
  );
  if (Object.keys(said).length === 0) return rest.trim();
  return JSON.stringify({ ...looseObject(rest), ...said });
}
