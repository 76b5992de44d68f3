import { spawn } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import type { Page } from 'playwright';
import { heading, press, startDesktopApp } from '../support/desktopApp.ts';
import { renewPicture } from '../support/picture.ts';
import { onStage } from '../support/stage.ts';

/** As a desktop in German sets it for all that it starts. */
const inGerman = { LANG: 'de_DE.UTF-8', LANGUAGE: 'de' };

/** The words of a page that are cut, outside of it, or broken in two; not of names and addresses, which break where they must. */
const wordsThatDoNotFit = `(() => {
  const wrong = [];
  const range = document.createRange();
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const { data, parentElement: element } = texts.currentNode;
    if (!element.checkVisibility() || element.closest('code, .visually-hidden') || /[@/]/.test(data)) continue;
    const box = element.getBoundingClientRect();
    const isClipped = getComputedStyle(element).overflowX !== 'visible';
    for (const { 0: word, index } of data.matchAll(/\\p{L}+/gu)) {
      range.setStart(texts.currentNode, index);
      range.setEnd(texts.currentNode, index + word.length);
      const places = [...range.getClientRects()];
      const right = isClipped ? box.right : innerWidth;
      const isOut = places.some((place) => place.left < -1 || place.right > right + 1);
      if (isOut || new Set(places.map(({ top }) => Math.round(top))).size > 1) wrong.push(word);
    }
  }
  return wrong;
})()`;

