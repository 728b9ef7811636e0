/** Log types of the API. */
export const LogType = { all: 0, topUp: 1, consume: 2, manage: 3, system: 4, error: 5, refund: 6 } as const;

/** A log row as the API tells it. Ids of a user's own list may repeat. */
export interface LogRow {
  id: number;
  created_at: number;
  type: number;
  content: string;
  username: string;
  token_name: string;
  model_name: string;
  quota: number;
  prompt_tokens: number;
  completion_tokens: number;
  /** Whole seconds. */
  use_time: number;
  is_stream: boolean;
  channel: number;
  channel_name: string;
  group: string;
  /** JSON text, "" or "null". */
  other: string;
  request_id?: string;
}

export interface LogStat {
  quota: number;
  rpm: number;
  tpm: number;
}

/** What narrows the list down; empty texts do not. Times are seconds of the epoch, 0 for open. */
export interface LogFilters {
  start: number;
  end: number;
  type: number;
  token: string;
  model: string;
  group: string;
  /** The last two are for administrators. */
  username: string;
  channel: string;
}
