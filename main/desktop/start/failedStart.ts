import { app, dialog } from 'electron';
import { type Message, verbatim } from '../../../preload/texts/messages.ts';
import { messageOf } from '../../errors/errors.ts';
import { sayError } from '../../system/terminal.ts';
import { speakSystemLanguage } from '../system/language.ts';

/**
 * Reports why the app did not start, and ends it.
 * @param exitCode - 1 for a failure inside Loopgate, which is reported with its stack; docs/start/port.md lists the others
 */
export async function endFailedStart(error: unknown, exitCode: 1 | 2 | 3): Promise<void> {
  const isOurs = exitCode === 1;
  const text = error instanceof Error ? (isOurs ? (error.stack ?? error.message) : error.message) : String(error);
  sayError(...text.split('\n'));
  // A person who started it from a desktop has no terminal.
  if (app.isPackaged) await showInWindow(isOurs ? verbatim(text) : messageOf(error));
  app.exit(exitCode);
}

/** Resolves when the person has closed the window. */
async function showInWindow(text: Message): Promise<void> {
  await app.whenReady();
  const { appName, said } = speakSystemLanguage().texts;
  await dialog.showMessageBox({ type: 'error', title: appName, message: said(text) });
}
