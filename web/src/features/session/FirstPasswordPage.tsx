import { Button, Form } from 'antd';
import { useTranslation } from 'react-i18next';
import { useErrorText } from '@/api/useErrorText';
import { Notice } from '@/components/Notice';
import { AuthFrame } from './AuthFrame';
import { NewPasswordFields } from './NewPasswordFields';
import { useSignOutMutation, useUpdateSelfMutation } from './sessionApi';
import { UsernameField } from './UsernameField';
import { useSession } from './useSession';

interface Values {
  original_password: string;
  username: string;
  password: string;
}

/** The account still has the password it was made with; nothing else works until it has its own. */
export default function FirstPasswordPage() {
  const { t } = useTranslation();
  const errorText = useErrorText();
  const { user } = useSession();
  const [update, { isLoading, error }] = useUpdateSelfMutation();
  const [signOut] = useSignOutMutation();
  const save = async (values: Values) => {
    if (isLoading) return;
    await update({
      username: values.username.trim(),
      display_name: user?.display_name || values.username.trim(),
      password: values.password,
      original_password: values.original_password,
    });
  };
  return (
    <AuthFrame title={t('auth.firstPasswordTitle')} lead={t('auth.firstPasswordLead')}>
      <div className="mb-5 empty:hidden">{error ? <Notice tone="bad">{errorText(error)}</Notice> : null}</div>
      <Form layout="vertical" size="large" onFinish={save} initialValues={{ username: user?.username }}>
        <UsernameField label={t('auth.username')} own />
        <NewPasswordFields autoFocus />
        <Button type="primary" htmlType="submit" block loading={isLoading}>
          {t('auth.setPassword')}
        </Button>
        <Button type="link" block className="mt-2" onClick={() => void signOut()}>
          {t('auth.signOut')}
        </Button>
      </Form>
    </AuthFrame>
  );
}
