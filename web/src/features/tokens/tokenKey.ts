/** The key as clients send it. */
export function fullKey(key: string): string {
  return `sk-${key}`;
}

/** The key with its middle hidden, to tell keys apart on a screen. */
export function maskedKey(key: string): string {
  return key.length <= 8 ? 'sk-****' : `sk-${key.slice(0, 4)}····${key.slice(-4)}`;
}
