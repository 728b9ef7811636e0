// Prints what the sign-in page loads, compressed, and fails when it is more than its budget.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';

const budgetBytes = 250 * 1024;
const dist = fileURLToPath(new URL('../dist/', import.meta.url));
const assets = readdirSync(`${dist}assets`);
const read = (name) => readFileSync(`${dist}assets/${name}`);

/** The bigger language pack counts; the page loads one of them. */
function biggestPack() {
  const packs = assets.filter((name) => /^entry\.(en|zh)-.*\.js$/.test(name));
  return packs.sort((a, b) => gzipSync(read(b)).length - gzipSync(read(a)).length)[0];
}

function signInFiles() {
  const html = readFileSync(`${dist}index.html`, 'utf8');
  const waiting = [...html.matchAll(/\/assets\/([\w.-]+)/g)].map((match) => match[1]);
  waiting.push(assets.find((name) => /^SignInPage-.*\.js$/.test(name)), biggestPack());
  const found = new Set();
  while (waiting.length > 0) {
    const name = waiting.pop();
    if (found.has(name)) continue;
    found.add(name);
    if (!name.endsWith('.js')) continue;
    const statics = read(name).toString().matchAll(/(?:from|import)\s*["']\.\/([\w.-]+\.js)["']/g);
    for (const match of statics) waiting.push(match[1]);
  }
  return [...found].sort();
}

let gzip = gzipSync(readFileSync(`${dist}index.html`)).length;
let brotli = brotliCompressSync(readFileSync(`${dist}index.html`)).length;
for (const name of signInFiles()) {
  const size = gzipSync(read(name), { level: 9 }).length;
  gzip += size;
  brotli += brotliCompressSync(read(name)).length;
  console.log(`${(size / 1024).toFixed(1).padStart(8)} KB  ${name}`);
}
const line = `sign-in page: ${(gzip / 1024).toFixed(1)} KB gzip, ${(brotli / 1024).toFixed(1)} KB brotli`;
console.log(`${line}; budget ${budgetBytes / 1024} KB`);
if (gzip > budgetBytes) process.exit(1);
