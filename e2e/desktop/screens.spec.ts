import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import type { Locator, Page } from 'playwright';
import { axeFindings } from '../support/axe.ts';
import { type DesktopApp, heading, press, startDesktopApp } from '../support/desktopApp.ts';
import { cutOff, listenTo, moving, tabThrough } from '../support/pageChecks.ts';
import { renewPicture, renewZoomedPicture } from '../support/picture.ts';
import {
  answerQuestion,
  askingWindow,
  asks,
  closeAskingWindow,
  makeProgram,
  outputOf,
  preflightFrom,
} from '../support/program.ts';
import { onStage, type Stage, type StageOptions, unconfigured } from '../support/stage.ts';

/** Where the table has got to. */
interface Scene {
  readonly stage: Stage;
  app: DesktopApp;
  /** What still waits for an answer. */
  readonly asking: Promise<unknown>[];
}

/** A screen: what it is, and how a person gets there from the one before it. */
interface Screen {
  readonly name: string;
  /** @returns the window that shows it, when it does */
  readonly reach: (scene: Scene) => Promise<Page>;
  /** The name of its picture, where the story of another test has none of it. */
  readonly picture?: string;
  /** The same at 200 %. */
  readonly zoomedPicture?: string;
}

/** Screens that one start of the app comes by. */
interface Journey {
  readonly title: string;
  readonly stage?: StageOptions;
  readonly start: (stage: Stage) => Promise<DesktopApp>;
  readonly screens: readonly Screen[];
}

const longName = 'Wolfeschlegelsteinhausenbergerdorff Maximiliana-Alexandrina von Hohenzollern-Sigmaringen';
const longSubject = `auth0|${longName.toLowerCase().replaceAll(' ', '-')}`;
const longEmail = 'wolfeschlegelsteinhausenbergerdorff.maximiliana-alexandrina@a-rather-long-host-name.example.test';

const field = ({ window }: DesktopApp, name: string): Locator => window.getByLabel(name, { exact: true });
const open = ({ window }: DesktopApp, summary: string) => window.getByText(summary).click();

/** Nobody here reads what the browser shows: it is another program's. */
const openBrowser = async ({ stage, app }: Scene, button: string): Promise<Page> => {
  const [tab] = await Promise.all([stage.browser.nextTab(), press(app, button)]);
  return tab;
};

async function shows(app: DesktopApp, name: string): Promise<Page> {
  await expect(heading(app, name)).toBeVisible();
  return app.window;
}

