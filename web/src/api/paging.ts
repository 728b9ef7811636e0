/** One page of a list whose length the server tells. */
export interface Page<T> {
  items: T[];
  total: number;
  page: number;
  page_size: number;
}

/**
 * A list as the server gave it, whichever generation of the API it speaks: a bare array, null for an empty one,
 * or a page object.
 */
export function listOf<T>(data: T[] | { items?: T[] | null } | null | undefined): T[] {
  if (Array.isArray(data)) return data;
  return data?.items ?? [];
}

/** The number of rows to show in a pager for a list that comes without a total: one more while pages are full. */
export function guessTotal(page: number, pageSize: number, received: number): number {
  return (page - 1) * pageSize + received + (received === pageSize ? 1 : 0);
}
