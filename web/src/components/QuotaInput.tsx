import { InputNumber } from 'antd';
import { useTranslation } from 'react-i18next';
import { useServer } from '@/features/status/useServer';
import { formatUsd, quotaToUsd, usdToQuota } from '@/lib/quota';

interface Props {
  id?: string;
  value?: number;
  onChange?: (value: number) => void;
  /** The least amount; 0 unless told. */
  min?: number;
}

const presetsUsd = [1, 10, 50, 100];

/** An amount of quota in points, with what it is worth beside it and a few round amounts to pick. */
export function QuotaInput({ id, value, onChange, min = 0 }: Props) {
  const { t } = useTranslation();
  const { display } = useServer();
  return (
    <div className="flex flex-col gap-2">
      <div className="flex items-center gap-3">
        <InputNumber<number>
          {...(id === undefined ? {} : { id })}
          className="w-48!"
          min={min}
          precision={0}
          step={display.perUnit || 1}
          value={value ?? null}
          formatter={(shown) => String(shown ?? '').replace(/\B(?=(\d{3})+(?!\d))/g, ',')}
          parser={(typed) => Number((typed ?? '').replaceAll(',', ''))}
          onChange={(next) => onChange?.(next ?? 0)}
        />
        <span className="ya-num text-muted" aria-live="polite">
          = {formatUsd(quotaToUsd(value ?? 0, display.perUnit))}
        </span>
      </div>
      <div className="flex flex-wrap gap-1.5" role="group" aria-label={t('tokens.presets')}>
        {presetsUsd.map((usd) => (
          <button
            key={usd}
            type="button"
            className="rounded-md border border-line px-2 py-0.5 text-xs text-muted hover:border-accent hover:text-accent"
            onClick={() => onChange?.(usdToQuota(usd, display.perUnit))}
          >
            ${usd}
          </button>
        ))}
      </div>
    </div>
  );
}
