import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Answer } from '../main/api/operation.ts';
import { ResultPages } from '../main/api/operations/resultPages.ts';
import { confirmSignOutPage, failedPage, signedInPage, signedOutPage } from '../main/api/pages.ts';
import { LoopgateError, loopgateErrorOf } from '../main/errors/errors.ts';
import { message, verbatim } from '../preload/texts/messages.ts';

const longWord = `https://${'very-long-subdomain'.repeat(12)}.example/${'x'.repeat(200)}`;
const arabic = 'رفض موفر الهوية تسجيل الدخول لأن الحساب غير مسموح به.';

/** Every page that a person can meet, with the words that are hardest to show. */
const pages: Readonly<Record<string, Answer>> = {
  'signed-in': signedInPage('loopgate'),
  'login-received': signedInPage('program'),
  denied: failedPage(
    new LoopgateError('access_denied', { happened: message('signInDenied', { words: 'access_denied' }) }),
    403,
  ),
  'timed-out': failedPage(new LoopgateError('authorization_timeout'), 504),
  'nobody-waited': failedPage(new LoopgateError('unknown_state'), 400),
  unreachable: failedPage(new LoopgateError('provider_unreachable'), 502),
  unexpected: failedPage(loopgateErrorOf(new Error('inside'), { error: () => undefined }), 500),
  'long-words': failedPage(new LoopgateError('provider_error', { happened: verbatim(`It said: ${longWord}`) }), 502),
  'right-to-left': failedPage(new LoopgateError('provider_error', { happened: verbatim(arabic) }), 502),
  'confirm-sign-out': confirmSignOutPage('/signed-out?confirmed=x'),
  'signed-out': signedOutPage(),
  finished: new ResultPages().show('gone'),
};
const names = Object.keys(pages);

const server = createServer(({ url = '' }, response) => {
  const answer = pages[/^\/([^?]*)/.exec(url)?.[1] ?? ''];
  response.writeHead(answer?.status ?? 404, { ...answer?.headers, 'Cache-Control': 'no-store' });
  response.end(answer?.body);
});
let browser: Browser;
let shared: BrowserContext;
let address: string;

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
  shared = await browser.newContext();
});

afterAll(async () => {
  await browser?.close();
  server.close();
});

/** Does something with a page in a tab of its own; gives what the browser had to complain about, too. */
async function inBrowser<T>(name: string, look: (page: Page) => Promise<T>, context = shared) {
  const page = await context.newPage();
  try {
    const complaints: string[] = [];
    const requests: string[] = [];
    page.on('console', (message) => {
      // That the status is an error is as it should be, and a browser asks for a favicon by itself.
      if (!/the server responded with a status|favicon/.test(message.text())) complaints.push(message.text());
    });
    page.on('request', (request) => requests.push(new URL(request.url()).pathname));
    await page.goto(`${address}/${name}`);
    const seen = await look(page);
    return { seen, complaints, requests: requests.filter((path) => path !== '/favicon.ico') };
  } finally {
    await page.close();
  }
}

/** What sticks out of the window or of the box that it is in, or is cut off by it. */
const cutText = `(() => {
  const cut = [];
  const box = document.querySelector('main').getBoundingClientRect();
  if (document.documentElement.scrollWidth > window.innerWidth) cut.push('the page scrolls sideways');
  if (box.top < 0 || box.left < 0) cut.push('the box begins outside the window');
  for (const element of document.querySelectorAll('main *')) {
    const { left, right, top, bottom } = element.getBoundingClientRect();
    const isOut = left < box.left || right > box.right + 0.5 || top < box.top || bottom > box.bottom + 0.5;
    if (isOut) cut.push(element.tagName + ' is outside the box');
    if (element.clientWidth > 0 && element.scrollWidth > element.clientWidth + 1) cut.push(element.tagName + ' is cut');
  }
  return cut;
})()`;

