import { Input, type FormRule } from 'antd';
import type { TFunction } from 'i18next';
import { jsonFault, prettyJson, type JsonShape } from '@/lib/json';

interface Props {
  id?: string;
  value?: string;
  onChange?: (value: string) => void;
  placeholder?: string;
  rows?: number;
}

/** A field for JSON text; it is put in order when one leaves it. */
export function JsonArea({ value, onChange, placeholder, rows = 4, ...field }: Props) {
  return (
    <Input.TextArea
      {...field}
      value={value}
      placeholder={placeholder}
      spellCheck={false}
      autoSize={{ minRows: rows, maxRows: 20 }}
      className="font-mono! text-xs!"
      onChange={(event) => onChange?.(event.target.value)}
      onBlur={() => {
        const tidy = prettyJson(value ?? '');
        if (tidy !== (value ?? '')) onChange?.(tidy);
      }}
    />
  );
}

/** The rule that a JSON field keeps its shape; an empty field is fine. */
export function jsonRule(t: TFunction, shape: JsonShape): FormRule {
  return {
    validator: (_rule, value: string | undefined) => {
      const fault = value?.trim() ? jsonFault(value, shape) : null;
      return fault ? Promise.reject(new Error(t(`common.json.${fault}`))) : Promise.resolve();
    },
  };
}
