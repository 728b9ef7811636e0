import { AutoComplete, Collapse, Form, Input, InputNumber } from 'antd';
import { useTranslation } from 'react-i18next';
import { JsonArea, jsonRule } from '@/components/JsonArea';
import { SwitchField } from '@/components/SwitchField';
import { ChannelProviderFields } from './ChannelProviderFields';
import { ChannelSettingFields } from './ChannelSettingFields';

function Routing() {
  const { t } = useTranslation();
  const models = Form.useWatch<string[] | undefined>('models') ?? [];
  return (
    <>
      <div className="grid grid-cols-1 gap-x-4 sm:grid-cols-2">
        <Form.Item name="priority" label={t('channels.priority')} extra={t('channels.priorityHelp')}>
          <InputNumber precision={0} className="w-full!" />
        </Form.Item>
        <Form.Item name="weight" label={t('channels.weight')} extra={t('channels.weightHelp')}>
          <InputNumber precision={0} min={0} className="w-full!" />
        </Form.Item>
      </div>
      <SwitchField name="auto_ban" label={t('channels.autoBan')} help={t('channels.autoBanHelp')} />
      <Form.Item name="test_model" label={t('channels.testModel')} extra={t('channels.testModelHelp')}>
        <AutoComplete options={models.map((value) => ({ value }))} allowClear />
      </Form.Item>
    </>
  );
}

function Translation() {
  const { t } = useTranslation();
  return (
    <>
      <Form.Item name="model_mapping" label={t('channels.modelMapping')} extra={t('channels.modelMappingHelp')} rules={[jsonRule(t, 'strings')]}>
        <JsonArea placeholder={'{\n  "gpt-4o": "my-deployment"\n}'} />
      </Form.Item>
      <Form.Item name="status_code_mapping" label={t('channels.statusMapping')} extra={t('channels.statusMappingHelp')} rules={[jsonRule(t, 'strings')]}>
        <JsonArea rows={2} placeholder={'{"400": "500"}'} />
      </Form.Item>
      <Form.Item name="param_override" label={t('channels.paramOverride')} extra={t('channels.paramOverrideHelp')} rules={[jsonRule(t, 'object')]}>
        <JsonArea rows={2} placeholder={'{"temperature": 0}'} />
      </Form.Item>
      <Form.Item name="header_override" label={t('channels.headerOverride')} extra={t('channels.headerOverrideHelp')} rules={[jsonRule(t, 'strings')]}>
        <JsonArea rows={2} placeholder={'{"X-Team": "a"}'} />
      </Form.Item>
    </>
  );
}

function Notes() {
  const { t } = useTranslation();
  return (
    <>
      <Form.Item name="openai_organization" label={t('channels.organization')} extra={t('channels.organizationHelp')}>
        <Input spellCheck={false} placeholder="org-…" />
      </Form.Item>
      <Form.Item name="tag" label={t('channels.tag')} extra={t('channels.tagHelp')}>
        <Input />
      </Form.Item>
      <Form.Item name="remark" label={t('channels.remark')} rules={[{ max: 255, message: t('channels.remarkLength') }]}>
        <Input.TextArea autoSize={{ minRows: 2, maxRows: 6 }} />
      </Form.Item>
    </>
  );
}

/** What most channels leave as it is, folded away by subject. Folded fields stay part of the form. */
export function ChannelAdvancedFields() {
  const { t } = useTranslation();
  const items = [
    { key: 'routing', label: t('channels.sectionRouting'), children: <Routing />, forceRender: true },
    { key: 'translation', label: t('channels.sectionTranslation'), children: <Translation />, forceRender: true },
    { key: 'setting', label: t('channels.sectionSetting'), children: <ChannelSettingFields />, forceRender: true },
    { key: 'provider', label: t('channels.sectionProvider'), children: <ChannelProviderFields />, forceRender: true },
    { key: 'notes', label: t('channels.sectionNotes'), children: <Notes />, forceRender: true },
  ];
  return <Collapse items={items} ghost className="-mx-3!" />;
}
