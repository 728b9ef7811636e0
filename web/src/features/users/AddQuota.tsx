import { Form } from 'antd';
import { useTranslation } from 'react-i18next';
import { FormDrawer } from '@/components/FormDrawer';
import { useSaving } from '@/components/useSaving';
import { QuotaInput } from '@/components/QuotaInput';
import { useServer } from '@/features/status/useServer';
import type { User } from './types';
import { useLazyGetUserQuery, useUpdateUserMutation } from './usersApi';

interface Values {
  amount: number;
}

function Outcome({ user }: { user: User }) {
  const { t } = useTranslation();
  const { quota } = useServer();
  const amount = Form.useWatch<number | undefined>('amount') ?? 0;
  return (
    <p className="ya-num rounded-lg bg-accent-soft px-4 py-3" aria-live="polite">
      {t('users.quotaOutcome', { before: quota(user.quota), after: quota(user.quota + amount) })}
    </p>
  );
}

/** Adds to an account's balance, or takes from it with an amount below zero. */
export function AddQuota({ user, onClose }: { user: User | null; onClose: () => void }) {
  const { t } = useTranslation();
  const [form] = Form.useForm<Values>();
  const { save, drawer } = useSaving(onClose);
  const [update] = useUpdateUserMutation();
  const [fetchUser] = useLazyGetUserQuery();
  const send = async (id: number, amount: number): Promise<unknown> => {
    // The API sets balances; adding to a fresh one keeps what was spent while the form was open.
    const fresh = await fetchUser(id);
    if (!fresh.data) return fresh.error;
    const { username, display_name, group, quota } = fresh.data;
    return (await update({ id, username, display_name, group, quota: quota + amount })).error;
  };
  return (
    <FormDrawer<Values>
      open={user !== null}
      title={user ? t('users.addQuotaTitle', { name: user.username }) : ''}
      submitText={t('common.save')}
      form={form}
      {...drawer}
      initialValues={{ amount: 500_000 }}
      onSubmit={({ amount }) => (user ? save(() => send(user.id, amount)) : undefined)}
    >
      <Form.Item name="amount" label={t('users.amount')} extra={t('users.amountHelp')}>
        <QuotaInput min={-(user?.quota ?? 0)} />
      </Form.Item>
      {user ? <Outcome user={user} /> : null}
    </FormDrawer>
  );
}
