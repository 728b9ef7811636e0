import { Form, Input } from 'antd';
import { useTranslation } from 'react-i18next';
import { JsonArea, jsonRule } from '@/components/JsonArea';
import { SwitchField } from '@/components/SwitchField';
import type { ChannelValues } from './channelFormValues';

const switches = ['force_format', 'thinking_to_content', 'pass_through_body_enabled'] as const;

function SystemPrompt() {
  const { t } = useTranslation();
  const prompt = Form.useWatch<ChannelValues['system_prompt'] | undefined>('system_prompt') ?? '';
  return (
    <>
      <Form.Item name="system_prompt" label={t('channels.systemPrompt')} extra={t('channels.systemPromptHelp')}>
        <Input.TextArea autoSize={{ minRows: 2, maxRows: 10 }} />
      </Form.Item>
      <SwitchField
        name="system_prompt_override"
        label={t('channels.behaviour.system_prompt_override.name')}
        help={t('channels.behaviour.system_prompt_override.help')}
        disabled={prompt.trim() === ''}
      />
    </>
  );
}

/** What the channel does to requests and answers, and through which proxy; settings without a field of their own as JSON. */
export function ChannelSettingFields() {
  const { t } = useTranslation();
  return (
    <>
      <Form.Item
        name="proxy"
        label={t('channels.proxy')}
        extra={t('channels.proxyHelp')}
        rules={[{ pattern: /^\s*(https?|socks5h?):\/\/\S+\s*$/, message: t('channels.proxyInvalid') }]}
      >
        <Input inputMode="url" spellCheck={false} autoComplete="off" placeholder="socks5://127.0.0.1:1080" />
      </Form.Item>
      <SystemPrompt />
      {switches.map((name) => (
        <SwitchField key={name} name={name} label={t(`channels.behaviour.${name}.name`)} help={t(`channels.behaviour.${name}.help`)} />
      ))}
      <Form.Item name="setting" label={t('channels.setting')} extra={t('channels.settingHelp')} rules={[jsonRule(t, 'object')]}>
        <JsonArea rows={2} placeholder="{}" />
      </Form.Item>
    </>
  );
}
