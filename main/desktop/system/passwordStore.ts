import { app } from 'electron';
import { keyringStore } from './keyringChoice.ts';

let chosen: Promise<void> = Promise.resolve();

/**
 * Tells Chromium which keyring to use. Chromium reads that just before Electron is ready, so that it delays nothing else of
 * the start.
 * @param home - the data folder
 */
export function choosePasswordStore(home: string): void {
  // A person who has passed the switch has chosen; other systems have only one keyring.
  if (process.platform !== 'linux' || app.commandLine.hasSwitch('password-store')) return;
  chosen = keyringStore(home).then((store) => {
    if (store !== undefined) app.commandLine.appendSwitch('password-store', store);
  });
}

/** Electron must wait for this before it is ready (main/entry.mjs). */
export const beforeReady = (): Promise<void> => chosen;
