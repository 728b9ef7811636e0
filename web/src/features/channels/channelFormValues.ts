import { splitList, unique } from '@/lib/list';
import { prettyJson } from '@/lib/json';
import { joinSetting, noProviderSettings, noSettings, splitSetting, type ProviderValues, type SettingValues } from './channelSetting';
import { customType } from './channelTypes';
import type { Channel, ChannelInput } from './types';

/** The fields of the form, in the shapes that its inputs want; `setting` and `settings` are what has no field of its own. */
export interface ChannelValues extends SettingValues, ProviderValues {
  type: number;
  name: string;
  base_url: string;
  other: string;
  key: string;
  models: string[];
  groups: string[];
  model_mapping: string;
  priority: number;
  weight: number;
  auto_ban: boolean;
  test_model: string;
  openai_organization: string;
  status_code_mapping: string;
  param_override: string;
  header_override: string;
  setting: string;
  settings: string;
  tag: string;
  remark: string;
}

export const newChannelValues: ChannelValues = {
  ...noSettings,
  ...noProviderSettings,
  type: 1, name: '', base_url: '', other: '', key: '', models: [], groups: ['default'], model_mapping: '', priority: 0, weight: 0,
  auto_ban: true, test_model: '', openai_organization: '', status_code_mapping: '', param_override: '', header_override: '', setting: '', settings: '', tag: '', remark: '',
};

/** What the form starts with for a channel that exists. The key is never known. */
export function valuesOf(channel: Channel): ChannelValues {
  const setting = splitSetting(noSettings, channel.setting ?? '');
  const settings = splitSetting(noProviderSettings, channel.settings ?? '');
  return {
    ...setting.values,
    ...settings.values,
    type: channel.type,
    name: channel.name,
    base_url: channel.base_url ?? '',
    other: channel.other,
    key: '',
    models: unique(splitList(channel.models)),
    groups: unique(splitList(channel.group)),
    model_mapping: prettyJson(channel.model_mapping ?? ''),
    priority: channel.priority ?? 0,
    weight: channel.weight ?? 0,
    auto_ban: channel.auto_ban === 1,
    test_model: channel.test_model ?? '',
    openai_organization: channel.openai_organization ?? '',
    status_code_mapping: prettyJson(channel.status_code_mapping ?? ''),
    param_override: prettyJson(channel.param_override ?? ''),
    header_override: prettyJson(channel.header_override ?? ''),
    setting: setting.rest,
    settings: settings.rest,
    tag: channel.tag ?? '',
    remark: channel.remark ?? '',
  };
}

/** A custom channel's address is a whole URL and stays as typed; others end without a slash. */
function addressOf(values: ChannelValues): string {
  const address = values.base_url.trim();
  return values.type === customType ? address : address.replace(/\/+$/, '');
}

/** What is sent for the filled-in form: lists as comma lists, the switch as a number. */
export function inputOf(values: ChannelValues): ChannelInput {
  return {
    type: values.type,
    name: values.name.trim(),
    base_url: addressOf(values),
    other: values.other.trim(),
    key: values.key.trim(),
    models: unique(values.models.map((name) => name.trim()).filter(Boolean)).join(','),
    group: unique(values.groups).join(','),
    model_mapping: values.model_mapping.trim(),
    priority: values.priority,
    weight: values.weight,
    auto_ban: values.auto_ban ? 1 : 0,
    test_model: values.test_model.trim(),
    openai_organization: values.openai_organization.trim(),
    status_code_mapping: values.status_code_mapping.trim(),
    param_override: values.param_override.trim(),
    header_override: values.header_override.trim(),
    setting: joinSetting(noSettings, values, values.setting),
    settings: joinSetting(noProviderSettings, values, values.settings),
    tag: values.tag.trim(),
    remark: values.remark.trim(),
  };
}
