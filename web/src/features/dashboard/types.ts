/** Traffic of one model in one hour; `created_at` is the hour's first second. */
export interface UsageRow {
  model_name: string;
  created_at: number;
  token_used: number;
  count: number;
  quota: number;
}

export const measures = ['quota', 'count', 'token_used'] as const;
/** What a chart counts: points spent, requests, or tokens. */
export type Measure = (typeof measures)[number];

export const spans = ['day', 'week', 'month'] as const;
/** How far back a chart goes. */
export type Span = (typeof spans)[number];