/** German words are longer: they fit into the narrowest window. */
async function expectFits(page: Page): Promise<void> {
  await page.setViewportSize({ width: 320, height: 600 });
  expect(await page.evaluate(wordsThatDoNotFit)).toEqual([]);
  expect(await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')).toBe(0);
  await page.setViewportSize({ width: 400, height: 600 });
}

test('on a German desktop window, tray, question and browser are in German, and fit', () =>
  onStage(async ({ session, environment, browser, trayLabels }) => {
    const { LOOPGATE_GUARD: _, ...asking } = environment;
    const app = await startDesktopApp({ environment: { ...asking, ...inGerman } });
    const { window } = app;
    await session.tray.waitForItem();
    await expect(heading(app, 'Abgemeldet')).toBeVisible();
    await expect(window.locator('html')).toHaveAttribute('lang', 'de');
    await expect.poll(trayLabels).toEqual(['Abgemeldet', 'Anmelden', 'Loopgate öffnen', 'Einstellungen…', 'Beenden']);
    await expectFits(window);
    await renewPicture(window, '18-german-signed-out');

    const [tab] = await Promise.all([browser.nextTab(), press(app, 'Anmelden')]);
    await expect(heading(app, 'Im Browser fortfahren')).toBeVisible();
    await expectFits(window);
    await renewPicture(window, '18-german-waiting');
    await tab.getByLabel('Your name').fill('Ada Lovelace');
    await tab.getByRole('button', { name: 'Continue' }).click();
    await expect(tab.getByRole('heading', { name: 'Angemeldet', exact: true })).toBeVisible();
    await expect(tab.locator('html')).toHaveAttribute('lang', 'de');
    await renewPicture(tab, '18-german-return');
    await tab.close();

    await expect(heading(app, 'Ada Lovelace')).toBeVisible();
    await expect
      .poll(trayLabels)
      .toEqual([
        'Angemeldet als Ada Lovelace',
        'Weiteres Konto hinzufügen…',
        'Abmelden',
        'Loopgate öffnen',
        'Einstellungen…',
        'Beenden',
      ]);
    await expectFits(window);
    await renewPicture(window, '18-german-signed-in');

    // A program asks, in a window of its own.
    const program = join(session.home, 'acme-editor');
    copyFileSync(process.execPath, program);
    const call = spawn(program, ['-e', `fetch('${app.address}/user/access_token').catch(() => undefined)`]);
    const isQuestion = (page: Page) => page.url().endsWith('/consent.html');
    const question = app.electron.windows().find(isQuestion) ?? (await app.electron.waitForEvent('window', isQuestion));
    await expect(question.getByRole('alertdialog', { name: /^acme-editor möchte/ })).toBeVisible();
    await expect(question.locator('html')).toHaveAttribute('lang', 'de');
    await expect.poll(trayLabels).toContain('acme-editor wartet auf eine Antwort');
    expect(await question.title()).toBe('Loopgate: Ein Programm fragt');
    await expectFits(question);
    await renewPicture(question, '18-german-consent');
    const ended = new Promise((resolve) => call.once('close', resolve));
    await question.getByRole('button', { name: 'Ablehnen' }).click();
    await ended;

    await press(app, 'Programme');
    await expect(window.getByText('Abgelehnt').first()).toBeVisible();
    await expectFits(window);
    await renewPicture(window, '18-german-programs');
    await press(app, 'Einstellungen');
    await expect(window.getByRole('button', { name: 'Alles entfernen…' })).toBeVisible();
    await expectFits(window);
    await renewPicture(window, '18-german-settings');
    await app.quit();
  }));

test('what went wrong is said in German; the provider’s words and the API stay as they are', () =>
  onStage(async ({ environment, browser, trayLabels, session }) => {
    const app = await startDesktopApp({ environment: { ...environment, ...inGerman } });
    await session.tray.waitForItem();
    const [tab] = await Promise.all([browser.nextTab(), press(app, 'Anmelden')]);
    await tab.getByRole('button', { name: 'Deny' }).click();
    await expect(tab.getByRole('heading', { name: 'Die Anmeldung wurde abgelehnt' })).toBeVisible();
    await expect(tab.getByText('Erneut anmelden und zustimmen')).toBeVisible();
    await expect(app.window.getByRole('alert')).toContainText('Die Anmeldung wurde abgelehnt (access_denied');
    await expect
      .poll(trayLabels)
      .toContainEqual(expect.stringMatching(/^Die Anmeldung wurde abgelehnt \(access_denied/));
    await expectFits(app.window);
    await renewPicture(app.window, '18-german-denied');
    const answer: unknown = await (await fetch(`${app.address}/userinfo`)).json();
    expect(answer).toMatchObject({ error_description: expect.stringContaining('Nobody is signed in.') });
    await app.quit();
  }));

test('what is wrong with a setting is said in German', () =>
  onStage(async ({ environment }) => {
    const { LOOPGATE_ISSUER, LOOPGATE_CLIENT_ID, LOOPGATE_AUDIENCE, ...unconfigured } = environment;
    const app = await startDesktopApp({ environment: { ...unconfigured, ...inGerman } });
    const { window } = app;
    await expect(heading(app, 'Willkommen bei Loopgate')).toBeVisible();
    await expectFits(window);
    await renewPicture(window, '18-german-welcome');
    await window.getByLabel('Auth0-Domain oder Issuer').fill('http://example.test');
    await expect(window.getByText('Das ist keine Adresse. Erwartet: eine https-Adresse')).toBeVisible();
    await window.getByLabel('Auth0-Domain oder Issuer').fill('https://localhost:9');
    await expect(window.getByText('Der Anbieter localhost:9 ist nicht erreichbar')).toBeVisible();
    await expectFits(window);
    await press(app, 'Weiter');
    await expect(window.getByText('Die Client-ID fehlt.')).toBeVisible();
    await app.quit();
  }));

for (const [region, time] of [
  ['en_US.UTF-8', /Last: \d{1,2}:\d\d\s[AP]M/],
  ['de_DE.UTF-8', /Last: \d{1,2}:\d\d(?!\s[AP]M)/],
] as const) {
  test(`an English text has times as in the region ${region}`, () =>
    onStage(async ({ environment, signInAs }) => {
      const language = { LANG: 'en_US.UTF-8', LANGUAGE: 'en', LC_TIME: region };
      const app = await startDesktopApp({ environment: { ...environment, ...language } });
      await signInAs('Ada Lovelace', () => press(app, 'Sign in'));
      await expect(heading(app, 'Ada Lovelace')).toBeVisible();
      expect((await fetch(`${app.address}/user/access_token`)).status).toBe(200);
      await press(app, 'Programs');
      await expect(app.window.getByText(time).first()).toBeVisible();
      await app.quit();
    }));
}
