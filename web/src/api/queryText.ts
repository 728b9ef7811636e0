export type QueryParams = Record<string, string | number | boolean | null | undefined>;

/** A query with its question mark; empty, null and undefined values are left out. */
export function queryText(params: QueryParams | undefined): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(params ?? {})) {
    if (value !== undefined && value !== null && value !== '') search.set(name, String(value));
  }
  const text = search.toString();
  return text === '' ? '' : `?${text}`;
}
