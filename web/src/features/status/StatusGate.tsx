import { Button } from 'antd';
import { useLayoutEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { Navigate, Outlet, useLocation } from 'react-router';
import { useErrorText } from '@/api/useErrorText';
import { FullPageMessage } from '@/components/FullPageMessage';
import { useGetStatusQuery } from './statusApi';
import { useServer } from './useServer';

/** Lets pages through once the server has said who it is; a server that is not set up leads to the wizard. */
export function StatusGate() {
  const { t } = useTranslation();
  const errorText = useErrorText();
  const { data, error, isFetching, refetch } = useGetStatusQuery(undefined, { refetchOnMountOrArgChange: false });
  const { name } = useServer();
  const { pathname } = useLocation();
  // Before the effects of the page inside, which says more.
  useLayoutEffect(() => {
    document.title = name;
  }, [name]);
  if (data?.setup === false && pathname !== '/setup') return <Navigate to="/setup" replace />;
  if (data) return <Outlet />;
  if (!error) return null;
  return (
    <FullPageMessage title={t('error.unreachableTitle')} text={errorText(error)}>
      <Button type="primary" loading={isFetching} onClick={() => void refetch()}>
        {t('common.retry')}
      </Button>
    </FullPageMessage>
  );
}
