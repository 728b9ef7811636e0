// A real browser in front of the console. Every page that it opens is watched: what it writes to its console as an error, what it
// throws, what its content security policy stops, and what it asks of any other address is a fault, which `Watch.faults` keeps.
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

const places = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** The browser's program; undefined where there is none. */
export const browserPath = places.find((path) => path && existsSync(path));

export const desktop = { width: 1280, height: 800 };
export const phone = { width: 390, height: 844 };

export function launchBrowser() {
  return chromium.launch({
    executablePath: browserPath,
    args: [
      '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage',
    ],
  });
}

/** What goes wrong in a page, as it happens. */
export class Watch {
  faults = [];
  #allowed = [];

  constructor(page, origin) {
    page.on('console', (message) => {
      if (message.type() === 'error' || /Content Security Policy/i.test(message.text())) this.note(`console: ${message.text()} (${message.location().url})`);
    });
    page.on('pageerror', (error) => this.note(`thrown: ${error.stack ?? error}`));
    page.on('request', (request) => {
      const url = new URL(request.url());
      if (url.origin !== origin && !['data:', 'blob:'].includes(url.protocol)) this.note(`left the origin: ${url}`);
    });
    page.on('response', (response) => {
      if (response.status() >= 500) this.note(`${response.status()} ${response.url()}`);
    });
  }

  note(fault) {
    if (!this.#allowed.some((pattern) => pattern.test(fault))) this.faults.push(fault);
  }

  /** From here on a fault like this is what the test wants. */
  allow(pattern) {
    this.#allowed.push(pattern);
  }
}

// A place of the earth where it is about noon, so that no test sees midnight pass and yesterday's calls leave "today".
function noonZone() {
  const hours = 12 - new Date().getUTCHours();
  return `Etc/GMT${hours > 0 ? '-' : '+'}${Math.abs(hours)}`;
}

/** One person at one machine: a page with cookies and storage of its own, and its watch. */
export async function newVisitor(browser, origin, { viewport = desktop, locale = 'en-US', shade = 'light', ...more } = {}) {
  const context = await browser.newContext({
    viewport, locale, colorScheme: shade, baseURL: origin, reducedMotion: 'reduce', timezoneId: noonZone(),
    hasTouch: viewport.width < 768, ...more,
  });
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin });
  context.setDefaultTimeout(60_000);
  const page = await context.newPage();
  return { context, page, watch: new Watch(page, origin) };
}

/** By how many pixels the page is wider than its window; 0 when it fits. */
export function overflowOf(page) {
  return page.evaluate(() => Math.max(0, document.documentElement.scrollWidth - window.innerWidth));
}
