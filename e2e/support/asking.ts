import { spawn } from 'node:child_process';
import { chmodSync, copyFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright';
import type { DesktopApp } from './desktopApp.ts';

/** A program of its own that asks for a token: a copy of Node's executable under another name. */
export function makeProgram(folder: string, name: string): string {
  const path = join(folder, name);
  copyFileSync(process.execPath, path);
  chmodSync(path, 0o755);
  return path;
}

/** The program asks for a token. @returns the status; NaN when it was cut off */
export async function asks(program: string, { address }: Pick<DesktopApp, 'address'>): Promise<number> {
  const script = `const { status } = await fetch(process.argv[1] + '/user/access_token').catch(() => ({ status: NaN }));
    process.stdout.write(String(status));`;
  const child = spawn(program, ['--input-type=module', '-e', script, address], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let printed = '';
  child.stdout.on('data', (chunk: Buffer) => {
    printed += chunk.toString();
  });
  await new Promise((resolve) => child.once('close', resolve));
  return Number(printed);
}

/** The window that asks, once something is asked. @param before - the one before, which does not count */
export async function consentOf({ electron }: DesktopApp, before?: Page): Promise<Page> {
  const isConsent = (page: Page) => page !== before && !page.isClosed() && page.url().endsWith('/consent.html');
  return electron.windows().find(isConsent) ?? (await electron.waitForEvent('window', isConsent));
}
