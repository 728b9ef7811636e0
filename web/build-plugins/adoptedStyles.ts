import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';

const replaced = /@rc-component\/util\/es\/Dom\/dynamicCSS\.js$/;
const replacement = fileURLToPath(new URL('../src/lib/adoptedStyles.ts', import.meta.url));

/**
 * Lets the component library put its styles through constructable style sheets.
 *
 * The library writes <style> elements, which a strict `style-src 'self'` refuses. Style sheets made through
 * the CSS object model are not subject to that rule, so the one module that writes the elements is replaced.
 */
export function adoptedStyles(): Plugin {
  return {
    name: 'yourapi-adopted-styles',
    enforce: 'pre',
    apply: 'build',
    load(id) {
      if (!replaced.test(id.replaceAll('\\', '/'))) return null;
      return `export * from ${JSON.stringify(replacement)};`;
    },
  };
}
