import { App, Button } from 'antd';
import { useId } from 'react';
import { useTranslation } from 'react-i18next';
import { prettyJson } from '@/lib/json';
import { OptionInput } from './OptionInput';
import { sections, type OptionField, type SectionName } from './optionFields';
import { useOptionDraft } from './useOptionDraft';

interface RowProps {
  field: OptionField;
  value: string;
  error: string | undefined;
  onChange: (value: string) => void;
}

function OptionRow({ field, value, error, onChange }: RowProps) {
  const { t } = useTranslation();
  const id = useId();
  const wide = typeof field.kind === 'object' || field.kind === 'lines';
  const shown = typeof field.kind === 'object' && error === undefined && !value.includes('\n') ? prettyJson(value) : value;
  return (
    <div className={`grid gap-x-8 gap-y-2 py-5 ${wide ? '' : 'md:grid-cols-[minmax(0,1fr)_minmax(0,1fr)]'}`}>
      <div>
        <label htmlFor={id} className="font-medium">
          {t(`settings.option.${field.text}.name`)}
        </label>
        <p id={`${id}-help`} className="mt-0.5 text-sm text-muted">
          {t(`settings.option.${field.text}.help`)}
        </p>
      </div>
      <div className="min-w-0">
        <OptionInput id={id} field={field} value={shown} invalid={error !== undefined} onChange={onChange} />
        {error ? (
          <p role="alert" className="mt-1.5 text-sm text-bad [overflow-wrap:anywhere]">
            {error}
          </p>
        ) : null}
      </div>
    </div>
  );
}

/** The options of one section, saved together, each by itself. */
export function SettingsSection({ name, saved }: { name: SectionName; saved: Record<string, string> }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const fields = sections[name].filter((field) => saved[field.key] !== undefined);
  const draft = useOptionDraft(fields, saved);
  const save = async () => {
    if (await draft.save()) void message.success(t('common.saved'));
  };
  return (
    <form
      className="ya-card px-4 md:px-6"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <div className="divide-y divide-line">
        {fields.map((field) => (
          <OptionRow
            key={field.key}
            field={field}
            value={draft.valueOf(field.key)}
            error={draft.errorOf(field.key)}
            onChange={(value) => draft.set(field.key, value)}
          />
        ))}
      </div>
      <div className="sticky bottom-0 -mx-4 flex items-center justify-end gap-2 rounded-b-xl border-t border-line bg-surface px-4 py-3 md:-mx-6 md:px-6">
        <span className="mr-auto text-sm text-muted" aria-live="polite">
          {draft.changed.length > 0 ? t('settings.unsaved', { count: draft.changed.length }) : ''}
        </span>
        <Button disabled={draft.changed.length === 0 || draft.saving} onClick={draft.discard}>
          {t('common.reset')}
        </Button>
        <Button type="primary" htmlType="submit" disabled={draft.changed.length === 0} loading={draft.saving}>
          {t('common.save')}
        </Button>
      </div>
    </form>
  );
}
