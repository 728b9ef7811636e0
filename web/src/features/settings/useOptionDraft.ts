import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api } from '@/api/api';
import { useErrorText } from '@/api/useErrorText';
import { useAppDispatch } from '@/app/hooks';
import { prettyJson } from '@/lib/json';
import { optionFault } from './optionFault';
import type { OptionField } from './optionFields';
import { useSetOptionMutation } from './optionsApi';

interface OptionDraft {
  valueOf: (key: string) => string;
  set: (key: string, value: string) => void;
  /** What is wrong with a field, in words; undefined when nothing is. */
  errorOf: (key: string) => string | undefined;
  changed: string[];
  saving: boolean;
  /** Sends what changed, one key after the other. True when everything was taken. */
  save: () => Promise<boolean>;
  discard: () => void;
}

/** Edits of some options, kept apart from the server's values until they are saved. */
export function useOptionDraft(fields: OptionField[], saved: Record<string, string>): OptionDraft {
  const { t } = useTranslation();
  const errorText = useErrorText();
  const dispatch = useAppDispatch();
  const [draft, setDraft] = useState<Record<string, string>>({});
  const [errors, setErrors] = useState<Record<string, string>>({});
  const [saving, setSaving] = useState(false);
  const [setOption] = useSetOptionMutation();
  const changed = fields.map((field) => field.key).filter((key) => draft[key] !== undefined && prettyJson(draft[key]) !== prettyJson(saved[key] ?? ''));

  const check = (): Record<string, string> => {
    const faults: Record<string, string> = {};
    for (const field of fields.filter(({ key }) => changed.includes(key))) {
      const fault = optionFault(field, draft[field.key] ?? '');
      if (fault === 'number' || fault === 'tooSmall') faults[field.key] = t(`settings.fault.${fault}`, { min: field.min });
      else if (fault) faults[field.key] = t(`common.json.${fault}`);
    }
    return faults;
  };
  const send = async (): Promise<Record<string, string>> => {
    const faults: Record<string, string> = {};
    for (const key of changed) {
      const { error } = await setOption({ key, value: draft[key] ?? '' });
      if (error) faults[key] = errorText(error);
    }
    return faults;
  };
  const save = async (): Promise<boolean> => {
    const wrong = check();
    setErrors(wrong);
    if (Object.keys(wrong).length > 0) return false;
    setSaving(true);
    const refused = await send();
    setErrors(refused);
    setSaving(false);
    setDraft(Object.fromEntries(Object.entries(draft).filter(([key]) => refused[key] !== undefined)));
    // Names, prices and groups show in many places.
    dispatch(api.util.invalidateTags(['Option', 'Status', 'Group', 'Model']));
    return Object.keys(refused).length === 0;
  };
  return {
    valueOf: (key) => draft[key] ?? saved[key] ?? '',
    set: (key, value) => {
      setDraft({ ...draft, [key]: value });
      setErrors(Object.fromEntries(Object.entries(errors).filter(([name]) => name !== key)));
    },
    errorOf: (key) => errors[key],
    changed,
    saving,
    save,
    discard: () => {
      setDraft({});
      setErrors({});
    },
  };
}
