import { Form, Input, Select } from 'antd';
import { useTranslation } from 'react-i18next';
import { FormDrawer } from '@/components/FormDrawer';
import { useSaving } from '@/components/useSaving';
import { useGetGroupsQuery } from '@/features/catalog/catalogApi';
import { UsernameField } from '@/features/session/UsernameField';
import type { User } from './types';
import { useAddUserMutation, useLazyGetUserQuery, useUpdateUserMutation } from './usersApi';

/** What the form is open for. */
export type UserFormTarget = { mode: 'add' } | { mode: 'edit'; user: User };

interface Values {
  username: string;
  display_name: string;
  password: string;
  group: string;
}

function Fields({ editing }: { editing: boolean }) {
  const { t } = useTranslation();
  const { data: groups = [] } = useGetGroupsQuery();
  const passwordRules = [
    ...(editing ? [] : [{ required: true, message: t('auth.passwordNeeded') }]),
    { min: 8, max: 20, message: t('auth.passwordLengthFault') },
  ];
  return (
    <>
      <UsernameField label={t('auth.username')} />
      <Form.Item name="display_name" label={t('users.displayName')} rules={[{ max: 20, message: t('users.displayNameLength') }]}>
        <Input />
      </Form.Item>
      <Form.Item name="password" label={t('auth.password')} extra={editing ? t('users.passwordKept') : t('auth.passwordLength')} rules={passwordRules}>
        <Input.Password autoComplete="new-password" />
      </Form.Item>
      {editing ? (
        <Form.Item name="group" label={t('common.group')} extra={t('users.groupHelp')} rules={[{ required: true, message: t('common.required') }]}>
          <Select options={groups.map((value) => ({ value, label: value }))} />
        </Form.Item>
      ) : null}
    </>
  );
}

/** Makes an account or changes one. */
export function UserForm({ target, onClose }: { target: UserFormTarget | null; onClose: () => void }) {
  const { t } = useTranslation();
  const [form] = Form.useForm<Values>();
  const { save, drawer } = useSaving(onClose);
  const [add] = useAddUserMutation();
  const [update] = useUpdateUserMutation();
  const [fetchUser] = useLazyGetUserQuery();
  const send = async (values: Values): Promise<unknown> => {
    const username = values.username.trim();
    const named = { username, display_name: values.display_name?.trim() || username };
    if (target?.mode !== 'edit') return (await add({ ...named, password: values.password })).error;
    // The call writes the balance too; a fresh one keeps what was spent while the form was open.
    const fresh = await fetchUser(target.user.id);
    if (!fresh.data) return fresh.error;
    const { id, quota } = fresh.data;
    return (await update({ id, quota, ...named, group: values.group, password: values.password ?? '' })).error;
  };
  const user = target?.mode === 'edit' ? target.user : null;
  return (
    <FormDrawer<Values>
      open={target !== null}
      title={t(user ? 'users.editTitle' : 'users.addTitle')}
      submitText={t('common.save')}
      form={form}
      {...drawer}
      initialValues={user ? { username: user.username, display_name: user.display_name, password: '', group: user.group } : {}}
      onSubmit={(values) => save(() => send(values))}
    >
      <Fields editing={user !== null} />
    </FormDrawer>
  );
}
