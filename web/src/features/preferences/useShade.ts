import { useAppSelector } from '@/app/hooks';
import type { Shade } from '@/app/theme';
import { useMediaQuery } from '@/lib/useMediaQuery';

/** Light or dark, as chosen or as the system wants it. */
export function useShade(): Shade {
  const mode = useAppSelector((state) => state.preferences.themeMode);
  const systemIsDark = useMediaQuery('(prefers-color-scheme: dark)');
  if (mode !== 'system') return mode;
  return systemIsDark ? 'dark' : 'light';
}
