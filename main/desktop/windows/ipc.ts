import { ipcMain } from 'electron';
import { z } from 'zod';
import {
  type ActionName,
  type Actions,
  actionNames,
  channels,
  type PortResult,
  type RemovalResult,
  type RemovalWay,
} from '../../../preload/contract.ts';
import type { AppView, Tab } from '../../../preload/views/appView.ts';
import type { ProgramsView } from '../../../preload/views/programs.ts';
import type { ChangeResult, ProviderCheck, SettingsChange, SettingsView } from '../../../preload/views/settings.ts';
import { ownPageOf } from './lockDown.ts';
import type { PageName } from './page.ts';

/** Messages from a window are parsed here, once. */
const actionCall = z.tuple([z.enum(actionNames)]).rest(z.string().max(8192));
const storageChoice = z.enum(['memory', 'file']);
const questionAnswer = z.enum(['allow', 'once', 'deny']);
const startAtLoginChoice = z.enum(['on', 'off']);
const registrationPart = z.enum(['callbacks', 'returnTo', 'callback']);
const typed = z.string().max(2048);
const settingsChange = z.discriminatedUnion('setting', [
  z.object({
    setting: z.literal('provider'),
    issuer: typed.optional(),
    clientId: typed.optional(),
    audience: typed.optional(),
    anyway: z.literal(true).optional(),
  }),
  z.object({ setting: z.literal('port'), port: typed }),
  z.object({ setting: z.literal('guard'), guard: z.enum(['ask', 'same-user', 'listed']) }),
  z.object({ setting: z.literal('theme'), theme: z.enum(['system', 'light', 'dark']) }),
]);
const tabShown = z.enum(['account', 'programs', 'settings']) satisfies z.ZodType<Tab>;
const removalWay = z.enum(['revoke', 'anyway']);

/** The requests of the main window that have an answer. */
export interface MainWindowRequests {
  programs(): ProgramsView;
  settings(): SettingsView;
  changeSettings(change: SettingsChange): Promise<ChangeResult>;
  checkProvider(issuer: string): Promise<ProviderCheck>;
  removeEverything(way: RemovalWay): Promise<RemovalResult>;
  tryPortAgain(): Promise<PortResult>;
  providerAddress(id: string): string | undefined;
}

/** The main process's side of preload/contract.ts: it checks the sender of each message and parses each argument. */
export function answerWindow(
  actions: Actions,
  view: () => AppView,
  requests: MainWindowRequests,
  painted: (page: PageName) => void,
): void {
  const calls: Record<ActionName, (argument: string, second: string) => void> = {
    ...actions,
    chooseStorage: (answer) => actions.chooseStorage(storageChoice.parse(answer)),
    answerQuestion: (id, answer) => actions.answerQuestion(id, questionAnswer.parse(answer)),
    setStartAtLogin: (choice) => actions.setStartAtLogin(startAtLoginChoice.parse(choice)),
    copyRegistration: (what) => actions.copyRegistration(registrationPart.parse(what)),
    tabShown: (tab) => actions.tabShown(tabShown.parse(tab)),
  };
  const checked = (frame: Electron.WebFrameMain | null) => {
    const page = ownPageOf(frame);
    if (page === undefined) throw new Error('This page may not ask.');
    return page;
  };
  /** The question's window must not use these. */
  const answerMain = (channel: string, answer: (asked: unknown) => unknown) =>
    ipcMain.handle(channel, ({ senderFrame }, asked: unknown) => {
      if (checked(senderFrame) !== 'main') throw new Error('This page may not ask.');
      return answer(asked);
    });
  ipcMain.handle(channels.view, ({ senderFrame }) => {
    checked(senderFrame);
    return view();
  });
  ipcMain.handle(channels.painted, ({ senderFrame }) => painted(checked(senderFrame)));
  answerMain(channels.providerAddress, (id) => requests.providerAddress(typed.parse(id)));
  answerMain(channels.tryPortAgain, () => requests.tryPortAgain());
  answerMain(channels.programs, () => requests.programs());
  answerMain(channels.settings, () => requests.settings());
  answerMain(channels.changeSettings, (change) => requests.changeSettings(settingsChange.parse(change)));
  answerMain(channels.checkProvider, (issuer) => requests.checkProvider(typed.parse(issuer)));
  answerMain(channels.removeEverything, (way) => requests.removeEverything(removalWay.parse(way)));
  ipcMain.handle(channels.action, ({ senderFrame }, ...call: unknown[]) => {
    const page = checked(senderFrame);
    const [name, argument = '', second = ''] = actionCall.parse(call);
    // Only the question's window may answer it.
    if ((page === 'consent') !== (name === 'answerQuestion')) throw new Error('This page may not do that.');
    calls[name](argument, second);
  });
}
