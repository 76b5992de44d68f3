import { app, dialog } from 'electron';
import { speakSystemLanguage } from './language.ts';

/**
 * Says why the app did not start, and ends it.
 * @param isTheirs - true for what the person can mend (a setting, a port, a second host): the exit code is then 2, else 1
 */
export async function endFailedStart(error: unknown, isTheirs: boolean): Promise<void> {
  const text = error instanceof Error ? (isTheirs ? error.message : (error.stack ?? error.message)) : String(error);
  process.stderr.write(`${text}\n`);
  // Who started it from a desktop sees no terminal.
  if (app.isPackaged) await showInWindow(text);
  app.exit(isTheirs ? 2 : 1);
}

/** Resolves when the person has closed it. */
async function showInWindow(text: string): Promise<void> {
  await app.whenReady();
  const { appName, said } = speakSystemLanguage().texts;
  await dialog.showMessageBox({ type: 'error', title: appName, message: said(text) });
}
