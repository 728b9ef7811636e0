/** How this server wants quota shown: GET /api/status tells it. */
export interface QuotaDisplay {
  /** Points of quota in one US dollar. */
  perUnit: number;
  /** Dollars when true, bare points when false. */
  inCurrency: boolean;
}

const standardPerUnit = 500_000;

/** Dollars that the points are worth. A server without a usable rate gets the standard one. */
export function quotaToUsd(quota: number, perUnit: number): number {
  return quota / (perUnit > 0 ? perUnit : standardPerUnit);
}

/** Points for an amount of dollars, to the nearest whole point. */
export function usdToQuota(usd: number, perUnit: number): number {
  return Math.round(usd * (perUnit > 0 ? perUnit : standardPerUnit));
}

/** How many places an amount needs: cents where people count in dollars, more the smaller it is, down to what a short call costs. */
function placesOf(size: number): number {
  if (size >= 1 || size === 0) return 2;
  return size >= 0.01 ? 4 : 6;
}

/** Dollars with the places that the amount needs, and no needless zeros beyond cents. */
export function formatUsd(usd: number): string {
  const size = Math.abs(usd);
  const places = placesOf(size);
  const fixed = size.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: places });
  return `${usd < 0 ? '−' : ''}$${fixed}`;
}

/** Whole points, grouped in thousands. */
export function formatPoints(quota: number): string {
  return Math.round(quota).toLocaleString('en-US').replace('-', '−');
}

/** Quota the way this server shows it. */
export function formatQuota(quota: number, display: QuotaDisplay): string {
  return display.inCurrency ? formatUsd(quotaToUsd(quota, display.perUnit)) : formatPoints(quota);
}
