import { useCallback, useSyncExternalStore } from 'react';

/** Whether the media query holds now, kept up to date. */
export function useMediaQuery(query: string): boolean {
  const subscribe = useCallback(
    (changed: () => void) => {
      const list = window.matchMedia(query);
      list.addEventListener('change', changed);
      return () => list.removeEventListener('change', changed);
    },
    [query],
  );
  return useSyncExternalStore(subscribe, () => window.matchMedia(query).matches);
}

/** Whether the window is too narrow for tables. */
export function useIsPhone(): boolean {
  return useMediaQuery('(max-width: 767px)');
}
