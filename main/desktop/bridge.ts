import { clipboard, ipcMain } from 'electron';
import { z } from 'zod';
import { type ActionName, type AppView, actionNames, channels } from '../../preload/contract.ts';
import type { Broker } from '../broker/broker.ts';
import { isOwnPage } from './lockDown.ts';

/** What comes from the window is parsed here, once. */
const actionCall = z.tuple([z.enum(actionNames)]).rest(z.string().max(2048));

/** The main process's side of preload/contract.ts: each message's sender is checked, each argument parsed. */
export function answerWindow(broker: Broker, view: () => AppView, signOut: () => void): void {
  const actions: Record<ActionName, (argument: string) => void> = {
    signIn: () => void broker.signIn(),
    signOut,
    switchAccount: (account) => void broker.switchAccount(account).catch(() => undefined),
    cancelSignIn: (id) => broker.cancel(id),
    openAgain: (id) => void broker.openAgain(id),
    copyAddress: (id) => {
      const address = broker.loginAddress(id);
      if (address !== undefined) clipboard.writeText(address);
    },
    dismissProblem: () => broker.dismissProblem(),
  };
  ipcMain.handle(channels.view, ({ senderFrame }) => {
    if (isOwnPage(senderFrame)) return view();
    throw new Error('This page may not ask.');
  });
  ipcMain.handle(channels.action, ({ senderFrame }, ...call: unknown[]) => {
    if (!isOwnPage(senderFrame)) throw new Error('This page may not ask.');
    const [name, argument] = actionCall.parse(call);
    actions[name](argument ?? '');
  });
}
