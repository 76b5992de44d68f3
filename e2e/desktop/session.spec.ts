import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import type { ElectronApplication, Page } from 'playwright';
import { WebSocket } from 'ws';
import type { IdentityProvider } from '../../demo/identity-provider/provider.ts';
import type { AppView } from '../../preload/views/appView.ts';
import { type DesktopApp, heading, press, startDesktopApp, watchNotifications } from '../support/desktopApp.ts';
import { renewPicture } from '../support/picture.ts';
import { onStage } from '../support/stage.ts';

const alertOf = ({ window }: DesktopApp) => window.getByRole('alert');
const ofToken = ({ path }: { path: string }) => path === '/oauth/token';
const viewOf = ({ window }: DesktopApp): Promise<AppView> => window.evaluate('window.loopgate.view()');

/** Renews the session as a program asks for it. */
function renew({ address }: DesktopApp, { clientId }: IdentityProvider): Promise<Response> {
  const body = new URLSearchParams({ grant_type: 'refresh_token', client_id: clientId });
  return fetch(`${address}/oauth/token`, { method: 'POST', body });
}

async function get({ address }: DesktopApp, path: string): Promise<{ status: number; body: string }> {
  const answer = await fetch(`${address}${path}`);
  return { status: answer.status, body: await answer.text() };
}

/** What an editor's plug-in hears about the person: the name of each frame, an empty text for an empty one. */
function listen({ address }: DesktopApp): string[] {
  const names: string[] = [];
  const stream = new WebSocket(`${address.replace('http', 'ws')}/user/stream`);
  stream.on('message', (data) => {
    const frame = String(data);
    names.push(frame === '' ? '' : String((JSON.parse(frame) as { name?: unknown }).name));
  });
  // The app ends it when it quits.
  stream.on('error', () => undefined);
  return names;
}

