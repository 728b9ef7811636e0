import { DatePicker, Segmented } from 'antd';
import dayjs from 'dayjs';
import { useTranslation } from 'react-i18next';
import { rangePresets, startOf, type RangePreset } from './timeRange';

interface Props {
  /** Null for a range that was picked from the calendar. */
  preset: RangePreset | null;
  start: number;
  end: number;
  onChange: (range: { preset: RangePreset | null; start: number; end: number }) => void;
}

/** A span of time: one of the usual ones, or from the calendar. */
export function TimeRange({ preset, start, end, onChange }: Props) {
  const { t } = useTranslation();
  const picked: [dayjs.Dayjs, dayjs.Dayjs] | null = preset === null && end > 0 ? [dayjs.unix(start), dayjs.unix(end)] : null;
  return (
    <div className="flex max-w-full flex-wrap items-center gap-2">
      <Segmented
        aria-label={t('logs.range.label')}
        className="max-w-full overflow-x-auto"
        value={preset ?? ''}
        options={rangePresets.map((value) => ({ value, label: t(`logs.range.${value}`) }))}
        onChange={(value) => onChange({ preset: value as RangePreset, start: startOf(value as RangePreset), end: 0 })}
      />
      <DatePicker.RangePicker
        className="w-full sm:w-auto"
        showTime={{ format: 'HH:mm' }}
        format="YYYY-MM-DD HH:mm"
        value={picked}
        placeholder={[t('logs.range.from'), t('logs.range.to')]}
        onChange={(range) => {
          const [from, to] = range ?? [];
          if (from && to) onChange({ preset: null, start: from.unix(), end: to.unix() });
          else onChange({ preset: 'week', start: startOf('week'), end: 0 });
        }}
      />
    </div>
  );
}
