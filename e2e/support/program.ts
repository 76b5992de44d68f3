import { spawn } from 'node:child_process';
import { chmodSync, copyFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright';
import type { DesktopApp } from './desktopApp.ts';
import type { Stage } from './stage.ts';

/** A program of its own: a copy of Node's executable under another name. @returns its path */
export function makeProgram({ session }: Pick<Stage, 'session'>, name: string): string {
  const path = join(session.home, name);
  copyFileSync(process.execPath, path);
  chmodSync(path, 0o755);
  return path;
}

/** The program asks for a token, or to sign the person in. @returns the status, and the error's code when it is one */
export async function asks(
  program: string,
  { address }: DesktopApp,
  path: '/user/access_token' | '/os/sign_in' = '/user/access_token',
): Promise<string> {
  const method = path === '/os/sign_in' ? 'POST' : 'GET';
  const script = `const answer = await fetch(process.argv[1] + '${path}', { method: '${method}' });
    const body = await answer.text();
    process.stdout.write(answer.status === 200 ? '200' : answer.status + ' ' + JSON.parse(body).error);`;
  return await outputOf(program, ['--input-type=module', '-e', script, address]);
}

/** Runs a program to its end. @returns what it printed */
export async function outputOf(program: string, argv: string[]): Promise<string> {
  const child = spawn(program, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
  let printed = '';
  child.stdout.on('data', (chunk: Buffer) => {
    printed += chunk.toString();
  });
  await new Promise((resolve) => child.once('close', resolve));
  return printed;
}

/** A request as an app sends it that has an origin of its own. @returns the status */
export async function preflightFrom(origin: string, { address }: DesktopApp): Promise<string> {
  const headers = { Origin: origin, 'Access-Control-Request-Method': 'POST', 'Sec-Fetch-Mode': 'cors' };
  const argv = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
  return await outputOf('curl', [
    ...argv,
    ...['-s', '-o', '/dev/null', '-w', '%{http_code}', '-X', 'OPTIONS', `${address}/user`],
  ]);
}

/** The window that asks, once something is asked. @param before - one that was there before, which does not count */
export async function askingWindow({ electron }: DesktopApp, before?: Page): Promise<Page> {
  const isConsent = (page: Page) => page !== before && !page.isClosed() && page.url().endsWith('/consent.html');
  return electron.windows().find(isConsent) ?? (await electron.waitForEvent('window', isConsent));
}

/** Closes the window that asks, as the desktop's close button does it. */
export async function closeAskingWindow({ electron }: DesktopApp): Promise<void> {
  await electron.evaluate(({ BrowserWindow }) => {
    BrowserWindow.getAllWindows()
      .find((one) => one.webContents.getURL().endsWith('/consent.html'))
      ?.close();
  });
}

/** Answers in the window that asks. It may close before Playwright has seen its own click through. */
export async function answerQuestion(question: Page, button: 'Allow' | 'Deny'): Promise<void> {
  await question
    .getByRole('button', { name: button, exact: true })
    .click()
    .catch((error: unknown) => {
      if (!question.isClosed()) throw error;
    });
}
