import { Button, Drawer, Form, type FormInstance } from 'antd';
import { type ReactNode, useId, useLayoutEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useIsPhone } from '@/lib/useMediaQuery';
import { Notice } from './Notice';

interface Props<V> {
  open: boolean;
  title: string;
  submitText: string;
  form: FormInstance<V>;
  saving: boolean;
  /** What the server answered, shown above the fields. */
  error?: string | undefined;
  initialValues?: Partial<V>;
  width?: number;
  onSubmit: (values: V) => void | Promise<void>;
  onClose: () => void;
  children: ReactNode;
}

/** Puts the form around it back to its initial values when it appears. Stands behind the fields, which are known by then. */
function FreshStart({ form }: { form: Pick<FormInstance, 'resetFields'> }) {
  useLayoutEffect(() => form.resetFields(), [form]);
  return null;
}

/** Counts how often something was opened. */
function useOpenings(open: boolean): number {
  const [state, setState] = useState({ open: false, count: 0 });
  if (state.open !== open) setState({ open, count: state.count + (open ? 1 : 0) });
  return state.count;
}

/** A form that slides in from the side, over the whole width on a phone. It forgets what was typed when it closes. */
export function FormDrawer<V extends object>(props: Props<V>) {
  const { t } = useTranslation();
  const isPhone = useIsPhone();
  const formId = useId();
  const openings = useOpenings(props.open);
  const footer = (
    <div className="flex justify-end gap-2 py-1">
      <Button onClick={props.onClose}>{t('common.cancel')}</Button>
      <Button type="primary" htmlType="submit" form={formId} loading={props.saving}>
        {props.submitText}
      </Button>
    </div>
  );
  return (
    <Drawer
      open={props.open}
      title={props.title}
      size={isPhone ? '100%' : (props.width ?? 520)}
      onClose={props.onClose}
      footer={footer}
      destroyOnHidden
    >
      <Form<V>
        id={formId}
        form={props.form}
        layout="vertical"
        preserve={false}
        initialValues={props.initialValues}
        onFinish={(values) => void props.onSubmit(values)}
        scrollToFirstError={{ block: 'center', focus: true }}
      >
        <div className="mb-5 empty:hidden">{props.error ? <Notice tone="bad">{props.error}</Notice> : null}</div>
        {props.children}
        {/* Opened again before it had slid out, the form is still the last one, with that one's values. */}
        <FreshStart key={openings} form={props.form} />
      </Form>
    </Drawer>
  );
}