/** Colour and ground of each text and mark, as the browser draws them. */
const coloursOfTexts = `(() => {
  const groundOf = (element) => {
    if (element === null) return 'rgb(255, 255, 255)';
    const { backgroundColor } = getComputedStyle(element);
    return backgroundColor === 'rgba(0, 0, 0, 0)' ? groundOf(element.parentElement) : backgroundColor;
  };
  const elements = document.querySelectorAll('main p, main h1, main a, main dt, main dd, main .mark');
  return [...elements].map((element) => [element.tagName, getComputedStyle(element).color, groundOf(element)]);
})()`;

/** The texts that cannot be read well: their contrast (WCAG 2) is below the least. */
async function faintTexts(page: Page, least: number): Promise<string[]> {
  const texts = await page.evaluate<[string, string, string][]>(coloursOfTexts);
  expect(texts.length).toBeGreaterThan(2);
  const isFaint = ([, colour, ground]: [string, string, string]) => {
    const [darker = 0, lighter = 0] = [luminanceOf(colour), luminanceOf(ground)].sort((a, b) => a - b);
    return (lighter + 0.05) / (darker + 0.05) < least;
  };
  return texts.filter(isFaint).map((text) => text.join(' '));
}

/** @param colour - `rgb(1, 2, 3)` */
function luminanceOf(colour: string): number {
  const [red = 0, green = 0, blue = 0] = (colour.match(/[\d.]+/g) ?? []).map((text) => {
    const part = Number(text) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

const narrow = { width: 320, height: 480 };

describe('the pages after login, in a browser', () => {
  it.each(names)(
    'the page "%s" asks for nothing else, breaks no rule of its policy, and is drawn by its style [R12]',
    async (name) => {
      const { seen, complaints, requests } = await inBrowser(name, (page) =>
        page.evaluate<string>("getComputedStyle(document.querySelector('main')).borderTopLeftRadius"),
      );
      expect(seen).toBe('12px');
      expect(complaints).toEqual([]);
      expect(requests).toEqual([`/${name}`]);
    },
  );

  it.each(names)('the page "%s" is whole at 320 px, with letters of twice the size too', async (name) => {
    const { seen } = await inBrowser(name, async (page) => {
      await page.setViewportSize(narrow);
      const plain = await page.evaluate<string[]>(cutText);
      await page.evaluate("document.documentElement.style.fontSize = '200%'");
      return { plain, large: await page.evaluate<string[]>(cutText) };
    });
    expect(seen).toEqual({ plain: [], large: [] });
  });

  it.each(names)(
    'the page "%s" can be read in light and dark, and better where more contrast is wanted',
    async (name) => {
      await inBrowser(name, async (page) => {
        for (const colorScheme of ['light', 'dark'] as const) {
          await page.emulateMedia({ colorScheme, contrast: 'no-preference' });
          expect(await faintTexts(page, 4.5), colorScheme).toEqual([]);
          await page.emulateMedia({ colorScheme, contrast: 'more' });
          expect(await faintTexts(page, 7), `${colorScheme}, more contrast`).toEqual([]);
          await page.emulateMedia({ colorScheme, contrast: null, forcedColors: 'active' });
          expect(await faintTexts(page, 4.5), `${colorScheme}, forced colours`).toEqual([]);
          await page.emulateMedia({ forcedColors: null });
        }
      });
    },
  );

  it('works without script: the person reads it, and signs out by the keyboard', async () => {
    const { seen } = await inBrowser(
      'confirm-sign-out',
      async (page) => {
        await page.getByRole('heading', { name: 'Sign out of Loopgate?' }).waitFor();
        await page.keyboard.press('Tab');
        await page.getByRole('link', { name: 'Sign out' }).and(page.locator(':focus-visible')).waitFor();
        await page.keyboard.press('Enter');
        await page.getByRole('heading', { name: 'You are signed out' }).waitFor();
        return page.url();
      },
      await browser.newContext({ javaScriptEnabled: false }),
    );
    expect(seen).toBe(`${address}/signed-out?confirmed=x`);
  });

  it('words that are written from right to left are, on a page that is not', async () => {
    const { seen } = await inBrowser('right-to-left', (page) =>
      page.evaluate<string[]>(
        "[...document.querySelectorAll('main > p[dir]')].map((paragraph) => getComputedStyle(paragraph).direction)",
      ),
    );
    expect(seen).toEqual(['rtl', 'ltr']);
  });
});
