import { ipcMain } from 'electron';
import { z } from 'zod';
import { type ActionName, type Actions, type AppView, actionNames, channels } from '../../preload/contract.ts';
import { isOwnPage } from './lockDown.ts';

/** What comes from the window is parsed here, once. */
const actionCall = z.tuple([z.enum(actionNames)]).rest(z.string().max(2048));
const storageChoice = z.enum(['memory', 'file']);

/** The main process's side of preload/contract.ts: each message's sender is checked, each argument parsed. */
export function answerWindow(actions: Actions, view: () => AppView): void {
  const calls: Record<ActionName, (argument: string) => void> = {
    ...actions,
    chooseStorage: (answer) => actions.chooseStorage(storageChoice.parse(answer)),
  };
  ipcMain.handle(channels.view, ({ senderFrame }) => {
    if (isOwnPage(senderFrame)) return view();
    throw new Error('This page may not ask.');
  });
  ipcMain.handle(channels.action, ({ senderFrame }, ...call: unknown[]) => {
    if (!isOwnPage(senderFrame)) throw new Error('This page may not ask.');
    const [name, argument] = actionCall.parse(call);
    calls[name](argument ?? '');
  });
}
