import { Tabs } from 'antd';
import { useTranslation } from 'react-i18next';
import { useSearchParams } from 'react-router';
import { LoadFault } from '@/components/LoadFault';
import { PageHeader } from '@/components/PageHeader';
import { PageLoading } from '@/components/PageLoading';
import { NodesPanel } from '@/features/nodes/NodesPanel';
import { sectionNames, sections, type SectionName } from './optionFields';
import { useGetOptionsQuery } from './optionsApi';
import { SettingsSection } from './SettingsSection';

/** How the server behaves. */
export default function SettingsPage() {
  const { t } = useTranslation();
  const { data, error, refetch } = useGetOptionsQuery();
  const [params, setParams] = useSearchParams();
  const shown = sectionNames.filter((name) => sections[name].some((field) => data?.[field.key] !== undefined));
  const wanted = params.get('section');
  const active = [...shown, 'nodes'].find((name) => name === wanted) ?? shown[0] ?? 'general';
  const tabs = (options: Record<string, string>) => [
    ...shown.map((name: SectionName) => ({
      key: name as string,
      label: t(`settings.section.${name}`),
      children: <SettingsSection name={name} saved={options} />,
    })),
    { key: 'nodes', label: t('nodes.title'), children: <NodesPanel />, destroyOnHidden: true },
  ];
  return (
    <>
      <PageHeader title={t('shell.nav.settings')} lead={t('settings.lead')} />
      <LoadFault error={error} onRetry={() => void refetch()} />
      {data ? <Tabs activeKey={active} items={tabs(data)} onChange={(section) => setParams({ section }, { replace: true })} /> : null}
      {!data && !error ? <PageLoading /> : null}
    </>
  );
}