const journeys: readonly Journey[] = [
  {
    title: 'from nothing configured to several accounts',
    start: (stage) => startDesktopApp({ environment: { ...unconfigured(stage), LOOPGATE_GUARD: 'same-user' } }),
    screens: [
      { name: 'Welcome', reach: ({ app }) => shows(app, 'Welcome to Loopgate'), zoomedPicture: '21-zoom-welcome' },
      {
        name: 'Welcome with all parts open and a wrong address',
        picture: '20-welcome-open',
        async reach({ app }) {
          await field(app, 'Auth0 domain or issuer').fill('http://tenant.example');
          await open(app, 'More');
          await open(app, 'What to register at the provider');
          await expect(app.window.locator('#issuer-said')).toContainText('This is not an address');
          return app.window;
        },
      },
      {
        name: 'signed out',
        async reach({ stage: { provider }, app }) {
          await field(app, 'Auth0 domain or issuer').fill(provider.issuer);
          await field(app, 'Client ID').fill(provider.clientId);
          await field(app, 'Audience').fill(provider.audience);
          await press(app, 'Continue');
          return await shows(app, 'You are signed out');
        },
      },
      {
        name: 'waiting for the browser',
        async reach(scene) {
          await openBrowser(scene, 'Sign in');
          return await shows(scene.app, 'Continue in your browser');
        },
      },
      {
        name: 'waiting for a browser that runs elsewhere',
        async reach({ app }) {
          await app.window.getByText('My browser runs elsewhere').click();
          await press(app, 'Show the provider’s address');
          await expect(app.window.locator('.login-address')).toContainText('state=');
          return app.window;
        },
      },
      {
        name: 'the sign-in was refused',
        picture: '20-refused',
        async reach(scene) {
          const tab = await openBrowser(scene, 'Open again');
          await tab.getByRole('button', { name: 'Deny' }).click();
          await expect(scene.app.window.getByRole('alert')).toContainText('The sign-in was refused');
          return scene.app.window;
        },
      },
      {
        name: 'signed in, with a long name and a long e-mail address that is not verified',
        picture: '20-long-name',
        zoomedPicture: '21-zoom-signed-in',
        async reach({ stage: { provider, signInAs }, app }) {
          const body = { sub: longSubject, name: longName, email: longEmail, email_verified: false };
          provider.fault('/userinfo', { status: 200, body, times: 1 });
          await signInAs(longName, () => press(app, 'Try again'));
          await expect(app.window.getByText(longEmail)).toBeVisible();
          return await shows(app, longName);
        },
      },
      {
        name: 'Programs, none yet',
        async reach({ app }) {
          await press(app, 'Programs');
          await expect(app.window.getByText('No program has asked yet')).toBeVisible();
          return app.window;
        },
      },
      {
        name: 'two accounts',
        async reach({ stage: { signInAs }, app }) {
          await press(app, 'Account');
          await signInAs('Ada Lovelace', () => press(app, 'Add another account'));
          await shows(app, 'Ada Lovelace');
          return await shows(app, 'Other accounts');
        },
      },
      {
        name: 'a program switched the account',
        async reach({ app }) {
          const body = JSON.stringify({ user_id: longSubject });
          const headers = { 'Content-Type': 'application/json' };
          await fetch(`${app.address}/user/select`, { method: 'POST', headers, body });
          return await shows(app, `A program switched to ${longName}`);
        },
      },
      {
        name: 'waiting for the browser while somebody is signed in',
        picture: '20-waiting-signed-in',
        async reach(scene) {
          await press(scene.app, 'Keep');
          await openBrowser(scene, 'Add another account');
          return await shows(scene.app, 'Continue in your browser');
        },
      },
      {
        name: 'Settings with all parts open, one of them set by the environment',
        zoomedPicture: '21-zoom-settings',
        async reach({ app }) {
          await press(app, 'Cancel');
          await press(app, 'Settings');
          await open(app, 'What to register at the provider');
          await expect(app.window.getByText('Set by LOOPGATE_GUARD')).toBeVisible();
          return app.window;
        },
      },
    ],
  },
  {
    title: 'a program asks',
    async start(stage) {
      const { issuer, clientId } = stage.provider;
      await writeFile(join(stage.home, 'settings.json'), JSON.stringify({ issuer, clientId, port: 0 }));
      return await startDesktopApp({ environment: unconfigured(stage) });
    },
    screens: [
      {
        name: 'the question',
        zoomedPicture: '21-zoom-consent',
        async reach({ stage, app, asking }) {
          asking.push(asks(makeProgram(stage, 'acme-editor'), app));
          const question = await askingWindow(app);
          await expect(question.getByRole('button', { name: 'Allow', exact: true })).toBeEnabled();
          return question;
        },
      },
      {
        name: 'the window while a question waits',
        picture: '20-question-waits',
        reach: ({ app }) => shows(app, 'A program waits for your answer'),
      },
      {
        name: 'the question about an interpreter, with its script and the name it gives itself',
        picture: '20-asks-interpreter',
        async reach({ stage, app, asking }) {
          const before = await askingWindow(app);
          await Promise.all([before.waitForEvent('close'), answerQuestion(before, 'Allow')]);
          await Promise.all(asking.splice(0));
          const script = join(stage.session.home, 'fetch-a-token-for-the-nightly-build-of-the-documentation.mjs');
          const application = { name: 'VS_CODE', version: '1.0.0', platform: 'LINUX' };
          await writeFile(
            script,
            `const [address] = process.argv.slice(2);
             const headers = { 'Content-Type': 'application/json' };
             await fetch(address + '/connect', { method: 'POST', headers, body: '${JSON.stringify({ application })}' });
             await fetch(address + '/user/access_token');`,
          );
          asking.push(outputOf(process.execPath, [script, app.address]));
          const question = await askingWindow(app);
          await expect(question.getByRole('alertdialog', { name: /^node/ })).toBeVisible();
          await expect(question.getByText('It calls itself')).toBeVisible();
          await expect(question.getByText('It says it runs')).toBeVisible();
          return question;
        },
      },
      {
        name: 'the question about a program that cannot be identified, after another one',
        picture: '20-asks-unknown',
        async reach({ app, asking }) {
          const { port } = new URL(app.address);
          // Two programs hold the connection, so that none of them is the one. It asks when the second is there.
          const request = `GET /user/access_token HTTP/1.1\\r\\nHost: localhost:${port}\\r\\nConnection: close\\r\\n\\r\\n`;
          const script = `exec 3<>/dev/tcp/127.0.0.1/${port}; cat <&3 & while [ /proc/$!/exe -ef /proc/$$/exe ]; do :; done; printf '${request}' >&3; wait`;
          asking.push(outputOf('bash', ['-c', script]));
          const question = await askingWindow(app);
          await expect(question.getByText('1 of 2')).toBeVisible();
          await answerQuestion(question, 'Deny');
          await expect(question.getByText('Its path is not known.')).toBeVisible();
          await expect(question.getByRole('button', { name: 'Allow once' })).toBeEnabled();
          return question;
        },
      },
      {
        name: 'a program asked while nobody was there',
        picture: '20-unanswered',
        async reach({ app, asking }) {
          await closeAskingWindow(app);
          await Promise.all(asking.splice(0));
          return await shows(app, 'A program asked while you were away');
        },
      },
      {
        name: 'Programs: allowed and denied ones, an origin, the history',
        picture: '20-programs-history',
        zoomedPicture: '21-zoom-programs',
        async reach({ app }) {
          expect(await preflightFrom('app://obsidian.md', app)).toBe('403');
          await press(app, 'See programs');
          await expect(app.window.getByRole('button', { name: 'Allow: app://obsidian.md' })).toBeVisible();
          await expect(app.window.getByRole('button', { name: 'Deny: acme-editor' })).toBeVisible();
          await open(app, 'History (');
          return app.window;
        },
      },
    ],
  },
  {
    title: 'a login that does not get on',
    // No browser is found there.
    start: ({ environment }) => startDesktopApp({ environment: { ...environment, PATH: '/nowhere' } }),
    screens: [
      {
        name: 'no browser could be opened',
        picture: '23-not-opened',
        async reach({ app }) {
          await app.window.clock.install();
          await press(app, 'Sign in');
          return await shows(app, 'No browser could be opened');
        },
      },
      {
        name: 'what to compare when the page shows an error',
        picture: '23-error-page',
        async reach({ app }) {
          await app.window.clock.fastForward(15_000);
          await open(app, 'The page shows an error?');
          return app.window;
        },
      },
    ],
  },
  {
    title: 'what needs attention',
    stage: { losesProvider: true },
    start: ({ environment }) => startDesktopApp({ environment, switches: ['--password-store=basic'] }),
    screens: [
      {
        name: 'no keyring: the question',
        reach: ({ app }) => shows(app, 'No keyring protects your sign-in on this system'),
      },
      {
        name: 'signed in, with the sign-in in a file and the choice open',
        picture: '20-storage',
        async reach({ stage: { signInAs }, app }) {
          await press(app, 'Keep it in a file');
          await signInAs('Grace Hopper', () => press(app, 'Sign in'));
          await press(app, 'Change');
          return await shows(app, 'Grace Hopper');
        },
      },
      {
        name: 'the session has ended',
        async reach({ stage: { provider }, app }) {
          provider.revokeAll();
          const body = new URLSearchParams({ grant_type: 'refresh_token', client_id: provider.clientId });
          expect((await fetch(`${app.address}/oauth/token`, { method: 'POST', body })).status).toBe(401);
          await expect(app.window.getByRole('alert')).toContainText('The session has ended');
          return await shows(app, 'You are signed out');
        },
      },
      {
        name: 'the provider cannot be reached any more',
        picture: '20-not-reached',
        async reach({ stage: { loseProvider }, app }) {
          // The provider still knows the browser, and asks for no name.
          await press(app, 'Sign in again');
          await shows(app, 'Grace Hopper');
          await loseProvider();
          expect((await fetch(`${app.address}/user/refresh`)).status).toBe(502);
          await expect(app.window.getByText('The provider cannot be reached now.').first()).toBeVisible();
          return app.window;
        },
      },
      {
        name: 'Remove everything: the question',
        picture: '20-remove',
        async reach({ app }) {
          await press(app, 'Settings');
          await press(app, 'Remove everything…');
          await expect(app.window.getByRole('button', { name: 'Cancel' })).toBeFocused();
          return app.window;
        },
      },
      {
        name: 'Remove everything: a sign-in could not be revoked',
        async reach({ app }) {
          await press(app, 'Yes, remove everything');
          await expect(app.window.getByRole('alert')).toContainText('could not be revoked');
          return app.window;
        },
      },
      {
        name: 'the keyring is locked',
        async reach(scene) {
          const { environment, session } = scene.stage;
          await scene.app.quit();
          await session.lockKeyring();
          scene.app = await startDesktopApp({ environment });
          return await shows(scene.app, 'The keyring is locked');
        },
      },
      {
        name: 'started while the provider cannot be reached',
        async reach({ stage: { session }, app }) {
          await session.unlockKeyring();
          await expect(app.window.getByText('Not verified')).toBeVisible();
          return app.window;
        },
      },
    ],
  },
  {
    title: 'a keyring that has yet to be made',
    stage: { keyring: 'new' },
    start: ({ environment }) => startDesktopApp({ environment }),
    screens: [
      {
        name: 'signed in, and what the system will ask',
        picture: '20-keyring-to-be-made',
        zoomedPicture: '21-zoom-keyring-to-be-made',
        async reach({ stage: { signInAs }, app }) {
          await signInAs('Grace Hopper', () => press(app, 'Sign in'));
          await expect(app.window.getByRole('button', { name: 'Make a keyring' })).toBeVisible();
          return await shows(app, 'Grace Hopper');
        },
      },
      {
        name: 'the same, with what can be done without one',
        async reach({ app }) {
          await press(app, 'Keep it without one');
          await expect(app.window.getByRole('button', { name: 'Keep it in a file' })).toBeVisible();
          return app.window;
        },
      },
    ],
  },
];

