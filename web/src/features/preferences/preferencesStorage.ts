import { languages, themeModes, type Language, type Preferences } from './types';

const key = 'yourapi.preferences';

function browserLanguage(): Language {
  const wanted = navigator.languages ?? [navigator.language];
  const first = wanted.find((tag) => /^(zh|en)\b/i.test(tag));
  return first && /^zh/i.test(first) ? 'zh' : 'en';
}

function stored(): Partial<Preferences> {
  try {
    return (JSON.parse(localStorage.getItem(key) ?? '{}') as Partial<Preferences> | null) ?? {};
  } catch {
    return {};
  }
}

/** What was chosen here before; else the browser's language and the system's theme. */
export function loadPreferences(): Preferences {
  const saved = stored();
  return {
    language: languages.find((language) => language === saved.language) ?? browserLanguage(),
    themeMode: themeModes.find((mode) => mode === saved.themeMode) ?? 'system',
  };
}

/** Remembers the choice; a browser without storage forgets it with the page. */
export function savePreferences(preferences: Preferences): void {
  try {
    localStorage.setItem(key, JSON.stringify(preferences));
  } catch {
    // Nothing to do: storage is refused in some private windows.
  }
}
