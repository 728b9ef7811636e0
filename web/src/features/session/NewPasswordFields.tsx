import { Form, Input } from 'antd';
import { useTranslation } from 'react-i18next';
import { newPasswordRules, repeatRules } from './passwordRules';

/** What changing a password asks for: the present one, and the new one twice. */
export function NewPasswordFields({ autoFocus = false }: { autoFocus?: boolean }) {
  const { t } = useTranslation();
  return (
    <>
      <Form.Item
        name="original_password"
        label={t('auth.presentPassword')}
        rules={[{ required: true, message: t('auth.passwordNeeded') }]}
      >
        <Input.Password autoComplete="current-password" autoFocus={autoFocus} />
      </Form.Item>
      <Form.Item name="password" label={t('auth.newPassword')} extra={t('auth.passwordLength')} rules={newPasswordRules(t)}>
        <Input.Password autoComplete="new-password" />
      </Form.Item>
      <Form.Item name="repeat" label={t('auth.repeatPassword')} dependencies={['password']} rules={repeatRules(t, 'password')}>
        <Input.Password autoComplete="new-password" />
      </Form.Item>
    </>
  );
}
