import { DesktopOutlined, MoonOutlined, SunOutlined } from '@ant-design/icons';
import { Button } from 'antd';
import { useTranslation } from 'react-i18next';
import { useAppDispatch, useAppSelector } from '@/app/hooks';
import { themeChosen } from './preferencesSlice';
import { themeModes } from './types';

const icons = { system: <DesktopOutlined />, light: <SunOutlined />, dark: <MoonOutlined /> };

/** Goes round through system, light and dark; the picture shows which one holds. */
export function ThemeSwitch() {
  const { t } = useTranslation();
  const dispatch = useAppDispatch();
  const mode = useAppSelector((state) => state.preferences.themeMode);
  const next = themeModes[(themeModes.indexOf(mode) + 1) % themeModes.length] ?? 'system';
  const label = t('shell.themeNow', { mode: t(`shell.theme.${mode}`), next: t(`shell.theme.${next}`) });
  return <Button type="text" icon={icons[mode]} aria-label={label} title={label} onClick={() => dispatch(themeChosen(next))} />;
}
