import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from '@playwright/test';
import { WrongChecksumError } from '../../build/electronRuntime.ts';
import { testApp } from '../../build/testApp.ts';
import { BrowserDouble } from '../../demo/identity-provider/person.ts';
import { printedLogin, publishedClient, startPair } from '../support/client.ts';
import { startDesktopApp } from '../support/desktopApp.ts';
import { projectFolder } from '../support/headless.ts';
import { onStage } from '../support/stage.ts';
import { installVscode, startVscode, type VscodeInstallation, type VscodeServer } from '../support/vscodeServer.ts';
import { openVscode, type VscodeWindow } from '../support/vscodeWindow.ts';

const execute = promisify(execFile);

const ada = 'Ada Lovelace <ada-lovelace@example.test>';
const grace = 'Grace Hopper <grace-hopper@example.test>';
const otherApi = 'https://other.loopgate.test/';

let installation: VscodeInstallation;
/** The packages of the extension, and of another one that asks it for sessions. */
let extensions: string[];
let folder: string;

test.beforeAll(async () => {
  test.setTimeout(600_000);
  folder = await mkdtemp(join(tmpdir(), 'loopgate-vsix-'));
  test.skip(process.arch !== 'x64', 'VS Code for tests is there for x64 alone');
  try {
    installation = await installVscode();
    extensions = [await packExtension('examples/vscode'), await packExtension('e2e/support/vscodeAsker')];
  } catch (error) {
    if (error instanceof WrongChecksumError || !isOfNpm(error)) throw error;
    test.skip(true, 'VS Code, or what packs its extensions, cannot be had from the npm registry');
  }
});

test.afterAll(() => rm(folder, { recursive: true, force: true }));

/** By the extension's own script. @returns the .vsix */
async function packExtension(path: string): Promise<string> {
  const vsix = join(folder, `${path.replaceAll('/', '-')}.vsix`);
  await execute('npm', ['run', 'package', '--', '--out', vsix], { cwd: join(projectFolder, path) });
  return vsix;
}

function isOfNpm(error: unknown): boolean {
  return /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|E40[34])\b/.test(String(error));
}

/** Other work on the same two cores makes VS Code slow to start, in milliseconds. Only reached when something is broken. */
const startTimeout = 60_000;

/** What the other extension says, a line each: that it is there, its sessions, and that something has changed. */
type Said =
  | { readonly started: true }
  | { readonly session: { readonly accessToken: string; readonly account: { readonly label: string } } | null }
  | { readonly error: string }
  | { readonly changed: string };

/** VS Code with both extensions, and what the other one says. */
interface Editor extends VscodeWindow {
  readonly server: VscodeServer;
  said(): Promise<Said[]>;
  /** Runs a command of the other extension; VS Code asks the person whether it may, and they allow it, where `allows` says so. */
  ask(command: string, question?: { allows: boolean; picture?: string }): Promise<Said | undefined>;
}

/** @param environment - what the extensions see @param program - what "Start Loopgate" starts */
async function inEditor(environment: NodeJS.ProcessEnv, program: string, play: (editor: Editor) => Promise<void>) {
  const file = join(await mkdtemp(join(folder, 'asker-')), 'said.jsonl');
  await writeFile(file, '');
  const settings = { 'loopgate.program': program };
  const server = await startVscode({
    installation,
    extensions,
    settings,
    environment: { ...environment, ASKER_FILE: file },
  });
  const said = async (): Promise<Said[]> =>
    (await readFile(file, 'utf8'))
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));
  const answers = async () => (await said()).filter((one) => 'session' in one || 'error' in one);
  try {
    const window = await openVscode(server.address);
    try {
      await expect.poll(said, { timeout: startTimeout }).toContainEqual({ started: true });
      await play({
        ...window,
        server,
        said,
        async ask(command, { allows, picture } = { allows: false }) {
          const before = (await answers()).length;
          await window.run(command);
          if (allows) {
            const allow = window.page.getByRole('button', { name: 'Allow' });
            if (picture !== undefined) await window.renewPicture(picture, allow);
            await allow.click();
          }
          await expect.poll(async () => (await answers()).length).toBe(before + 1);
          return (await answers()).at(-1);
        },
      });
    } catch (error) {
      await window.page.screenshot({ path: test.info().outputPath('vscode.png') });
      throw error;
    } finally {
      await window.close();
    }
  } finally {
    await server.stop();
  }
}