/** What a person's system can ask for. The words and boxes are the same in all of them. */
const themes = { light: { colorScheme: 'light' }, dark: { colorScheme: 'dark' } } as const;
const strongThemes = {
  'more contrast': { colorScheme: 'light', contrast: 'more' },
  'more contrast, dark': { colorScheme: 'dark', contrast: 'more' },
  'forced colours': { colorScheme: 'light', forcedColors: 'active' },
  'forced colours, dark': { colorScheme: 'dark', forcedColors: 'active' },
} as const;

/** As the zoom of a browser: the words and everything around them become larger, and the window does not. */
async function zoom({ electron }: DesktopApp, page: Page, factor: number): Promise<void> {
  const before = await page.evaluate('innerWidth * devicePixelRatio');
  await electron.evaluate(
    ({ webContents }, { url, wanted }) => {
      for (const one of webContents.getAllWebContents()) if (one.getURL() === url) one.setZoomFactor(wanted);
    },
    { url: page.url(), wanted: factor },
  );
  await expect.poll(() => page.evaluate('[devicePixelRatio, innerWidth * devicePixelRatio]')).toEqual([factor, before]);
}

async function inspect({ app }: Scene, { name, picture, zoomedPicture }: Screen, page: Page): Promise<void> {
  // Nothing fades then: the colours are those that stay.
  const plain = { colorScheme: null, contrast: null, forcedColors: null, reducedMotion: 'reduce' } as const;
  for (const factor of [1, 2]) {
    const at = `${name}, at ${factor * 100} %`;
    await zoom(app, page, factor);
    await page.emulateMedia(plain);
    expect.soft(await cutOff(page), at).toEqual([]);
    // What began to fade before less motion was asked for goes on to its end.
    await expect
      .configure({ soft: true })
      .poll(() => moving(page), { message: at })
      .toEqual([]);
    for (const [theme, media] of Object.entries(themes)) {
      await page.emulateMedia({ ...plain, ...media });
      expect.soft(await axeFindings(page), `${at}, ${theme}`).toEqual([]);
    }
    if (factor === 1 && picture !== undefined) await renewPicture(page, picture);
    if (factor === 2 && zoomedPicture !== undefined) await renewZoomedPicture(app, page, zoomedPicture);
  }
  await zoom(app, page, 1);
  for (const [theme, media] of Object.entries(strongThemes)) {
    await page.emulateMedia({ ...plain, ...media });
    expect.soft(await axeFindings(page, 'colours'), `${name}, ${theme}`).toEqual([]);
  }
  await page.emulateMedia({ ...plain, reducedMotion: null });
}

