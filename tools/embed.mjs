#!/usr/bin/env node
// Turns the built console (a folder) into two files that the compiler embeds: a table of assets and an assembler file
// that includes their bytes, each file as it is, gzipped, and with brotli.
//
//     tools/embed web/dist build/console
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { extname, join, relative, resolve, sep } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const [source, target] = process.argv.slice(2);
if (!source || !target) {
  console.error('usage: tools/embed DIST TARGET');
  process.exit(2);
}

const types = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
};

function walk(folder) {
  return readdirSync(folder)
    .sort()
    .flatMap((name) => {
      const path = join(folder, name);
      return statSync(path).isDirectory() ? walk(path) : [path];
    });
}

mkdirSync(join(target, 'bytes'), { recursive: true });

let assembler = '        .section .rodata\n';
let externs = '';
let rows = '';

// Adds one run of bytes under a symbol and returns the slice expression for the table.
function add(symbol, bytes) {
  const file = resolve(target, 'bytes', symbol);
  writeFileSync(file, bytes);
  assembler += `        .global ${symbol}\n        .balign 16\n${symbol}:\n        .incbin "${file}"\n`;
  externs += `extern const char ${symbol}[];\n`;
  return `{.p = ${symbol}, .n = ${bytes.length}}`;
}

walk(source).forEach((path, i) => {
  const bytes = readFileSync(path);
  const url = '/' + relative(source, path).split(sep).join('/');
  const gzip = gzipSync(bytes, { level: 9 });
  const brotli = brotliCompressSync(bytes, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
  });
  const etag = createHash('sha256').update(bytes).digest('hex').slice(0, 20);
  const type = types[extname(path)] ?? 'application/octet-stream';
  const parts = [`.identity = ${add(`console_${i}`, bytes)}`];
  if (gzip.length < bytes.length) parts.push(`.gzip = ${add(`console_${i}_gz`, gzip)}`);
  if (brotli.length < bytes.length) parts.push(`.brotli = ${add(`console_${i}_br`, brotli)}`);
  rows += `    {.path = STR_INIT("${url}"),\n     .content_type = STR_INIT("${type}"),\n`;
  rows += `     .etag = STR_INIT("\\"${etag}\\""),\n     ${parts.join(',\n     ')}},\n`;
});

writeFileSync(join(target, 'console_bytes.S'), assembler + '        .section .note.GNU-stack,"",%progbits\n');
writeFileSync(
  join(target, 'console_assets.c'),
  `/* Made by tools/embed. */\n#include "web/console.h"\n\n${externs}\n` +
    `const struct web_asset web_assets[] = {\n${rows}};\n` +
    `const size_t web_asset_count = sizeof web_assets / sizeof web_assets[0];\n`,
);
