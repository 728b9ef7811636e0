import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { FullPageMessage } from '@/components/FullPageMessage';

/** A path that leads nowhere. */
export default function NotFoundPage() {
  const { t } = useTranslation();
  return (
    <FullPageMessage title={t('error.notFoundTitle')} text={t('error.notFoundText')}>
      <Link to="/detail" className="text-accent">
        {t('error.toDashboard')}
      </Link>
    </FullPageMessage>
  );
}
