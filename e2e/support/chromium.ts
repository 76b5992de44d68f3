import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright';
import { inTime } from '../../build/inTime.ts';

const program = '/usr/bin/chromium';
/** Quiet and offline; the sandbox is off because the tests may run as root. */
const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--no-default-browser-check',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--password-store=basic',
  // Beside the app's window and below the panel, so that a picture of the desktop shows all three.
  '--window-position=20,60',
  '--window-size=820,760',
];

/** How long it may take to come up, to follow a click and to end, in milliseconds. Only reached when something is broken. */
const timeout = 30_000;

/** The person's browser: a real Chromium with a window, which other programs open addresses in. */
export interface SystemBrowser {
  /** For programs that open addresses: this is `$BROWSER`, and the desktop's default browser. */
  readonly environment: NodeJS.ProcessEnv;
  readonly context: BrowserContext;
  /** Resolves with the next tab that somebody opens from outside. */
  nextTab(): Promise<Page>;
  close(): Promise<void>;
}

/** @param environment - with the display to open on @param colorScheme - what pages are told */
export async function startSystemBrowser(
  environment: NodeJS.ProcessEnv,
  colorScheme: 'light' | 'dark',
): Promise<SystemBrowser> {
  const folder = await mkdtemp(join(tmpdir(), 'loopgate-chromium-'));
  const profile = join(folder, 'profile');
  const launch = () =>
    chromium.launchPersistentContext(profile, {
      executablePath: program,
      headless: false,
      args: flags,
      env: { ...process.env, ...environment },
      colorScheme,
      viewport: null,
      timeout,
    });
  // Now and then it does not come up at all (seen once in some hundred starts). It is not what is tested here.
  const context = await launch().catch(launch);
  context.setDefaultTimeout(timeout);
  const command = join(folder, 'browser.sh');
  // As a desktop does it: a second start hands the address to the browser that runs, which opens a tab.
  await writeFile(
    command,
    `#!/bin/sh\nDISPLAY='${environment.DISPLAY}' exec ${program} ${flags.join(' ')} --user-data-dir='${profile}' "$@" >/dev/null 2>&1\n`,
  );
  await chmod(command, 0o755);
  await makeDefaultBrowser(environment, command);
  return {
    environment: { BROWSER: command },
    context,
    nextTab: () => context.waitForEvent('page'),
    async close() {
      await inTime('the end of the browser', timeout, context.close());
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** xdg-open asks `$BROWSER` only where the desktop names no default browser, and the Debian package of Chromium names itself. */
async function makeDefaultBrowser(
  { XDG_CONFIG_HOME, XDG_DATA_HOME }: NodeJS.ProcessEnv,
  command: string,
): Promise<void> {
  if (XDG_CONFIG_HOME === undefined || XDG_DATA_HOME === undefined) return;
  const entry = 'loopgate-test-browser.desktop';
  const types = ['x-scheme-handler/http', 'x-scheme-handler/https', 'text/html'];
  const applications = join(XDG_DATA_HOME, 'applications');
  await mkdir(applications, { recursive: true });
  await writeFile(
    join(applications, entry),
    `[Desktop Entry]\nType=Application\nName=Test browser\nExec=${command} %u\nMimeType=${types.join(';')};\n`,
  );
  await writeFile(
    join(XDG_CONFIG_HOME, 'mimeapps.list'),
    `[Default Applications]\n${types.map((type) => `${type}=${entry}\n`).join('')}`,
  );
}
