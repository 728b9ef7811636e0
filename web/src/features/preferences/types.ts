export const languages = ['en', 'zh'] as const;
export type Language = (typeof languages)[number];

export const themeModes = ['system', 'light', 'dark'] as const;
export type ThemeMode = (typeof themeModes)[number];

/** What a person has chosen for this browser. */
export interface Preferences {
  language: Language;
  themeMode: ThemeMode;
}
