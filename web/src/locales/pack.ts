import type { Locale } from 'antd/es/locale';

/** Texts by area, then by key. */
export type Texts = Record<string, Record<string, unknown>>;

/** What every page needs in one language; the sign-in page loads no more than this. */
export interface EntryPack {
  texts: Texts;
  /** Texts of the component library. */
  antd: Locale;
}

/** What the pages behind the sign-in page need besides. */
export interface ConsolePack {
  texts: Texts;
}
