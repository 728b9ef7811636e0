import { Form, Input } from 'antd';
import { useTranslation } from 'react-i18next';
import { JsonArea, jsonRule } from '@/components/JsonArea';
import { SwitchField } from '@/components/SwitchField';
import type { ChannelValues } from './channelFormValues';
import { hasResponsesVersion, providerFlags } from './providerSettings';

/** Settings that only some types of channels know: what clients may send through it, and versions; the rest as JSON. */
export function ChannelProviderFields() {
  const { t } = useTranslation();
  const type = Form.useWatch<ChannelValues['type'] | undefined>('type') ?? 1;
  const flags = providerFlags(type);
  return (
    <>
      <p className="mb-4 text-muted">{t(flags.length > 0 ? 'channels.providerHelp' : 'channels.providerNone')}</p>
      {flags.map((name) => (
        <SwitchField key={name} name={name} label={t(`channels.provider.${name}.name`)} help={t(`channels.provider.${name}.help`)} />
      ))}
      {hasResponsesVersion(type) ? (
        <Form.Item name="azure_responses_version" label={t('channels.responsesVersion')} extra={t('channels.responsesVersionHelp')}>
          <Input spellCheck={false} autoComplete="off" placeholder="preview" />
        </Form.Item>
      ) : null}
      <Form.Item name="settings" label={t('channels.providerRest')} extra={t('channels.settingHelp')} rules={[jsonRule(t, 'object')]}>
        <JsonArea rows={2} placeholder="{}" />
      </Form.Item>
    </>
  );
}
