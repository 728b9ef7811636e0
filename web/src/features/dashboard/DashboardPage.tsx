import { Segmented } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { PageHeader } from '@/components/PageHeader';
import { useSession } from '@/features/session/useSession';
import { FirstSteps } from './FirstSteps';
import { TodayFigures } from './TodayFigures';
import { UsagePanel } from './UsagePanel';

/** The state of things: today, the last days, and what is left to do on a new server. */
export default function DashboardPage() {
  const { t } = useTranslation();
  const { user, isAdmin } = useSession();
  const [scope, setScope] = useState<'everybody' | 'own'>('everybody');
  const everybody = isAdmin && scope === 'everybody';
  const scopes = (['everybody', 'own'] as const).map((value) => ({ value, label: t(`dashboard.scope.${value}`) }));
  return (
    <>
      <PageHeader
        title={t('dashboard.greeting', { name: user?.display_name || user?.username })}
        lead={t('dashboard.lead')}
        actions={
          isAdmin ? <Segmented aria-label={t('dashboard.scopeLabel')} value={scope} options={scopes} onChange={setScope} /> : null
        }
      />
      <div className="flex flex-col gap-4 md:gap-5">
        <FirstSteps />
        <TodayFigures everybody={everybody} />
        <UsagePanel everybody={everybody} />
      </div>
    </>
  );
}