test('a session: renewed once after sleep, kept when a renewal is refused, and ended with the reason everywhere, also after a restart [T7, T5]', () =>
  onStage(
    async ({ session, environment, signInAs, trayLabels, provider }) => {
      const { tray } = session;
      let app = await startDesktopApp({ environment });
      const notifications = await watchNotifications(app, session);
      const frames = listen(app);
      await tray.waitForItem();
      await signInAs('Grace Hopper', () => press(app, 'Sign in'));
      await expect(heading(app, 'Grace Hopper')).toBeVisible();
      await expect.poll(trayLabels).toContain('Signed in as Grace Hopper');
      const icon = async () => JSON.stringify(await tray.property('IconPixmap'));
      const iconSignedIn = await icon();

      // T7: the token has ended while the machine slept. Waking renews it, once, although nobody asks.
      const { expiresAt = 0 } = await viewOf(app);
      await expect.poll(() => Date.now()).toBeGreaterThan(expiresAt);
      provider.clearRequests();
      await app.electron.evaluate(({ powerMonitor }) => {
        powerMonitor.emit('resume');
        powerMonitor.emit('resume');
      });
      const renewal = await provider.waitFor(ofToken, 15_000);
      expect(renewal.parameters).toMatchObject({ grant_type: 'refresh_token' });
      await expect.poll(async () => (await viewOf(app)).expiresAt).toBeGreaterThan(expiresAt);
      expect(provider.count('/oauth/token')).toBe(1);

      // T5: a refusal that says nothing about the session. It is kept, said, and not tried again unasked.
      const lift = provider.fault('/oauth/token', { status: 401, body: { error: 'invalid_client' } });
      await renew(app, provider);
      await expect(alertOf(app)).toContainText('invalid_client');
      await expect(heading(app, 'Grace Hopper')).toBeVisible();
      const refused = /invalid_client/;
      await expect.poll(trayLabels).toContainEqual(expect.stringMatching(refused));
      expect(await trayLabels()).toContain('Signed in as Grace Hopper');
      const iconOfProblem = await icon();
      expect(iconOfProblem).not.toBe(iconSignedIn);
      const asked = provider.count('/oauth/token');
      await renew(app, provider);
      expect(provider.count('/oauth/token')).toBe(asked);
      lift();
      await press(app, 'Try again');
      await expect(alertOf(app)).toHaveCount(0);
      expect(provider.count('/oauth/token')).toBe(asked + 1);
      await expect.poll(trayLabels).not.toContainEqual(expect.stringMatching(refused));
      expect(await icon()).toBe(iconSignedIn);
      expect((await get(app, '/userinfo')).status).toBe(200);
      expect(await notifications()).toEqual([]);
      expect(new Set(frames.slice(1))).toEqual(new Set(['Grace Hopper']));

      // Ended by the provider: everything says so, and why.
      const reason = 'The session has ended: the identity provider no longer accepts it';
      provider.revokeAll();
      expect((await renew(app, provider)).status).toBe(401);
      await expect(heading(app, 'You are signed out')).toBeVisible();
      await expect(alertOf(app)).toContainText(reason);
      await expect(app.window.getByRole('button', { name: 'Sign in again' })).toBeVisible();
      await expect.poll(trayLabels).toContain('The session has ended: sign in again');
      expect(await tray.property('ToolTip')).toContain('Loopgate – Signed out – The session has ended: sign in again');
      expect(await icon()).toBe(iconOfProblem);
      await expect.poll(() => frames.at(-1)).toBe('');
      const refusal = await get(app, '/user/access_token');
      expect(refusal.status).toBe(401);
      expect(JSON.parse(refusal.body)).toMatchObject({
        error: 'not_signed_in',
        error_description: expect.stringContaining(reason) as unknown,
      });
      await expect.poll(notifications).toEqual(['Your sign-in has ended. Sign in again when you need it.']);
      await renewPicture(app.window, '10-ended');
      await app.quit();

      // Started again: it is still known, and over with a new sign-in.
      app = await startDesktopApp({ environment });
      await expect(alertOf(app)).toContainText(reason);
      await tray.waitForItem();
      await expect.poll(trayLabels).toContain('The session has ended: sign in again');
      expect((await get(app, '/user/access_token')).body).toContain(reason);
      await press(app, 'Sign in again');
      await expect(heading(app, 'Grace Hopper')).toBeVisible();
      await expect(alertOf(app)).toHaveCount(0);
      await expect.poll(trayLabels).toContain('Signed in as Grace Hopper');
      await app.quit();
    },
    // Short-lived access tokens: one is over when the test wants it to be, and is renewed for whoever asks.
    { provider: { accessTokenSeconds: 2 } },
  ));

test('a provider that cannot be reached signs nobody out; the window says since when, and all is well when it is back [T5]', () =>
  onStage(
    async ({ session, environment, signInAs, trayLabels, loseProvider, regainProvider }) => {
      const { tray } = session;
      let app = await startDesktopApp({ environment });
      await signInAs('Grace Hopper', () => press(app, 'Sign in'));
      await expect(heading(app, 'Grace Hopper')).toBeVisible();
      await expect(app.window.getByText('Verified')).toBeVisible();
      await app.quit();
      const away: unknown = expect.stringMatching(/^Provider not reached since .*\d/);

      // Away at the start.
      await loseProvider();
      app = await startDesktopApp({ environment });
      await expect(heading(app, 'Grace Hopper')).toBeVisible();
      await tray.waitForItem();
      const note = app.window.getByRole('note');
      await expect(note).toContainText(
        /Not verified: the provider cannot be reached since .*\d.*\. What you see is from .*\d/,
      );
      await expect(app.window.getByText('Verified', { exact: true })).toHaveCount(0);
      await expect.poll(trayLabels).toContainEqual(away);
      expect((await get(app, '/userinfo')).status).toBe(200);
      expect((await get(app, '/user/access_token')).status).toBe(200);
      await renewPicture(app.window, '11-not-verified');
      await regainProvider();
      await press(app, 'Try now');
      await expect(note).toHaveCount(0);
      await expect(app.window.getByText('Verified', { exact: true })).toBeVisible();
      await expect.poll(trayLabels).not.toContainEqual(away);

      // Away later. It comes back by itself: nobody presses anything.
      await loseProvider();
      expect((await get(app, '/user/refresh')).status).toBe(502);
      await expect(note).toContainText(
        /cannot be reached since .*\d.*\. Your sign-in is kept\. What you see is from .*\d/,
      );
      await expect.poll(trayLabels).toContainEqual(away);
      await regainProvider();
      await expect(note).toHaveCount(0, { timeout: 30_000 });
      await expect.poll(trayLabels).not.toContainEqual(away);
      await app.quit();
    },
    { losesProvider: true },
  ));