// Many screens for one start. Only reached when something is broken.
test.setTimeout(300_000);

for (const { title, stage: options, start, screens } of journeys) {
  test(`nothing wrong for axe, cut off or moving: ${title}`, () =>
    onStage(async (stage) => {
      const scene: Scene = { stage, app: await start(stage), asking: [] };
      for (const screen of screens) {
        await test.step(screen.name, async () => inspect(scene, screen, await screen.reach(scene)));
      }
      await scene.app.quit();
    }, options));
}

/** Goes to a control by the Tab key alone. */
async function tabTo(page: Page, control: Locator): Promise<void> {
  const isThere = () => control.evaluate((element) => element.matches(':focus'));
  for (let press = 0; press < 40 && !(await isThere()); press += 1) await page.keyboard.press('Tab');
  await expect(control).toBeFocused();
}

/** Goes to a control and presses a key there. The window may be gone before the key is up again. */
async function pressBy(key: 'Enter' | 'Space', page: Page, control: Locator): Promise<void> {
  await tabTo(page, control);
  await page.keyboard.press(key).catch(() => undefined);
}

test('by keyboard alone, with the focus in sight, and every state said once', () =>
  onStage(async (stage) => {
    const { provider, signInAs } = stage;
    const app = await startDesktopApp({ environment: unconfigured(stage) });
    const { window } = app;
    const button = (name: string, page = window) => page.getByRole('button', { name, exact: true });
    const summary = (name: string) => window.locator('summary').filter({ hasText: name });
    /** Every control is on the way, in the order of the screen, and its focus is seen, in both themes. */
    const walk = async (page: Page, ...some: string[]) => {
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        const { stops, findings } = await tabThrough(page);
        expect.soft(findings, some.join()).toEqual([]);
        for (const one of some) expect(stops).toContainEqual(expect.stringContaining(`"${one}`));
      }
    };

    await shows(app, 'Welcome to Loopgate');
    await walk(window, 'Auth0 domain or issuer', 'Client ID', 'More', 'What to register', 'Continue');
    await pressBy('Enter', window, summary('More'));
    await pressBy('Space', window, summary('What to register at the provider'));
    await walk(window, 'Audience', 'Copy: Allowed Callback URLs');
    await tabTo(window, field(app, 'Auth0 domain or issuer'));
    await window.keyboard.type(provider.issuer);
    await tabTo(window, field(app, 'Client ID'));
    await window.keyboard.type(provider.clientId);
    await pressBy('Space', window, button('Continue'));
    await expect(heading(app, 'You are signed out')).toBeFocused();
    const said = await listenTo(window);

    await signInAs('Ada Lovelace', async () => {
      await pressBy('Enter', window, button('Sign in'));
      await shows(app, 'Continue in your browser');
      expect(await said()).toEqual(['status: Waiting for you to sign in in the browser.']);
      await walk(window, 'Open again', 'Copy address', 'My browser runs elsewhere', 'Cancel');
    });
    await shows(app, 'Ada Lovelace');
    expect(await said()).toEqual(['status: Signed in as Ada Lovelace.']);
    await walk(window, 'Account', 'Programs', 'Settings', 'Sign out', 'Add another account');

    // The window that asks: Escape leaves it, which is no.
    const editor = makeProgram(stage, 'acme-editor');
    const denied = asks(editor, app);
    const question = await askingWindow(app);
    await expect(button('Deny', question)).toBeFocused();
    await expect(button('Allow', question)).toHaveAttribute('aria-disabled', 'false');
    await walk(question, 'Deny', 'Allow once', 'Allow');
    await question.keyboard.press('Escape').catch(() => undefined);
    expect(await denied).toBe('403 consent_denied');
    expect(await said()).toEqual(['status: A program asks for your sign-in and waits for your answer.']);

    await pressBy('Enter', window, button('Programs'));
    await expect(button('Allow: acme-editor')).toBeVisible();
    await walk(window, 'Allow: acme-editor', 'Remove: acme-editor', 'History (1)');
    await pressBy('Space', window, button('Allow: acme-editor'));
    await expect(button('Deny: acme-editor')).toBeVisible();
    expect(await asks(editor, app)).toBe('200');
    await window.keyboard.press('Escape');
    await shows(app, 'Ada Lovelace');

    await pressBy('Space', window, button('Settings'));
    await expect(button('Remove everything…')).toBeVisible();
    await walk(window, 'Port', 'Ask me about each one', 'Copy a report', 'Remove everything…');
    await pressBy('Enter', window, button('Remove everything…'));
    await expect(button('Cancel')).toBeFocused();
    await walk(window, 'Cancel', 'Yes, remove everything');
    await pressBy('Space', window, button('Cancel'));
    await expect(button('Remove everything…')).toBeFocused();
    await window.keyboard.press('Escape');
    await expect(heading(app, 'Ada Lovelace')).toBeFocused();

    // Larger words, by the keys of a browser. Playwright's own keys come in behind the app, which does not see them.
    const key = (keyCode: string) =>
      app.electron.evaluate(({ webContents }, code) => {
        for (const one of webContents.getAllWebContents()) {
          one.sendInputEvent({ type: 'keyDown', keyCode: code, modifiers: ['control'] });
        }
      }, keyCode);
    const percent = () =>
      app.electron.evaluate(({ webContents }) =>
        webContents.getAllWebContents().map((one) => Math.round(one.getZoomFactor() * 100)),
      );
    for (const step of [110, 125, 150, 175, 200]) {
      await key('Plus');
      await expect.poll(percent).toEqual([step]);
    }
    await key('0');
    await expect.poll(percent).toEqual([100]);

    // Ended: said with its reason, and not a second time.
    await said();
    provider.revokeAll();
    const renewal = `grant_type=refresh_token&client_id=${provider.clientId}`;
    const script = `await fetch('${app.address}/oauth/token', { method: 'POST', body: new URLSearchParams('${renewal}') })`;
    await outputOf(editor, ['--input-type=module', '-e', script]);
    await shows(app, 'You are signed out');
    expect(await said()).toEqual([expect.stringMatching(/^alert: Your sign-in has ended.*The session has ended/)]);
    await walk(window, 'Dismiss', 'Sign in again');
    await app.quit();
  }));
