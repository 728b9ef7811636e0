/**
 * Options of queries whose answers change by themselves, with every call that goes through the gateway: asked for when
 * a page shows them, when the window comes back into focus, and every so often while one looks at them.
 */
export const live = {
  refetchOnMountOrArgChange: true,
  refetchOnFocus: true,
  pollingInterval: 15_000,
  skipPollingIfUnfocused: true,
} as const;

/** The same without asking again and again, for lists that one reads and pages through. */
export const fresh = { refetchOnMountOrArgChange: true } as const;
