import { App } from 'antd';
import { useTranslation } from 'react-i18next';
import { copyText } from '@/lib/clipboard';

/** Copies a text and says how that went. */
export function useCopy(): (text: string) => Promise<void> {
  const { t } = useTranslation();
  const { message } = App.useApp();
  return async (text) => {
    if (await copyText(text)) void message.success(t('common.copied'));
    else void message.error(t('common.copyFailed'));
  };
}
