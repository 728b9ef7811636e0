import { Button, Form, Input } from 'antd';
import { useTranslation } from 'react-i18next';
import { Navigate, useLocation } from 'react-router';
import { useErrorText } from '@/api/useErrorText';
import { useAppSelector } from '@/app/hooks';
import { Notice } from '@/components/Notice';
import { useServer } from '@/features/status/useServer';
import { AuthFrame } from './AuthFrame';
import { nextPath } from './nextPath';
import { useSignInMutation, type Credentials } from './sessionApi';

/** Name and password. Whoever is signed in already goes on to where they wanted to be. */
export default function SignInPage() {
  const { t } = useTranslation();
  const errorText = useErrorText();
  const { name } = useServer();
  const { search } = useLocation();
  const { user, expired } = useAppSelector((state) => state.session);
  const [signIn, { isLoading, error }] = useSignInMutation();
  // Fields that are disabled meanwhile would lose the focus, and who mistyped would have to find the way back.
  const send = async (values: Credentials) => {
    if (!isLoading) await signIn(values);
  };
  if (user) return <Navigate to={nextPath(search)} replace />;
  return (
    <AuthFrame title={t('auth.signInTitle', { name })} lead={t('auth.signInLead')}>
      <div className="mb-5 empty:hidden">
        {error ? <Notice tone="bad">{errorText(error)}</Notice> : null}
        {expired && !error ? <Notice tone="warn">{t('auth.expired')}</Notice> : null}
      </div>
      <Form layout="vertical" size="large" onFinish={send}>
        <Form.Item
          name="username"
          label={t('auth.usernameOrEmail')}
          rules={[{ required: true, whitespace: true, message: t('auth.usernameNeeded') }]}
        >
          <Input autoComplete="username" autoCapitalize="none" spellCheck={false} autoFocus />
        </Form.Item>
        <Form.Item
          name="password"
          label={t('auth.password')}
          rules={[{ required: true, message: t('auth.passwordNeeded') }]}
        >
          <Input.Password autoComplete="current-password" />
        </Form.Item>
        <Button type="primary" htmlType="submit" block loading={isLoading} className="mt-1">
          {t('auth.signIn')}
        </Button>
      </Form>
    </AuthFrame>
  );
}
