/** A whole number, grouped in thousands. */
export function formatCount(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** A big number in few characters: 950, 12.3K, 4.56M. */
export function formatCompact(value: number): string {
  return new Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: 2 }).format(value);
}

/** A ratio or price as it was set, without the noise of binary fractions, grouped in thousands. */
export function formatRatio(value: number): string {
  return Number(value.toPrecision(10)).toLocaleString('en-US', { maximumFractionDigits: 12 });
}
