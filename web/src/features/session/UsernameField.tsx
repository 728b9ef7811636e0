import { Form, Input } from 'antd';
import { useTranslation } from 'react-i18next';

/** The name of an account; `own`: of whoever fills the form in, so the browser may know it. */
export function UsernameField({ label, own = false }: { label: string; own?: boolean }) {
  const { t } = useTranslation();
  return (
    <Form.Item
      name="username"
      label={label}
      rules={[
        { required: true, whitespace: true, message: t('auth.usernameNeeded') },
        { max: 12, message: t('auth.usernameLength') },
      ]}
    >
      <Input autoComplete={own ? 'username' : 'off'} autoCapitalize="none" spellCheck={false} />
    </Form.Item>
  );
}
