import { app, dialog } from 'electron';
import { type Message, verbatim } from '../../../preload/texts/messages.ts';
import { messageOf } from '../../errors/errors.ts';
import { speakSystemLanguage } from '../system/language.ts';

/**
 * Says why the app did not start, and ends it.
 * @param exitCode - 1 for what went wrong in Loopgate itself, which is said with where it did; others as docs/start/port.md has them
 */
export async function endFailedStart(error: unknown, exitCode: 1 | 2 | 3): Promise<void> {
  const isOurs = exitCode === 1;
  const text = error instanceof Error ? (isOurs ? (error.stack ?? error.message) : error.message) : String(error);
  process.stderr.write(`${text}\n`);
  // Who started it from a desktop sees no terminal.
  if (app.isPackaged) await showInWindow(isOurs ? verbatim(text) : messageOf(error));
  app.exit(exitCode);
}

/** Resolves when the person has closed it. */
async function showInWindow(text: Message): Promise<void> {
  await app.whenReady();
  const { appName, said } = speakSystemLanguage().texts;
  await dialog.showMessageBox({ type: 'error', title: appName, message: said(text) });
}
