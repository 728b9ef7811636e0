import { useMemo } from 'react';
import { formatQuota, type QuotaDisplay } from '@/lib/quota';
import { useGetStatusQuery } from './statusApi';

const productName = 'Your API';

/** What the server says about itself, with defaults while it has not said so yet. */
export function useServer(): {
  name: string;
  version: string;
  /** Where clients reach the server: as set by its owner, else as this page does. */
  address: string;
  display: QuotaDisplay;
  quota: (points: number) => string;
} {
  const { data } = useGetStatusQuery(undefined, { refetchOnMountOrArgChange: false });
  return useMemo(() => {
    const display = { perUnit: data?.quota_per_unit ?? 0, inCurrency: data?.display_in_currency ?? true };
    const set = data?.server_address?.replace(/\/+$/, '') ?? '';
    // The built-in default says nothing about where this server really is.
    const address = set === '' || set === 'http://localhost:3000' ? window.location.origin : set;
    return {
      name: data?.system_name || productName,
      version: data?.version ?? '',
      address,
      display,
      quota: (points: number) => formatQuota(points, display),
    };
  }, [data]);
}