test('no token reaches the window, the logs or the data folder, whatever state it is in [T9]', () =>
  onStage(async ({ session, environment, home, signInAs, provider, browser }) => {
    let app = await startDesktopApp({ environment: { ...environment, LOOPGATE_LOG_LEVEL: 'debug' } });
    const watch = await watchWindow(app);
    const tokens = new Set<string>();
    const collect = async () => {
      await watch.look();
      // As a program gets them; the rest the provider has seen.
      const answer: unknown = await (await renew(app, provider)).json();
      for (const token of Object.values(answer as object)) if (isSecret(token)) tokens.add(token);
      await watch.look();
    };
    await session.tray.waitForItem();
    await watch.look();

    const [tab] = await Promise.all([browser.nextTab(), press(app, 'Sign in')]);
    await expect(heading(app, 'Continue in your browser')).toBeVisible();
    await watch.look();
    await tab.getByLabel('Your name').fill('Grace Hopper');
    await tab.getByRole('button', { name: 'Continue' }).click();
    await expect(heading(app, 'Grace Hopper')).toBeVisible();
    await collect();
    await signInAs('Ada Lovelace', () => press(app, 'Add another account'));
    await expect(heading(app, 'Ada Lovelace')).toBeVisible();
    await collect();
    await fetch(`${app.address}/user/select`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: '{"user_id":"auth0|grace-hopper"}',
    });
    await expect(heading(app, 'A program switched to Grace Hopper')).toBeVisible();
    await collect();
    const lift = provider.fault('/oauth/token', { status: 401, body: { error: 'invalid_client' } });
    await renew(app, provider);
    await expect(alertOf(app)).toContainText('invalid_client');
    await watch.look();
    lift();
    await press(app, 'Try again');
    await expect(alertOf(app)).toHaveCount(0);
    const away = provider.fault('/userinfo', { drop: true });
    await get(app, '/user/refresh');
    await expect(app.window.getByRole('note')).toContainText('cannot be reached');
    await watch.look();
    away();
    // All that the window still holds in its memory, reachable or not.
    const memory = await memoryOf(app.window);
    provider.revokeAll('auth0|grace-hopper');
    await renew(app, provider);
    await expect(alertOf(app)).toContainText('The session has ended');
    await watch.look();
    const seen = await watch.everything();
    await app.quit();
    app = await startDesktopApp({ environment: { ...environment, LOOPGATE_LOG_LEVEL: 'debug' } });
    await expect(alertOf(app)).toContainText('The session has ended');
    const seenAfter = await (await watchWindow(app)).everything();
    await app.quit();

    for (const { parameters, headers } of provider.requests) {
      const sent = ['code', 'code_verifier', 'refresh_token', 'token', 'state', 'nonce'].map(
        (name) => parameters[name],
      );
      for (const one of [...sent, headers.authorization?.replace(/^Bearer /, '')]) if (isSecret(one)) tokens.add(one);
    }
    expect(tokens.size).toBeGreaterThan(15);
    // A part of a token tells as much as the whole: the claims of an ID token, for one.
    const secrets = [...tokens].flatMap((token) => [token, ...token.split('.').filter(isSecret)]);
    const places = {
      window: seen,
      'window after a restart': seenAfter,
      'memory of the window': memory,
      ...(await filesIn(home)),
    };
    expect(Object.keys(places)).toContain(join('logs', 'loopgate.log'));
    // The same eyes see what is there.
    for (const place of ['window', 'memory of the window'] as const) {
      expect(places[place]).toContain('grace-hopper@example.test');
    }
    const found = Object.entries(places).flatMap(([place, content]) =>
      secrets.filter((secret) => content.includes(secret)).map((secret) => `${place}: ${secret.slice(0, 8)}…`),
    );
    expect(found).toEqual([]);
  }));

