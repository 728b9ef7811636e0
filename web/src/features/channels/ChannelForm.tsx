import { App, Form } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useErrorText } from '@/api/useErrorText';
import { FormDrawer } from '@/components/FormDrawer';
import { ChannelAdvancedFields } from './ChannelAdvancedFields';
import { ChannelMainFields } from './ChannelMainFields';
import { inputOf, newChannelValues, valuesOf, type ChannelValues } from './channelFormValues';
import { useAddChannelMutation, useUpdateChannelMutation } from './channelsApi';
import type { Channel } from './types';

/** What the form is open for. A copy starts with another channel's settings, but needs its own key. */
export type ChannelFormTarget = { mode: 'add' } | { mode: 'edit' | 'copy'; channel: Channel };

function initialOf(target: ChannelFormTarget | null, copyName: (name: string) => string): ChannelValues {
  if (!target || target.mode === 'add') return newChannelValues;
  const values = valuesOf(target.channel);
  return target.mode === 'copy' ? { ...values, name: copyName(values.name) } : values;
}

/** Makes a channel, or several from a list of keys, or changes one. */
export function ChannelForm({ target, onClose }: { target: ChannelFormTarget | null; onClose: () => void }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const errorText = useErrorText();
  const [form] = Form.useForm<ChannelValues>();
  const [batch, setBatch] = useState(false);
  const [add, adding] = useAddChannelMutation();
  const [update, updating] = useUpdateChannelMutation();
  const mode = target?.mode ?? 'add';
  const close = () => {
    adding.reset();
    updating.reset();
    setBatch(false);
    onClose();
  };
  const save = async () => {
    // Folded fields count too, so the whole store is read, not only what is mounted.
    const input = inputOf({ ...initialOf(target, String), ...(form.getFieldsValue(true) as ChannelValues) });
    const result = target?.mode === 'edit' ? await update({ id: target.channel.id, ...input }) : await add(input);
    if (result.error) return;
    void message.success(t('common.saved'));
    close();
  };
  const error = adding.error ?? updating.error;
  return (
    <FormDrawer<ChannelValues>
      open={target !== null}
      title={t(`channels.form.${mode}`)}
      submitText={t('common.save')}
      form={form}
      width={640}
      saving={adding.isLoading || updating.isLoading}
      error={error ? errorText(error) : undefined}
      initialValues={initialOf(target, (name) => t('channels.copyName', { name }))}
      onSubmit={save}
      onClose={close}
    >
      <ChannelMainFields keyIsKept={mode === 'edit'} batch={batch} onBatch={setBatch} />
      <ChannelAdvancedFields />
    </FormDrawer>
  );
}