/** Whose token it is, as Loopgate says. */
async function subjectOf(accessToken: string, address: string): Promise<unknown> {
  const answer = await fetch(`${address}/userinfo`, { headers: { Authorization: `Bearer ${accessToken}` } });
  const { user_id: subject } = (await answer.json()) as { user_id?: string };
  return subject;
}

function sessionIn(said: Said | undefined) {
  if (said && 'session' in said && said.session) return said.session;
  throw new Error(`No session, but ${JSON.stringify(said)}`);
}

test.describe.configure({ timeout: 400_000 });

test('VS Code: sign in from its Accounts menu, a session for another extension, sign out in the tray, stopped and started', () =>
  onStage(async ({ environment, browser, session, provider, home, signInAs }) => {
    const app = await startDesktopApp({ environment });
    // Loopgate as it was started before: VS Code hands it none of its settings.
    const start = join(folder, 'start-loopgate.sh');
    const { executable, args } = await testApp();
    const settings = Object.entries(environment).filter(([name]) => name.startsWith('LOOPGATE_'));
    const words = [...settings.map(([name, value]) => `${name}=${value}`), executable, ...args];
    await writeFile(start, `#!/bin/sh\nexec env ${words.map((word) => `'${word}'`).join(' ')}\n`);
    await chmod(start, 0o755);
    await inEditor(environment, start, async (editor) => {
      const { page } = editor;

      // Signed in, by the login in the person's browser.
      const signIn = 'Sign in with Loopgate to use Loopgate (1)';
      const entry = await editor.account(signIn);
      await editor.renewPicture('22-vscode-sign-in', entry);
      await signInAs('Ada Lovelace', () => editor.choose(signIn));
      await editor.renewPicture('22-vscode-signed-in', await editor.account(`${ada} (Loopgate)`));
      await editor.closeMenu();

      // A session for another extension: VS Code's own question, once, and no other.
      expect(await editor.ask('Asker: Look for a Session')).toEqual({ session: null });
      const question = { allows: true, picture: '22-vscode-allow' };
      const first = sessionIn(await editor.ask('Asker: Ask for a Session', question));
      expect(first).toMatchObject({ account: { label: ada }, scopes: ['openid', 'profile'] });
      expect(await subjectOf(first.accessToken, app.address)).toBe('auth0|ada-lovelace');
      expect(sessionIn(await editor.ask('Asker: Look for a Session')).account.label).toBe(ada);
      expect(provider.count('/authorize')).toBe(1);
      // Loopgate keeps the session; VS Code keeps nothing.
      const kept = await execute('grep', ['-rlF', first.accessToken, editor.server.folder]).catch(({ code }) => code);
      expect(kept).toBe(1);

      // Signed out in the tray.
      const before = (await editor.said()).length;
      await Promise.all([browser.nextTab(), session.tray.click('Sign out')]);
      await expect
        .poll(async () => (await editor.said()).slice(before), { timeout: 5_000 })
        .toContainEqual({
          changed: 'loopgate',
        });
      await editor.account(signIn);
      await expect(page.getByRole('menuitem', { name: ada })).toHaveCount(0);
      await editor.closeMenu();
      expect(await editor.ask('Asker: Look for a Session')).toEqual({ session: null });

      // Stopped: said in the status bar, and with a button to who wants to sign in.
      const warning = page.getByRole('button', { name: 'Loopgate is not running' });
      await expect(warning).toBeHidden();
      await app.quit();
      await expect(warning).toBeVisible();
      await editor.choose(signIn);
      const startButton = page.getByRole('button', { name: 'Start Loopgate' });

      await expect(startButton).toBeVisible();
      await expect(page.getByText('finish the sign-in in your browser')).toBeHidden();
      await editor.renewPicture('22-vscode-not-running', startButton);
      await startButton.click();
      await expect(warning).toBeHidden({ timeout: 30_000 });
      try {
        await signInAs('Grace Hopper', () => editor.choose(signIn));
        await editor.account(`${grace} (Loopgate)`);
      } finally {
        // The one that the button has started.
        const { pid } = JSON.parse(await readFile(join(home, 'endpoint.json'), 'utf8')) as { pid: number };
        process.kill(pid);
        await expect(warning).toBeVisible();
      }
    });
  }));