function isSecret(value: unknown): value is string {
  return typeof value === 'string' && value.length >= 20 && !value.includes(' ');
}

interface WindowWatch {
  /** Reads all that a script or a person could read in the window now. */
  look(): Promise<void>;
  /** What was read so far, with every console line and every message that the main process sent to the window. */
  everything(): Promise<string>;
}

async function watchWindow({ electron, window }: DesktopApp): Promise<WindowWatch> {
  const seen: string[] = [];
  window.on('console', (message) => seen.push(message.text()));
  window.on('pageerror', (error) => seen.push(String(error.stack)));
  const sent = await messagesTo(electron);
  const look = async () => {
    seen.push(await window.evaluate(readableInPage));
  };
  await look();
  return {
    look,
    async everything() {
      await look();
      return [...seen, ...(await sent())].join('\n');
    },
  };
}

async function messagesTo(electron: ElectronApplication): Promise<() => Promise<string[]>> {
  const messages = await electron.evaluateHandle(({ webContents }) => {
    const all: string[] = [];
    for (const contents of webContents.getAllWebContents()) {
      const send = contents.send.bind(contents);
      contents.send = (channel: string, ...args: unknown[]) => {
        all.push(JSON.stringify([channel, args]));
        send(channel, ...args);
      };
    }
    return all;
  });
  return () => messages.jsonValue();
}

/** Runs in the page, as one text: this project's types know no DOM. */
const readableInPage = `(async () => {
  const tried = async (read) => { try { return await read(); } catch (error) { return String(error); } };
  const stores = (store) => Object.entries({ ...store });
  const databases = async () => {
    const all = [];
    for (const { name, version } of await indexedDB.databases()) {
      const database = await new Promise((resolve, reject) => {
        const opening = indexedDB.open(name, version);
        opening.onsuccess = () => resolve(opening.result);
        opening.onerror = () => reject(opening.error);
      });
      for (const store of database.objectStoreNames) {
        all.push(name, store, await new Promise((resolve, reject) => {
          const reading = database.transaction(store).objectStore(store).getAll();
          reading.onsuccess = () => resolve(reading.result);
          reading.onerror = () => reject(reading.error);
        }));
      }
    }
    return all;
  };
  const cached = async () => {
    const all = [];
    for (const name of await caches.keys()) {
      const cache = await caches.open(name);
      for (const request of await cache.keys()) all.push(request.url, await (await cache.match(request)).text());
    }
    return all;
  };
  const own = Object.getOwnPropertyNames(window).filter((name) => typeof window[name] === 'string');
  return JSON.stringify([
    document.documentElement.outerHTML,
    [...document.querySelectorAll('input, textarea')].map((field) => field.value),
    location.href, document.referrer, history.state, own.map((name) => window[name]),
    await window.loopgate.view(),
    Object.entries(window.loopgate).map(([name, value]) => [name, String(value)]),
    await tried(() => stores(localStorage)), await tried(() => stores(sessionStorage)),
    await tried(() => document.cookie), await tried(databases), await tried(cached),
    performance.getEntries(),
  ]);
})()`;

/** A picture of the window's whole JavaScript memory, as Chromium's developer tools take it. */
async function memoryOf(window: Page): Promise<string> {
  const tools = await window.context().newCDPSession(window);
  const chunks: string[] = [];
  tools.on('HeapProfiler.addHeapSnapshotChunk', ({ chunk }) => chunks.push(chunk));
  await tools.send('HeapProfiler.takeHeapSnapshot', { reportProgress: false });
  await tools.detach();
  return chunks.join('');
}

/** Every file below a folder, Chromium's own among them: its path there → its bytes, as text. */
async function filesIn(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const contents = await Promise.all(files.map(async (path) => [path, await readFile(path, 'latin1')] as const));
  return Object.fromEntries(contents.map(([path, content]) => [path.slice(folder.length + 1), content]));
}
