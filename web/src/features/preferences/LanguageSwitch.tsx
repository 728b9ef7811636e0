import { Button } from 'antd';
import { useTranslation } from 'react-i18next';
import { useAppDispatch, useAppSelector } from '@/app/hooks';
import { languageChosen } from './preferencesSlice';

/** Changes to the other language; each is named in itself. */
export function LanguageSwitch() {
  const { t } = useTranslation();
  const dispatch = useAppDispatch();
  const language = useAppSelector((state) => state.preferences.language);
  const other = language === 'zh' ? 'en' : 'zh';
  return (
    <Button type="text" aria-label={t('shell.changeLanguage')} lang={other} onClick={() => dispatch(languageChosen(other))}>
      {other === 'zh' ? '中文' : 'English'}
    </Button>
  );
}
