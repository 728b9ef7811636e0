import { Form, Input, Select, Switch } from 'antd';
import { useTranslation } from 'react-i18next';
import { useGetGroupsQuery } from '@/features/catalog/catalogApi';
import { channelTypes, customType, findChannelType, wholeKeyTypes } from './channelTypes';
import type { ChannelValues } from './channelFormValues';
import { ModelsField } from './ModelsField';

interface Props {
  /** The channel has a key already; an empty field leaves it. */
  keyIsKept: boolean;
  batch: boolean;
  onBatch: (batch: boolean) => void;
}

const typeOptions = channelTypes.map((type) => ({ value: type.id, label: type.name }));

function KeyField({ keyIsKept, batch, onBatch }: Props) {
  const { t } = useTranslation();
  const type = Form.useWatch<ChannelValues['type'] | undefined>('type') ?? 1;
  const whole = wholeKeyTypes.includes(type);
  const format = findChannelType(type)?.keyFormat;
  const help = [format ? t('channels.keyFormat', { format }) : '', keyIsKept ? t('channels.keyKept') : '', batch ? t('channels.batchHelp') : ''];
  const rules = keyIsKept ? [] : [{ required: true, whitespace: true, message: t('channels.keyNeeded') }];
  return (
    <div className="relative">
      {keyIsKept || whole ? null : (
        <label className="absolute top-0 right-0 z-1 flex cursor-pointer items-center gap-2 text-sm text-muted">
          {t('channels.batch')}
          <Switch size="small" checked={batch} onChange={onBatch} />
        </label>
      )}
      <Form.Item name="key" label={t('channels.key')} rules={rules} extra={help.filter(Boolean).join(' ') || undefined}>
        {whole || batch ? (
          <Input.TextArea autoComplete="off" spellCheck={false} autoSize={{ minRows: 4, maxRows: 12 }} className="font-mono! text-xs!" />
        ) : (
          <Input.Password autoComplete="new-password" placeholder={keyIsKept ? '••••••••' : 'sk-…'} />
        )}
      </Form.Item>
    </div>
  );
}

function AddressField() {
  const { t } = useTranslation();
  const type = Form.useWatch<ChannelValues['type'] | undefined>('type') ?? 1;
  const custom = type === customType;
  const standard = findChannelType(type)?.baseUrl ?? '';
  const rules = [
    { pattern: /^https?:\/\/\S+$/, message: t('channels.addressInvalid') },
    ...(custom ? [{ required: true, message: t('channels.addressNeeded') }] : []),
  ];
  return (
    <Form.Item name="base_url" label={t('channels.address')} rules={rules} extra={custom ? t('channels.addressCustom') : t('channels.addressHelp')}>
      <Input inputMode="url" spellCheck={false} placeholder={standard || (custom ? 'https://host/v1/chat/completions' : 'https://…')} />
    </Form.Item>
  );
}

function OtherField() {
  const { t } = useTranslation();
  const type = findChannelType(Form.useWatch<ChannelValues['type'] | undefined>('type') ?? 1);
  if (!type?.other) return null;
  return (
    <Form.Item name="other" label={t(`channels.other.${type.other}`)}>
      <Input spellCheck={false} placeholder={type.otherExample} />
    </Form.Item>
  );
}

/** The fields that every channel needs. */
export function ChannelMainFields(props: Props) {
  const { t } = useTranslation();
  const { data: groups = [] } = useGetGroupsQuery();
  return (
    <>
      <Form.Item name="type" label={t('common.type')} rules={[{ required: true }]}>
        <Select showSearch={{ optionFilterProp: 'label' }} options={typeOptions} />
      </Form.Item>
      <Form.Item name="name" label={t('common.name')} rules={[{ required: true, whitespace: true, message: t('channels.nameNeeded') }]}>
        <Input placeholder={t('channels.nameExample')} />
      </Form.Item>
      <AddressField />
      <OtherField />
      <KeyField {...props} />
      <ModelsField />
      <Form.Item name="groups" label={t('channels.groups')} extra={t('channels.groupsHelp')} rules={[{ required: true, type: 'array', min: 1, message: t('channels.groupsNeeded') }]}>
        <Select mode="tags" tokenSeparators={[',', ' ']} options={groups.map((value) => ({ value, label: value }))} />
      </Form.Item>
    </>
  );
}
