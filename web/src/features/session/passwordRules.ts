import type { FormRule } from 'antd';
import type { TFunction } from 'i18next';

/** The server takes passwords of 8 to 20 characters. */
export function newPasswordRules(t: TFunction): FormRule[] {
  return [
    { required: true, message: t('auth.passwordNeeded') },
    { min: 8, max: 20, message: t('auth.passwordLengthFault') },
  ];
}

/** The repeated password must be the one in the named field. */
export function repeatRules(t: TFunction, field: string): FormRule[] {
  return [
    { required: true, message: t('auth.repeatNeeded') },
    ({ getFieldValue }) => ({
      validator: (_rule, value: string) =>
        !value || value === getFieldValue(field) ? Promise.resolve() : Promise.reject(new Error(t('auth.repeatDiffers'))),
    }),
  ];
}
