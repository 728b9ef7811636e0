import { App } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useErrorText } from '@/api/useErrorText';

/** Saving from a FormDrawer: it closes once that is done, and shows what went wrong until it is sent again or closed. */
export function useSaving(onClose: () => void) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const errorText = useErrorText();
  const [saving, setSaving] = useState(false);
  const [error, setError] = useState<unknown>(null);
  return {
    /** Runs what gives the error of a call, or nothing. */
    save: async (send: () => Promise<unknown>) => {
      setSaving(true);
      const fault = await send();
      setSaving(false);
      setError(fault ?? null);
      if (fault) return;
      void message.success(t('common.saved'));
      onClose();
    },
    /** For the FormDrawer. */
    drawer: {
      saving,
      error: error ? errorText(error) : undefined,
      onClose: () => {
        setError(null);
        onClose();
      },
    },
  };
}
