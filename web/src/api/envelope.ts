/** The reply envelope of the management API and what the console makes of it. */

export interface Envelope<T> {
  success: boolean;
  message?: string;
  data?: T;
}

/** Why a call failed. `kind` picks the text; `message` is the server's own words, when it had any. */
export interface ApiError {
  kind: 'network' | 'unauthorized' | 'limited' | 'server' | 'refused' | 'garbled';
  status: number;
  message: string;
  /** The whole reply, where there was one: a failed channel test still tells its time. */
  body?: unknown;
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

/** The server's own words in a body: the envelope's message, or that of an OpenAI-style error. */
export function messageOf(body: unknown): string {
  const own = field(body, 'message');
  if (typeof own === 'string' && own !== '') return own;
  const nested = field(field(body, 'error'), 'message');
  return typeof nested === 'string' ? nested : '';
}

function kindOf(status: number): ApiError['kind'] {
  if (status === 401) return 'unauthorized';
  if (status === 429) return 'limited';
  return status >= 500 ? 'server' : 'refused';
}

/** Text to JSON; undefined when it is not JSON. An empty text is undefined too. */
export function parseBody(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/**
 * Sorts a reply into a full envelope or an error.
 * Business errors come with status 200 and `success: false`; a few routes answer 400 or 500 with an envelope.
 */
export function readReply(status: number, text: string): { envelope: Envelope<unknown> } | { error: ApiError } {
  const body = parseBody(text);
  if (status < 200 || status > 299) return { error: { kind: kindOf(status), status, message: messageOf(body) } };
  const success = field(body, 'success');
  if (success === true) return { envelope: body as Envelope<unknown> };
  if (success === false) return { error: { kind: 'refused', status, message: messageOf(body), body } };
  return { error: { kind: 'garbled', status, message: messageOf(body) } };
}

/** True for the errors that the calls of this console reject with. */
export function isApiError(value: unknown): value is ApiError {
  return typeof field(value, 'kind') === 'string' && typeof field(value, 'status') === 'number';
}
