import { contextBridge, type IpcRendererEvent, ipcRenderer } from 'electron';
import { type ActionName, type Actions, type AppView, type Bridge, channels } from './contract.ts';

/**
 * Asks the main process for one action. There is no answer to wait for: what comes of it, a failure too, arrives as the
 * next view. A call that is refused (an unknown sender, a window being closed) is worth a line for a developer only.
 */
function act<Name extends ActionName>(name: Name, ...args: Parameters<Actions[Name]>): void {
  ipcRenderer.invoke(channels.action, name, ...args).catch((reason: unknown) => console.warn(name, reason));
}

/**
 * One function per action, and each passes on only the arguments it declares: the window never holds `ipcRenderer`, so it
 * cannot name a channel of its own (Electron security checklist 20).
 */
const bridge: Bridge = {
  view: () => ipcRenderer.invoke(channels.view) as Promise<AppView>,
  onViewChanged(listener) {
    // The event stays here: its `sender` would hand the window all of Electron's IPC.
    const pass = (_event: IpcRendererEvent, view: AppView) => listener(view);
    ipcRenderer.on(channels.viewChanged, pass);
    return () => {
      ipcRenderer.off(channels.viewChanged, pass);
    };
  },
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
};

contextBridge.exposeInMainWorld('loopgate', bridge);
