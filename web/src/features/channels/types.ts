export const ChannelStatus = { enabled: 1, disabled: 2, autoDisabled: 3 } as const;

/** A channel as the API tells it; the key is never in a reply. */
export interface Channel {
  id: number;
  type: number;
  name: string;
  status: number;
  key: string;
  models: string;
  group: string;
  base_url: string | null;
  other: string;
  openai_organization: string | null;
  test_model: string | null;
  model_mapping: string | null;
  status_code_mapping: string | null;
  param_override: string | null;
  header_override?: string | null;
  setting: string | null;
  settings?: string | null;
  priority: number | null;
  weight: number | null;
  auto_ban: number | null;
  tag: string | null;
  remark?: string | null;
  other_info: string;
  created_time: number;
  test_time: number;
  /** Milliseconds of the last test; 0 when there was none. */
  response_time: number;
  balance: number;
  used_quota: number;
}

/** What the console sends to make or change a channel. An empty key means: as it is. */
export type ChannelInput = Partial<Omit<Channel, 'id' | 'created_time' | 'test_time' | 'response_time' | 'used_quota'>>;

/** What is changed in all channels with the tag; what is absent stays as it is. */
export interface TagEdit {
  tag: string;
  /** "" takes the tag away. */
  new_tag?: string;
  models?: string;
  groups?: string;
  model_mapping?: string;
  priority?: number;
  weight?: number;
  param_override?: string;
  header_override?: string;
}

export interface ChannelFilters {
  keyword: string;
  group: string;
  model: string;
  status: number | null;
  type: number | null;
}
