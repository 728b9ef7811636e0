import { jsonFault, type JsonFault } from '@/lib/json';
import type { OptionField } from './optionFields';

/** What is wrong with a typed value: a fault of JSON, a text that is no fitting number, or a number too small. */
export type OptionFault = JsonFault | 'number' | 'tooSmall';

function numberFault(value: string, whole: boolean, min: number | undefined): OptionFault | null {
  const pattern = whole ? /^-?\d+$/ : /^-?\d+(\.\d+)?$/;
  if (!pattern.test(value.trim())) return 'number';
  return min !== undefined && Number(value) < min ? 'tooSmall' : null;
}

/** Checks a value before it is sent. Null when it fits its kind. */
export function optionFault(field: OptionField, value: string): OptionFault | null {
  const { kind } = field;
  if (typeof kind === 'object') return jsonFault(value, kind.json);
  if (kind === 'number') return numberFault(value, false, field.min);
  if (kind === 'integer' || kind === 'quota') return numberFault(value, true, field.min);
  return null;
}
