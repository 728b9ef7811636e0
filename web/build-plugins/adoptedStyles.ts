import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';

/** The module that writes <style> elements. */
const writer = /@rc-component\/util\/es\/Dom\/dynamicCSS\.js$/;
const replacement = fileURLToPath(new URL('../src/lib/adoptedStyles.ts', import.meta.url));

/** The module that measures text areas, by a style attribute on a hidden copy. */
const measurer = /@rc-component\/input\/es\/calculateNodeHeight\.js$/;
const attribute = /(\w+)\.setAttribute\('style', (`[^`]*`)\)/;

/**
 * Lets the component library live under a strict `style-src 'self'`, which refuses <style> elements and style
 * attributes but not what is done through the CSS object model. The one module that writes elements is replaced,
 * the one that writes an attribute is told to write the object. A library that moved them fails the build.
 */
export function adoptedStyles(): Plugin {
  const done = { writer: false, measurer: false };
  return {
    name: 'yourapi-adopted-styles',
    enforce: 'pre',
    apply: 'build',
    load(id) {
      if (!writer.test(id.replaceAll('\\', '/'))) return null;
      done.writer = true;
      return `export * from ${JSON.stringify(replacement)};`;
    },
    transform(code, id) {
      if (!measurer.test(id.replaceAll('\\', '/')) || !attribute.test(code)) return null;
      done.measurer = true;
      return { code: code.replace(attribute, '$1.style.cssText = $2'), map: null };
    },
    buildEnd(error) {
      if (!error && !(done.writer && done.measurer)) this.error('the component library writes its styles elsewhere now');
    },
  };
}
