import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import tailwindcss from '@tailwindcss/vite';
import { defineConfig } from 'vitest/config';
import { adoptedStyles } from './build-plugins/adoptedStyles.ts';

const apiTarget = process.env.API_TARGET ?? 'http://127.0.0.1:3000';

export default defineConfig({
  plugins: [react(), tailwindcss(), adoptedStyles()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  server: { proxy: { '/api': apiTarget, '/v1': apiTarget } },
  build: {
    target: 'es2022',
    // Nothing is inlined: the page's policy allows files of its own server only.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // The dashboard's chart library is the one big chunk; `npm run size` guards the sign-in page.
    chunkSizeWarningLimit: 1000,
  },
  test: { environment: 'node', testTimeout: 60_000, include: ['src/**/*.test.ts', 'src/**/*.test.tsx'] },
});
