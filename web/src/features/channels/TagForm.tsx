import { App, Button, Form, Input, InputNumber, Select } from 'antd';
import { useTranslation } from 'react-i18next';
import { useErrorText } from '@/api/useErrorText';
import { FormDrawer } from '@/components/FormDrawer';
import { JsonArea, jsonRule } from '@/components/JsonArea';
import { useRun } from '@/components/useRun';
import { useGetGroupsQuery, useGetKnownModelsQuery } from '@/features/catalog/catalogApi';
import { unique } from '@/lib/list';
import { useEditTagMutation, useGetTagModelsQuery, useSwitchTagMutation } from './channelsApi';
import { editsNothing, tagEditOf, tagValuesOf, type TagValues } from './tagFormValues';

/** Switches all channels with the tag at once, apart from the form. */
function TagSwitch({ tag }: { tag: string }) {
  const { t } = useTranslation();
  const run = useRun();
  const [change, changing] = useSwitchTagMutation();
  const set = (on: boolean) => void run(change({ tag, on }), t('common.saved'));
  return (
    <div className="mb-5 flex flex-wrap gap-2">
      <Button size="small" disabled={changing.isLoading} onClick={() => set(true)}>
        {t('channels.tagEnable')}
      </Button>
      <Button size="small" disabled={changing.isLoading} onClick={() => set(false)}>
        {t('channels.tagDisable')}
      </Button>
    </div>
  );
}

function TagModels({ tag }: { tag: string }) {
  const { t } = useTranslation();
  const form = Form.useFormInstance<TagValues>();
  const { data: own = [] } = useGetTagModelsQuery(tag);
  const { data: known = [] } = useGetKnownModelsQuery();
  const fill = () => form.setFieldValue('models', unique([...(form.getFieldValue('models') as string[]), ...own]));
  const options = unique([...own, ...known]).map((value) => ({ value, label: value }));
  return (
    <>
      <Form.Item name="models" label={t('common.models')} className="mb-2!">
        <Select mode="tags" allowClear tokenSeparators={[',', '\n']} options={options} maxTagCount={24} placeholder={t('channels.tagKeeps')} />
      </Form.Item>
      <div className="mb-5">
        <Button size="small" disabled={own.length === 0} onClick={fill}>
          {t('channels.tagFillModels', { count: own.length })}
        </Button>
      </div>
    </>
  );
}

function TagRouting() {
  const { t } = useTranslation();
  const { data: groups = [] } = useGetGroupsQuery();
  return (
    <>
      <Form.Item name="groups" label={t('channels.groups')}>
        <Select mode="tags" allowClear tokenSeparators={[',', ' ']} options={groups.map((value) => ({ value, label: value }))} placeholder={t('channels.tagKeeps')} />
      </Form.Item>
      <div className="grid grid-cols-1 gap-x-4 sm:grid-cols-2">
        <Form.Item name="priority" label={t('channels.priority')}>
          <InputNumber precision={0} className="w-full!" placeholder={t('channels.tagKeeps')} />
        </Form.Item>
        <Form.Item name="weight" label={t('channels.weight')}>
          <InputNumber precision={0} min={0} className="w-full!" placeholder={t('channels.tagKeeps')} />
        </Form.Item>
      </div>
    </>
  );
}

function TagOverrides() {
  const { t } = useTranslation();
  return (
    <>
      <Form.Item name="model_mapping" label={t('channels.modelMapping')} extra={t('channels.tagClears')} rules={[jsonRule(t, 'strings')]}>
        <JsonArea rows={2} placeholder={t('channels.tagKeeps')} />
      </Form.Item>
      <Form.Item name="param_override" label={t('channels.paramOverride')} extra={t('channels.tagClears')} rules={[jsonRule(t, 'object')]}>
        <JsonArea rows={2} placeholder={t('channels.tagKeeps')} />
      </Form.Item>
      <Form.Item name="header_override" label={t('channels.headerOverride')} extra={t('channels.tagClears')} rules={[jsonRule(t, 'strings')]}>
        <JsonArea rows={2} placeholder={t('channels.tagKeeps')} />
      </Form.Item>
    </>
  );
}

/** Changes all channels with a tag at once. */
export function TagForm({ tag, onClose }: { tag: string | null; onClose: () => void }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const errorText = useErrorText();
  const [form] = Form.useForm<TagValues>();
  const [edit, editing] = useEditTagMutation();
  const close = () => {
    editing.reset();
    onClose();
  };
  const save = async (values: TagValues) => {
    const change = tagEditOf(tag ?? '', values);
    if (!editsNothing(change)) {
      const { error } = await edit(change);
      if (error) return;
      void message.success(t('common.saved'));
    }
    close();
  };
  return (
    <FormDrawer<TagValues>
      open={tag !== null}
      title={t('channels.tagTitle', { tag })}
      submitText={t('common.save')}
      form={form}
      width={640}
      saving={editing.isLoading}
      error={editing.error ? errorText(editing.error) : undefined}
      initialValues={tagValuesOf(tag ?? '')}
      onSubmit={save}
      onClose={close}
    >
      <p className="mb-4 text-muted">{t('channels.tagLead')}</p>
      {tag === null ? null : <TagSwitch tag={tag} />}
      <Form.Item name="new_tag" label={t('channels.tag')} extra={t('channels.tagNewHelp')}>
        <Input allowClear />
      </Form.Item>
      {tag === null ? null : <TagModels tag={tag} />}
      <TagRouting />
      <TagOverrides />
    </FormDrawer>
  );
}
