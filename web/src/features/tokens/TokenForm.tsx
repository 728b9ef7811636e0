import { Form, Input, InputNumber, Select, Switch } from 'antd';
import { useTranslation } from 'react-i18next';
import { FormDrawer } from '@/components/FormDrawer';
import { useSaving } from '@/components/useSaving';
import { QuotaInput } from '@/components/QuotaInput';
import { useGetOwnGroupsQuery, useGetOwnModelsQuery } from '@/features/catalog/catalogApi';
import { ExpiryInput } from './ExpiryInput';
import { inputOf, namesFor, newTokenValues, valuesOf, type TokenValues } from './tokenFormValues';
import { useAddTokenMutation, useUpdateTokenMutation } from './tokensApi';
import type { Token } from './types';

/** What the form is open for. */
export type TokenFormTarget = { mode: 'add' } | { mode: 'edit'; token: Token };

const nameBytes = 30;

function NameFields({ single }: { single: boolean }) {
  const { t } = useTranslation();
  const fits = (_rule: unknown, value: string | undefined) =>
    new TextEncoder().encode(value ?? '').length <= nameBytes ? Promise.resolve() : Promise.reject(new Error(t('tokens.nameLength')));
  return (
    <div className="flex gap-4">
      <Form.Item
        name="name"
        label={t('common.name')}
        className="min-w-0 flex-1"
        rules={[{ required: true, whitespace: true, message: t('tokens.nameNeeded') }, { validator: fits }]}
      >
        <Input placeholder={t('tokens.nameExample')} />
      </Form.Item>
      {single ? null : (
        <Form.Item name="count" label={t('tokens.count')} rules={[{ required: true }]}>
          <InputNumber min={1} max={50} precision={0} className="w-24!" />
        </Form.Item>
      )}
    </div>
  );
}

function QuotaFields() {
  const { t } = useTranslation();
  const unlimited = Form.useWatch<boolean | undefined>('unlimited_quota') ?? false;
  return (
    <>
      <Form.Item name="unlimited_quota" label={t('tokens.unlimited')} extra={t('tokens.unlimitedHelp')} valuePropName="checked">
        <Switch />
      </Form.Item>
      <Form.Item name="remain_quota" label={t('tokens.quotaField')} hidden={unlimited}>
        <QuotaInput />
      </Form.Item>
    </>
  );
}

function AccessFields() {
  const { t } = useTranslation();
  const { data: groups = {} } = useGetOwnGroupsQuery();
  const { data: models = [] } = useGetOwnModelsQuery();
  const groupOptions = Object.entries(groups).map(([value, group]) => ({
    value,
    label: t('tokens.groupOption', { name: value, desc: group.desc, ratio: group.ratio }),
  }));
  return (
    <>
      <Form.Item name="group" label={t('common.group')} extra={t('tokens.groupHelp')}>
        <Select options={[{ value: '', label: t('tokens.ownGroup') }, ...groupOptions]} />
      </Form.Item>
      <Form.Item name="models" label={t('tokens.modelLimits')} extra={t('tokens.modelLimitsHelp')}>
        <Select mode="tags" allowClear tokenSeparators={[',']} options={models.map((value) => ({ value, label: value }))} placeholder={t('tokens.allModels')} />
      </Form.Item>
      <Form.Item name="allow_ips" label={t('tokens.ips')} extra={t('tokens.ipsHelp')}>
        <Input.TextArea autoSize={{ minRows: 2, maxRows: 8 }} spellCheck={false} className="font-mono! text-xs!" placeholder={'203.0.113.7'} />
      </Form.Item>
    </>
  );
}

/** Makes one token or several alike, or changes one. */
export function TokenForm({ target, onClose }: { target: TokenFormTarget | null; onClose: () => void }) {
  const { t } = useTranslation();
  const [form] = Form.useForm<TokenValues>();
  const [add] = useAddTokenMutation();
  const [update] = useUpdateTokenMutation();
  const { save, drawer } = useSaving(onClose);
  const editing = target?.mode === 'edit';
  const send = async (values: TokenValues): Promise<unknown> => {
    const input = inputOf(values);
    if (target?.mode === 'edit') return (await update({ id: target.token.id, ...input })).error;
    for (const name of namesFor(input.name, values.count)) {
      const { error: fault } = await add({ ...input, name });
      if (fault) return fault;
    }
    return null;
  };
  return (
    <FormDrawer<TokenValues>
      open={target !== null}
      title={t(editing ? 'tokens.editTitle' : 'tokens.addTitle')}
      submitText={t('common.save')}
      form={form}
      {...drawer}
      initialValues={target?.mode === 'edit' ? valuesOf(target.token) : newTokenValues}
      onSubmit={(values) => save(() => send({ ...newTokenValues, ...values }))}
    >
      <NameFields single={editing} />
      <Form.Item name="expires" label={t('tokens.expires')}>
        <ExpiryInput />
      </Form.Item>
      <QuotaFields />
      <AccessFields />
    </FormDrawer>
  );
}
