import type { QueryParams } from '@/api/queryText';
import type { LogFilters } from './types';

/** The API matches model names as a pattern that the caller writes; a bare word is looked for anywhere in the name. */
export function modelPattern(typed: string): string {
  const name = typed.trim();
  return name === '' || name.includes('%') ? name : `%${name}%`;
}

/** The filters as the API calls them. Users may not filter by user or channel; those fields are then left out. */
export function logQuery(filters: LogFilters, isAdmin: boolean): QueryParams {
  return {
    type: filters.type || undefined,
    start_timestamp: filters.start || undefined,
    end_timestamp: filters.end || undefined,
    token_name: filters.token.trim(),
    model_name: modelPattern(filters.model),
    group: filters.group,
    ...(isAdmin ? { username: filters.username.trim(), channel: filters.channel.trim() } : {}),
  };
}
