import { Button, Form, Select } from 'antd';
import { useTranslation } from 'react-i18next';
import { useGetKnownModelsQuery, useGetTypeModelsQuery } from '@/features/catalog/catalogApi';
import { unique } from '@/lib/list';
import type { ChannelValues } from './channelFormValues';

/** The models that the channel offers: chosen, filled in from the type, or typed. */
export function ModelsField() {
  const { t } = useTranslation();
  const form = Form.useFormInstance<ChannelValues>();
  const type = Form.useWatch<ChannelValues['type'] | undefined>('type', form) ?? 1;
  const { data: byType = {} } = useGetTypeModelsQuery();
  const { data: known = [] } = useGetKnownModelsQuery();
  const ofType = byType[String(type)] ?? [];
  const set = (models: string[]) => {
    form.setFieldValue('models', models);
    void form.validateFields(['models']);
  };
  const fill = () => set(unique([...(form.getFieldValue('models') as string[]), ...ofType]));
  const options = unique([...ofType, ...known]).map((value) => ({ value, label: value }));
  return (
    <>
      <Form.Item
        name="models"
        label={t('common.models')}
        className="mb-2!"
        rules={[{ required: true, type: 'array', min: 1, message: t('channels.modelsNeeded') }]}
      >
        <Select mode="tags" allowClear tokenSeparators={[',', '\n']} options={options} maxTagCount={24} placeholder={t('channels.modelsExample')} />
      </Form.Item>
      <div className="mb-5 flex flex-wrap gap-2">
        <Button size="small" disabled={ofType.length === 0} onClick={fill}>
          {t('channels.fillModels', { count: ofType.length })}
        </Button>
        <Button size="small" onClick={() => set([])}>
          {t('channels.clearModels')}
        </Button>
      </div>
    </>
  );
}
