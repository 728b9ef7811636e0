import { App, Form } from 'antd';
import { useTranslation } from 'react-i18next';
import { useErrorText } from '@/api/useErrorText';
import { FormDrawer } from '@/components/FormDrawer';
import { NewPasswordFields } from '@/features/session/NewPasswordFields';
import { useUpdateSelfMutation } from '@/features/session/sessionApi';
import { useSession } from '@/features/session/useSession';

interface Values {
  original_password: string;
  password: string;
}

/** Asks for the old password and the new one. */
export function ChangePassword({ open, onClose }: { open: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const errorText = useErrorText();
  const { user } = useSession();
  const [form] = Form.useForm<Values>();
  const [update, { isLoading, error, reset }] = useUpdateSelfMutation();
  const save = async ({ original_password, password }: Values) => {
    const result = await update({
      username: user?.username,
      display_name: user?.display_name,
      password,
      original_password,
    });
    if (result.error) return;
    void message.success(t('shell.passwordChanged'));
    onClose();
  };
  return (
    <FormDrawer
      open={open}
      title={t('shell.changePassword')}
      submitText={t('common.save')}
      form={form}
      saving={isLoading}
      error={error ? errorText(error) : undefined}
      onSubmit={save}
      onClose={() => {
        reset();
        onClose();
      }}
    >
      <NewPasswordFields />
    </FormDrawer>
  );
}
