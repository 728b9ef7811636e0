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

/** The server's own words for the test of a channel, as token and as content of its row. */
const testMark = '模型测试';

/** Whether the row is the test of a channel: it belongs to no token, and nobody was charged. */
export function isChannelTest(row: Pick<LogRow, 'content' | 'token_name'>): boolean {
  return row.token_name === testMark && row.content === testMark;
}

/**
 * The row's words, unless all they say is what the computation of its cost says in the reader's language: the server
 * writes the ratios of a call there, always in Chinese.
 */
export function wordsOf(row: LogRow): string {
  const told = row.type === LogType.consume && /^模型(倍率|价格) [^，]*(，[^，]*倍率 [^，]*)*$/.test(row.content);
  return told ? '' : row.content;
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
