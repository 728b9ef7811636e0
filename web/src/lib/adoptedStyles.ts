/**
 * Stands in for the component library's module that writes <style> elements (see build-plugins/adoptedStyles.ts).
 *
 * Each key owns one constructable style sheet, adopted by the document after the linked ones. The element that is
 * returned is never attached: the library only hangs marks on it.
 */
interface Entry {
  sheet: CSSStyleSheet;
  holder: HTMLStyleElement;
  css: string;
}

const entries = new Map<string, Entry>();

function adopt(css: string): Entry {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  document.adoptedStyleSheets.push(sheet);
  return { sheet, holder: document.createElement('style'), css };
}

/** Sets the rules that belong to the key, replacing those it had. */
export function updateCSS(css: string, key: string): HTMLStyleElement {
  const known = entries.get(key);
  if (!known) {
    const entry = adopt(css);
    entries.set(key, entry);
    return entry.holder;
  }
  if (known.css !== css) {
    known.sheet.replaceSync(css);
    known.css = css;
  }
  return known.holder;
}

/** Adds rules that belong to no key and are never removed. */
export function injectCSS(css: string): HTMLStyleElement {
  return adopt(css).holder;
}

/** Drops the rules of the key; an unknown key is fine. */
export function removeCSS(key: string): void {
  const known = entries.get(key);
  if (!known) return;
  entries.delete(key);
  document.adoptedStyleSheets = document.adoptedStyleSheets.filter((sheet) => sheet !== known.sheet);
}

/** The replaced module caches containers; here there are none. */
export function clearContainerCache(): void {}
