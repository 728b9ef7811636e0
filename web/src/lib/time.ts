import dayjs from 'dayjs';

/** Seconds of the epoch as local date and time; a dash for never. */
export function formatTime(seconds: number | null | undefined): string {
  return seconds && seconds > 0 ? dayjs.unix(seconds).format('YYYY-MM-DD HH:mm:ss') : '–';
}

/** Seconds of the epoch as local date and minute; a dash for never. */
export function formatMinute(seconds: number | null | undefined): string {
  return seconds && seconds > 0 ? dayjs.unix(seconds).format('YYYY-MM-DD HH:mm') : '–';
}

/** Seconds of the epoch as local date. */
export function formatDay(seconds: number): string {
  return dayjs.unix(seconds).format('YYYY-MM-DD');
}

/** Seconds of the epoch as local hour and minute. */
export function formatHour(seconds: number): string {
  return dayjs.unix(seconds).format('HH:mm');
}

/** Seconds of the epoch as local date and minute without the year, for narrow places; a dash for never. */
export function formatShort(seconds: number | null | undefined): string {
  return seconds && seconds > 0 ? dayjs.unix(seconds).format('MM-DD HH:mm') : '–';
}

/** A span given in milliseconds, in the unit that reads best. */
export function formatSpan(milliseconds: number): string {
  if (milliseconds < 1) return '< 1 ms';
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 60_000) return `${(milliseconds / 1000).toFixed(milliseconds < 10_000 ? 2 : 1)} s`;
  return `${Math.floor(milliseconds / 60_000)} min ${Math.round((milliseconds % 60_000) / 1000)} s`;
}

/** A span that is known to the second only; zero is what took less than one. */
export function formatWholeSeconds(seconds: number): string {
  if (seconds < 1) return '< 1 s';
  return seconds < 60 ? `${seconds} s` : formatSpan(seconds * 1000);
}

/** The local midnight before now, in seconds of the epoch. */
export function startOfToday(): number {
  return dayjs().startOf('day').unix();
}
