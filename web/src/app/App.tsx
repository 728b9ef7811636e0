import { ConfigProvider } from 'antd';
import { StyleProvider } from '@ant-design/cssinjs';
import { useEffect, useState } from 'react';
import { BrowserRouter } from 'react-router';
import { ErrorBoundary } from '@/components/ErrorBoundary';
import { useShade } from '@/features/preferences/useShade';
import { useMediaQuery } from '@/lib/useMediaQuery';
import type { EntryPack } from '@/locales/pack';
import { useAppSelector } from './hooks';
import { activateLanguage } from './i18n';
import { AppRoutes } from './AppRoutes';
import { antdThemeFor, applyPalette } from './theme';

function useActivePack(): EntryPack | null {
  const language = useAppSelector((state) => state.preferences.language);
  const [pack, setPack] = useState<EntryPack | null>(null);
  useEffect(() => {
    let current = true;
    void activateLanguage(language).then((loaded) => {
      if (current) setPack(loaded);
    });
    return () => {
      current = false;
    };
  }, [language]);
  return pack;
}

/** Theme, language and routes around everything. */
export function App() {
  const shade = useShade();
  const still = useMediaQuery('(prefers-reduced-motion: reduce)');
  const pack = useActivePack();
  useEffect(() => applyPalette(shade), [shade]);
  if (!pack) return null;
  return (
    <StyleProvider layer>
      <ConfigProvider theme={antdThemeFor(shade, still)} locale={pack.antd} form={{ requiredMark: false }} button={{ autoInsertSpace: false }}>
        <ErrorBoundary>
          <BrowserRouter>
            <AppRoutes />
          </BrowserRouter>
        </ErrorBoundary>
      </ConfigProvider>
    </StyleProvider>
  );
}