test('VS Code: several accounts, another API, and a Loopgate that is not installed', async () => {
  const { provider, host, stop } = await startPair({ provider: { refreshAudiences: [otherApi] } });
  const { pkce } = publishedClient(host.address);
  const people = async () => {
    const { iterable } = (await (await fetch(`${host.address}/users`)).json()) as { iterable: { id: string }[] };
    return iterable.map(({ id }) => id);
  };
  try {
    for (const name of ['Ada Lovelace', 'Grace Hopper']) {
      const { challenge } = await pkce.getChallenge();
      const waiting = pkce.generateCode();
      await new BrowserDouble().signInAs(await printedLogin(host, challenge?.state), name);
      await waiting;
      await pkce.generateToken();
    }
    expect(await people()).toEqual(['auth0|ada-lovelace', 'auth0|grace-hopper']);
    await inEditor({ LOOPGATE_HOME: host.home }, join(folder, 'nothing'), async (editor) => {
      const { page } = editor;
      await editor.account(`${grace} (Loopgate)`);
      await expect(page.getByRole('menuitem', { name: `${ada} (Loopgate)` })).toBeVisible();
      await editor.closeMenu();

      // The active person's, and for another API of the tenant without a word to anybody.
      expect(sessionIn(await editor.ask('Asker: Ask for a Session', { allows: true })).account.label).toBe(ada);
      const { accessToken } = sessionIn(await editor.ask('Asker: Seek Another API'));
      expect(JSON.parse(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString())).toMatchObject({
        aud: expect.arrayContaining([otherApi]),
        sub: 'auth0|ada-lovelace',
      });

      // Switched for all programs; VS Code asks about each account for itself.
      await editor.run('Loopgate: Switch Account');
      await page.getByRole('option', { name: grace }).click();
      await expect.poll(people).toEqual(['auth0|grace-hopper', 'auth0|ada-lovelace']);
      expect(await editor.ask('Asker: Look for a Session')).toEqual({ session: null });
      const second = sessionIn(await editor.ask('Asker: Ask for a Session', { allows: true }));
      expect(second.account.label).toBe(grace);
      expect(await subjectOf(second.accessToken, host.address)).toBe('auth0|grace-hopper');

      // Signed out in VS Code: at Loopgate, and revoked.
      await editor.choose(`${grace} (Loopgate)`, 'Sign Out');
      await page.getByRole('button', { name: 'Sign Out' }).click();
      await expect.poll(people).toEqual(['auth0|ada-lovelace']);
      await provider.waitFor(({ path }) => path === '/oauth/revoke', 15_000);
      expect(await editor.ask('Asker: Look for a Session')).toEqual({ session: null });

      // Stopped, and not installed.
      await host.stop();
      await page.getByRole('button', { name: 'Loopgate is not running' }).click();
      await page.getByRole('button', { name: 'How to Get It' }).click();
      await expect(page.getByRole('tab', { name: 'Preview readme.md' })).toBeVisible();
    });
  } finally {
    await stop();
  }
});
