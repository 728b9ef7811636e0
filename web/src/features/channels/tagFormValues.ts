import { splitList, unique } from '@/lib/list';
import type { TagEdit } from './types';

/** The fields of the form for a tag. What is empty stays as it is, but for the tag itself. */
export interface TagValues {
  new_tag: string;
  models: string[];
  groups: string[];
  model_mapping: string;
  priority: number | null;
  weight: number | null;
  param_override: string;
  header_override: string;
}

export function tagValuesOf(tag: string): TagValues {
  return { new_tag: tag, models: [], groups: [], model_mapping: '', priority: null, weight: null, param_override: '', header_override: '' };
}

/** What is sent for the filled-in form: only what was filled in. */
export function tagEditOf(tag: string, values: TagValues): TagEdit {
  const edit: TagEdit = { tag };
  const name = values.new_tag.trim();
  if (name !== tag) edit.new_tag = name;
  for (const field of ['models', 'groups'] as const) {
    const names = unique(values[field].flatMap(splitList));
    if (names.length > 0) edit[field] = names.join(',');
  }
  for (const field of ['priority', 'weight'] as const) {
    const value = values[field];
    if (value !== null) edit[field] = value;
  }
  for (const field of ['model_mapping', 'param_override', 'header_override'] as const) {
    const text = values[field].trim();
    if (text !== '') edit[field] = text;
  }
  return edit;
}

/** Is there anything to send? */
export function editsNothing(edit: TagEdit): boolean {
  return Object.keys(edit).length === 1;
}
