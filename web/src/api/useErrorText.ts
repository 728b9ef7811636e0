import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';
import { isApiError } from './envelope';

/** Turns whatever a call rejected with into a sentence for people. */
export function useErrorText(): (error: unknown) => string {
  const { t } = useTranslation();
  return useCallback(
    (error: unknown) => {
      if (!isApiError(error)) return t('error.unknown');
      if (error.kind === 'network' || error.kind === 'limited') return t(`error.${error.kind}`);
      return error.message || t(`error.${error.kind}`, { status: error.status });
    },
    [t],
  );
}
