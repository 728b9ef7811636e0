import { DatePicker } from 'antd';
import dayjs, { type Dayjs } from 'dayjs';
import { useTranslation } from 'react-i18next';

interface Props {
  id?: string;
  value?: Dayjs | null;
  onChange?: (value: Dayjs | null) => void;
}

const presets = [
  { key: 'never', at: () => null },
  { key: 'hour', at: () => dayjs().add(1, 'hour') },
  { key: 'day', at: () => dayjs().add(1, 'day') },
  { key: 'month', at: () => dayjs().add(1, 'month') },
  { key: 'year', at: () => dayjs().add(1, 'year') },
] as const;

/** When a token ends: a moment, or never. */
export function ExpiryInput({ id, value, onChange }: Props) {
  const { t } = useTranslation();
  return (
    <div className="flex flex-col gap-2">
      <DatePicker
        {...(id === undefined ? {} : { id })}
        showTime={{ format: 'HH:mm' }}
        format="YYYY-MM-DD HH:mm"
        className="w-full sm:w-64"
        placeholder={t('tokens.expiry.never')}
        value={value ?? null}
        onChange={(next: Dayjs | null) => onChange?.(next)}
      />
      <div className="flex flex-wrap gap-1.5" role="group" aria-label={t('tokens.presets')}>
        {presets.map(({ key, at }) => (
          <button
            key={key}
            type="button"
            className="rounded-md border border-line px-2 py-0.5 text-xs text-muted hover:border-accent hover:text-accent"
            onClick={() => onChange?.(at())}
          >
            {t(`tokens.expiry.${key}`)}
          </button>
        ))}
      </div>
    </div>
  );
}
