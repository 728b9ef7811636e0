import { Button, Form, Input } from 'antd';
import { useTranslation } from 'react-i18next';
import { useNavigate } from 'react-router';
import { useErrorText } from '@/api/useErrorText';
import { Notice } from '@/components/Notice';
import { newPasswordRules, repeatRules } from '@/features/session/passwordRules';
import { useSignInMutation } from '@/features/session/sessionApi';
import { UsernameField } from '@/features/session/UsernameField';
import { statusApi } from '@/features/status/statusApi';
import { useAppDispatch } from '@/app/hooks';
import { useFinishSetupMutation, type SetupState } from './setupApi';
import { UsageMode, type UsageModeValue } from './UsageMode';

interface Values {
  username?: string;
  password?: string;
  confirmPassword?: string;
  mode: UsageModeValue;
  setup_code?: string;
}

function AccountFields() {
  const { t } = useTranslation();
  return (
    <>
      <UsernameField label={t('auth.adminName')} own />
      <Form.Item name="password" label={t('auth.password')} extra={t('auth.passwordLength')} rules={newPasswordRules(t)}>
        <Input.Password autoComplete="new-password" />
      </Form.Item>
      <Form.Item
        name="confirmPassword"
        label={t('auth.repeatPassword')}
        dependencies={['password']}
        rules={repeatRules(t, 'password')}
      >
        <Input.Password autoComplete="new-password" />
      </Form.Item>
    </>
  );
}

/** Sends the wizard's answers and, when it made the account, signs in with it. */
export function SetupForm({ state }: { state: SetupState }) {
  const { t } = useTranslation();
  const errorText = useErrorText();
  const navigate = useNavigate();
  const dispatch = useAppDispatch();
  const [finish, { isLoading, error }] = useFinishSetupMutation();
  const [signIn, signing] = useSignInMutation();
  const save = async ({ username = '', password = '', confirmPassword = '', mode, setup_code }: Values) => {
    if (isLoading || signing.isLoading) return;
    const name = username.trim();
    const result = await finish({
      username: name,
      password,
      confirmPassword,
      SelfUseModeEnabled: mode === 'self',
      DemoSiteEnabled: mode === 'demo',
      ...(state.code_required ? { setup_code: setup_code?.trim() } : {}),
    });
    if (result.error) return;
    await dispatch(statusApi.endpoints.getStatus.initiate(undefined, { forceRefetch: true }));
    if (!state.root_init) await signIn({ username: name, password });
    void navigate('/detail');
  };
  return (
    <Form layout="vertical" size="large" onFinish={save} initialValues={{ username: 'root', mode: 'external' }}>
      {error ? <div className="mb-5"><Notice tone="bad">{errorText(error)}</Notice></div> : null}
      {state.code_required ? (
        <Form.Item
          name="setup_code"
          label={t('auth.setupCode')}
          extra={t('auth.setupCodeHelp')}
          rules={[{ required: true, whitespace: true, message: t('auth.setupCodeNeeded') }]}
        >
          <Input autoComplete="off" autoCapitalize="none" spellCheck={false} className="font-mono" />
        </Form.Item>
      ) : null}
      {state.root_init ? <div className="mb-5"><Notice tone="info">{t('auth.rootExists')}</Notice></div> : <AccountFields />}
      <Form.Item name="mode" label={t('auth.usageMode')}>
        <UsageMode />
      </Form.Item>
      <Button type="primary" htmlType="submit" block loading={isLoading || signing.isLoading}>
        {t('auth.finishSetup')}
      </Button>
    </Form>
  );
}
