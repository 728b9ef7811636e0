import { useTranslation } from 'react-i18next';
import { Navigate } from 'react-router';
import { useErrorText } from '@/api/useErrorText';
import { Notice } from '@/components/Notice';
import { PageLoading } from '@/components/PageLoading';
import { AuthFrame } from '@/features/session/AuthFrame';
import { useGetSetupQuery } from './setupApi';
import { SetupForm } from './SetupForm';

/** The first page of a new server: who administers it and what it is for. */
export default function SetupPage() {
  const { t } = useTranslation();
  const errorText = useErrorText();
  const { data, error } = useGetSetupQuery();
  if (data?.status) return <Navigate to="/login" replace />;
  return (
    <AuthFrame title={t('auth.setupTitle')} lead={t('auth.setupLead')}>
      {error ? <Notice tone="bad">{errorText(error)}</Notice> : null}
      {data ? <SetupForm state={data} /> : null}
      {!data && !error ? <PageLoading /> : null}
    </AuthFrame>
  );
}
