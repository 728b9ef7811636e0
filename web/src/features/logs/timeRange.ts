import dayjs from 'dayjs';

export const rangePresets = ['today', 'day', 'week', 'month', 'all'] as const;
export type RangePreset = (typeof rangePresets)[number];

/** Where the preset begins, in seconds of the epoch; 0 for the beginning of time. Presets have no end. */
export function startOf(preset: RangePreset): number {
  if (preset === 'all') return 0;
  if (preset === 'today') return dayjs().startOf('day').unix();
  const days = { day: 1, week: 7, month: 30 }[preset];
  return dayjs().subtract(days, 'day').startOf('minute').unix();
}
