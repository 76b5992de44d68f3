import { ipcMain } from 'electron';
import { z } from 'zod';
import {
  type ActionName,
  type Actions,
  type AppView,
  actionNames,
  channels,
  type ProgramsView,
} from '../../preload/contract.ts';
import { ownPageOf } from './lockDown.ts';

/** What comes from a window is parsed here, once. */
const actionCall = z.tuple([z.enum(actionNames)]).rest(z.string().max(8192));
const storageChoice = z.enum(['memory', 'file']);
const questionAnswer = z.enum(['allow', 'once', 'deny']);

/** The main process's side of preload/contract.ts: each message's sender is checked, each argument parsed. */
export function answerWindow(actions: Actions, view: () => AppView, programs: () => ProgramsView): void {
  const calls: Record<ActionName, (argument: string, second: string) => void> = {
    ...actions,
    chooseStorage: (answer) => actions.chooseStorage(storageChoice.parse(answer)),
    answerQuestion: (id, answer) => actions.answerQuestion(id, questionAnswer.parse(answer)),
  };
  const checked = (frame: Electron.WebFrameMain | null) => {
    const page = ownPageOf(frame);
    if (page === undefined) throw new Error('This page may not ask.');
    return page;
  };
  ipcMain.handle(channels.view, ({ senderFrame }) => {
    checked(senderFrame);
    return view();
  });
  ipcMain.handle(channels.programs, ({ senderFrame }) => {
    checked(senderFrame);
    return programs();
  });
  ipcMain.handle(channels.action, ({ senderFrame }, ...call: unknown[]) => {
    const page = checked(senderFrame);
    const [name, argument = '', second = ''] = actionCall.parse(call);
    // The window that asks does nothing else, and no other answers for it.
    if ((page === 'consent') !== (name === 'answerQuestion')) throw new Error('This page may not do that.');
    calls[name](argument, second);
  });
}
