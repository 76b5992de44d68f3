import { app } from 'electron';
import { keyringStore } from './keyringChoice.ts';

let chosen: Promise<void> = Promise.resolve();

/**
 * Tells Chromium which keyring to use. Chromium reads that just before Electron is ready, so that it delays nothing else of
 * the start.
 * @param home - the data folder
 */
export function choosePasswordStore(home: string): void {
  // Other systems have only one keyring.
  if (process.platform !== 'linux') return;
  const asked = app.commandLine.getSwitchValue('password-store');
  // The packed app refuses this one; elsewhere it stands for a machine without a keyring.
  if (asked === 'basic') return;
  chosen = keyringStore(home, asked).then((store) => {
    if (store !== undefined) app.commandLine.appendSwitch('password-store', store);
  });
}

/** Electron must wait for this before it is ready (main/entry.mjs). */
export const beforeReady = (): Promise<void> => chosen;
