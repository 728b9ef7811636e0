import { useEffect, useState } from 'react';

/** The value once it has been still for a moment, so that typing does not send a call for every letter. */
export function useDebounced<T>(value: T, delayMs = 350): T {
  const [still, setStill] = useState(value);
  useEffect(() => {
    const timer = window.setTimeout(() => setStill(value), delayMs);
    return () => window.clearTimeout(timer);
  }, [value, delayMs]);
  return still;
}
