import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const here = fileURLToPath(new URL('.', import.meta.url));
const source = fileURLToPath(new URL('..', import.meta.url));

type Tree = { [key: string]: string | Tree };

function readTree(language: string, file: string): Tree {
  return JSON.parse(readFileSync(`${here}${language}/${file}`, 'utf8')) as Tree;
}

function leaves(tree: Tree, prefix = ''): Map<string, string> {
  const found = new Map<string, string>();
  for (const [key, value] of Object.entries(tree)) {
    const path = prefix === '' ? key : `${prefix}.${key}`;
    if (typeof value === 'string') found.set(path, value);
    else for (const [inner, text] of leaves(value, path)) found.set(inner, text);
  }
  return found;
}

function allTexts(language: string): Map<string, string> {
  const all = new Map<string, string>();
  for (const file of readdirSync(`${here}${language}`)) {
    for (const [key, text] of leaves(readTree(language, file), file.replace('.json', ''))) all.set(key, text);
  }
  return all;
}

/** Names in double braces, each once, sorted. */
function placeholders(text: string): string[] {
  return [...new Set([...text.matchAll(/\{\{(\w+)\}\}/g)].map((match) => match[1] ?? ''))].sort();
}

function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return sourceFiles(path);
    return /\.tsx?$/.test(entry.name) && !entry.name.includes('.test.') ? [path] : [];
  });
}

const english = allTexts('en');
const chinese = allTexts('zh');

describe('texts', () => {
  it('has the same keys in both languages', () => {
    expect([...chinese.keys()].sort()).toEqual([...english.keys()].sort());
  });

  it.each([...english.keys()])('%s is filled and keeps its placeholders in both languages', (key) => {
    const [en = '', zh = ''] = [english.get(key), chinese.get(key)];
    expect(en.trim()).not.toBe('');
    expect(zh.trim()).not.toBe('');
    expect(placeholders(zh)).toEqual(placeholders(en));
  });

  it('has a text for every key that the source names', () => {
    const known = (key: string) => english.has(key) || english.has(`${key}_other`);
    const missing = sourceFiles(source).flatMap((file) => {
      const keys = [...readFileSync(file, 'utf8').matchAll(/\bt\(\s*'([\w.]+)'/g)].map((match) => match[1] ?? '');
      return keys.filter((key) => !known(key)).map((key) => `${file.slice(source.length)}: ${key}`);
    });
    expect(missing).toEqual([]);
  });

  it('has texts under every prefix that the source completes', () => {
    const missing = sourceFiles(source).flatMap((file) => {
      const prefixes = [...readFileSync(file, 'utf8').matchAll(/\bt\(\s*`([\w.]+)\$\{/g)].map((match) => match[1] ?? '');
      return prefixes.filter((prefix) => ![...english.keys()].some((key) => key.startsWith(prefix)));
    });
    expect(missing).toEqual([]);
  });

  it('has no text that nothing shows', () => {
    const all = sourceFiles(source).map((file) => readFileSync(file, 'utf8')).join('\n');
    const literal = new Set([...all.matchAll(/'([\w]+(?:\.[\w]+)+)'/g)].map((match) => match[1]));
    const prefixes = [...all.matchAll(/`([\w]+\.[\w.]*)\$\{/g)].map((match) => match[1] ?? '');
    const shown = (key: string) =>
      literal.has(key.replace(/_(one|other)$/, '')) || prefixes.some((prefix) => key.startsWith(prefix));
    expect([...english.keys()].filter((key) => !shown(key))).toEqual([]);
  });
});
