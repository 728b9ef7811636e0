/** What is wrong with a JSON text that people typed. */
export type JsonFault = 'syntax' | 'object' | 'numbers' | 'negative' | 'strings' | 'array';

export type JsonShape = 'object' | 'numbers' | 'strings' | 'array';

function faultOfValues(values: unknown[], shape: JsonShape): JsonFault | null {
  if (shape === 'strings') return values.every((value) => typeof value === 'string') ? null : 'strings';
  if (shape !== 'numbers') return null;
  if (!values.every((value) => typeof value === 'number' && Number.isFinite(value))) return 'numbers';
  return values.every((value) => (value as number) >= 0) ? null : 'negative';
}

/**
 * Checks a JSON text against a shape: any object, an object of numbers not below zero, an object of strings, or a
 * list. Null when it fits.
 */
export function jsonFault(text: string, shape: JsonShape): JsonFault | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'syntax';
  }
  if (shape === 'array') return Array.isArray(value) ? null : 'array';
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'object';
  return faultOfValues(Object.values(value), shape);
}

/** The text with two blanks of indent; as it is when it is not JSON. */
export function prettyJson(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/** An object from a JSON text; empty for "", "null" and anything that is no object. */
export function looseObject(text: string | null | undefined): Record<string, unknown> {
  if (!text) return {};
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
