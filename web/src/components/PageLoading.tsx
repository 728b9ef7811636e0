import { useTranslation } from 'react-i18next';

/** Grey bars where a page will be. */
export function PageLoading() {
  const { t } = useTranslation();
  return (
    <div role="status" aria-label={t('common.loading')} className="flex animate-pulse flex-col gap-5">
      <div className="h-8 w-48 rounded-lg bg-line" />
      <div className="h-28 rounded-xl bg-line/70" />
      <div className="h-72 rounded-xl bg-line/50" />
    </div>
  );
}
