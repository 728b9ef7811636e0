import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';
import type { Language } from '@/features/preferences/types';
import type { ConsolePack, EntryPack, Texts } from '@/locales/pack';

const entryLoaders: Record<Language, () => Promise<{ default: EntryPack }>> = {
  en: () => import('@/locales/entry.en'),
  zh: () => import('@/locales/entry.zh'),
};
const consoleLoaders: Record<Language, () => Promise<{ default: ConsolePack }>> = {
  en: () => import('@/locales/console.en'),
  zh: () => import('@/locales/console.zh'),
};

/** Set once a page of the console was asked for; from then on its texts come with every change of language. */
let consoleWanted = false;

function addTexts(language: Language, texts: Texts): void {
  i18next.addResourceBundle(language, 'translation', texts, true, true);
}

async function start(language: Language): Promise<void> {
  if (i18next.isInitialized) return;
  await i18next.use(initReactI18next).init({
    lng: language,
    resources: {},
    interpolation: { escapeValue: false },
    react: { useSuspense: false },
    showSupportNotice: false,
  });
}

/** Makes the language current, fetching its texts the first time. Resolves to what every page needs. */
export async function activateLanguage(language: Language): Promise<EntryPack> {
  const [entry, rest] = await Promise.all([
    entryLoaders[language](),
    consoleWanted ? consoleLoaders[language]() : Promise.resolve(null),
  ]);
  await start(language);
  addTexts(language, entry.default.texts);
  if (rest) addTexts(language, rest.default.texts);
  await i18next.changeLanguage(language);
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
  return entry.default;
}

/** Fetches the texts of the pages behind the sign-in page; to be awaited before the first of them is shown. */
export async function wantConsoleTexts(): Promise<void> {
  consoleWanted = true;
  const language = i18next.language as Language;
  addTexts(language, (await consoleLoaders[language]()).default.texts);
}
