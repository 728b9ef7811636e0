import { useId } from 'react';
import { useTranslation } from 'react-i18next';

const modes = ['external', 'self', 'demo'] as const;
export type UsageModeValue = (typeof modes)[number];

interface Props {
  value?: UsageModeValue;
  onChange?: (value: UsageModeValue) => void;
}

/** What the server is for, each choice with what it means. */
export function UsageMode({ value, onChange }: Props) {
  const { t } = useTranslation();
  const name = useId();
  return (
    <div role="radiogroup" aria-label={t('auth.usageMode')} className="flex flex-col gap-2">
      {modes.map((mode) => (
        <label
          key={mode}
          className="flex cursor-pointer items-start gap-3 rounded-lg border border-line px-3.5 py-2.5 has-checked:border-accent has-checked:bg-accent-soft"
        >
          <input
            type="radio"
            name={name}
            checked={value === mode}
            onChange={() => onChange?.(mode)}
            className="mt-1 size-4 shrink-0 accent-accent"
          />
          <span>
            <span className="block font-medium">{t(`auth.mode.${mode}`)}</span>
            <span className="block text-sm text-muted">{t(`auth.modeHelp.${mode}`)}</span>
          </span>
        </label>
      ))}
    </div>
  );
}
