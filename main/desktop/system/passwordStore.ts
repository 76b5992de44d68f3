import { app } from 'electron';
import { keyringStore } from './keyringChoice.ts';

let chosen: Promise<void> = Promise.resolve();

/**
 * Tells Chromium which keyring to use. It asks for that just before Electron is ready, and nothing else starts later for it.
 * @param home - the data folder
 */
export function choosePasswordStore(home: string): void {
  // Who has passed one has chosen; elsewhere the system has one keyring.
  if (process.platform !== 'linux' || app.commandLine.hasSwitch('password-store')) return;
  chosen = keyringStore(home).then((store) => {
    if (store !== undefined) app.commandLine.appendSwitch('password-store', store);
  });
}

/** What Electron has to wait for before it is ready (main/entry.mjs). */
export const beforeReady = (): Promise<void> => chosen;
