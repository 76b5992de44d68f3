import { contextBridge, type IpcRendererEvent, ipcRenderer } from 'electron';
import {
  type ActionName,
  type Actions,
  type Bridge,
  channels,
  languageArguments,
  type PortResult,
  type RemovalResult,
} from './contract.ts';
import type { AppView } from './views/appView.ts';
import type { ProgramsView } from './views/programs.ts';
import type { ChangeResult, ProviderCheck, SettingsView } from './views/settings.ts';

/**
 * Requests an action from the main process. There is no answer to wait for: the result, or a failure, arrives with the next
 * view. A refused call (an unknown sender, a window being closed) only deserves a line for a developer.
 */
function act<Name extends ActionName>(name: Name, ...args: Parameters<Actions[Name]>): void {
  ipcRenderer.invoke(channels.action, name, ...args).catch((reason: unknown) => console.warn(name, reason));
}

/**
 * Calls `listener` with the content of every message of a channel. It does not pass on the event, whose `sender` would give
 * the window all of Electron's IPC.
 */
function listen<Content>(channel: string, listener: (content: Content) => void): () => void {
  const pass = (_event: IpcRendererEvent, content: Content) => listener(content);
  ipcRenderer.on(channel, pass);
  return () => {
    ipcRenderer.off(channel, pass);
  };
}

/** The language that the main process has passed; English if it has passed none. */
function argumentOf(name: keyof typeof languageArguments): string {
  const start = languageArguments[name];
  return process.argv.find((argument) => argument.startsWith(start))?.slice(start.length) ?? 'en';
}

/**
 * One function for each action, which passes on only its declared arguments. The window never holds `ipcRenderer`, so it
 * cannot name a channel of its own (Electron security checklist 20).
 */
const bridge: Bridge = {
  language: argumentOf('language'),
  locale: argumentOf('locale'),
  view: () => ipcRenderer.invoke(channels.view) as Promise<AppView>,
  onViewChanged: (listener) => listen(channels.viewChanged, listener),
  programs: () => ipcRenderer.invoke(channels.programs) as Promise<ProgramsView>,
  onProgramsChanged: (listener) => listen(channels.programsChanged, () => listener()),
  settings: () => ipcRenderer.invoke(channels.settings) as Promise<SettingsView>,
  changeSettings: (change) => ipcRenderer.invoke(channels.changeSettings, change) as Promise<ChangeResult>,
  checkProvider: (issuer) => ipcRenderer.invoke(channels.checkProvider, issuer) as Promise<ProviderCheck>,
  providerAddress: (id) => ipcRenderer.invoke(channels.providerAddress, id) as Promise<string | undefined>,
  tryPortAgain: () => ipcRenderer.invoke(channels.tryPortAgain) as Promise<PortResult>,
  painted: () => {
    ipcRenderer.invoke(channels.painted).catch((reason: unknown) => console.warn('painted', reason));
  },
  removeEverything: (way) => ipcRenderer.invoke(channels.removeEverything, way) as Promise<RemovalResult>,
  signIn: () => act('signIn'),
  addAccount: () => act('addAccount'),
  signOut: () => act('signOut'),
  signOutAccount: (account) => act('signOutAccount', account),
  switchAccount: (account) => act('switchAccount', account),
  acceptSwitch: () => act('acceptSwitch'),
  cancelSignIn: (id) => act('cancelSignIn', id),
  openAgain: (id) => act('openAgain', id),
  copyAddress: (id) => act('copyAddress', id),
  dismissProblem: () => act('dismissProblem'),
  renew: () => act('renew'),
  chooseStorage: (answer) => act('chooseStorage', answer),
  tabShown: (tab) => act('tabShown', tab),
  showQuestion: () => act('showQuestion'),
  answerQuestion: (id, answer) => act('answerQuestion', id, answer),
  allowProgram: (id) => act('allowProgram', id),
  denyProgram: (id) => act('denyProgram', id),
  removeProgram: (id) => act('removeProgram', id),
  clearHistory: () => act('clearHistory'),
  allowOrigin: (origin) => act('allowOrigin', origin),
  removeOrigin: (origin) => act('removeOrigin', origin),
  copyReport: () => act('copyReport'),
  openLogFolder: () => act('openLogFolder'),
  openLicences: () => act('openLicences'),
  checkForUpdates: () => act('checkForUpdates'),
  setStartAtLogin: (choice) => act('setStartAtLogin', choice),
  copyRegistration: (what) => act('copyRegistration', what),
  unlockKeyring: () => act('unlockKeyring'),
  createKeyring: () => act('createKeyring'),
  quit: () => act('quit'),
};

contextBridge.exposeInMainWorld('loopgate', bridge);
