import type { AppView, Tab } from './views/app.ts';
import type { ProgramsView } from './views/programs.ts';
import type { ChangeResult, ProviderCheck, SettingsChange, SettingsView } from './views/settings.ts';

/**
 * Everything that crosses between the main process and the window: one type for all channels; what is shown has its types
 * in `views/`. The main process and the preload script both read the names from here; the window sees `Bridge` and nothing else.
 */

/** `allow`: for good, or for twelve hours where a program may not be allowed for longer. `once`: until it ends, one hour at most. */
export type QuestionAnswer = 'allow' | 'once' | 'deny';

/** `revoke`: nothing is removed while a sign-in could not be revoked at its provider. `anyway`: it then is all the same. */
export type RemovalWay = 'revoke' | 'anyway';

/** Where it worked, Loopgate quits. `kept`: what could not be revoked, and is there as before. */
export type RemovalResult =
  | { readonly ok: true }
  | { readonly ok: false; readonly kept: number; readonly message: string };

/** Without a `message` the port still cannot be had; with one, that says what else failed. */
export type PortResult = { readonly ok: true } | { readonly ok: false; readonly message?: string };

/** What the window may ask the main process to do. */
export interface Actions {
  signIn(): void;
  /** Signs in as somebody else too: the provider asks who it is. The account in use stays until the new one is there. */
  addAccount(): void;
  signOut(): void;
  /** Signs one account out, active or not. */
  signOutAccount(account: string): void;
  switchAccount(account: string): void;
  /** The person has seen that a program switched the account, or signed somebody in. */
  acceptSwitch(): void;
  cancelSignIn(id: string): void;
  openAgain(id: string): void;
  /** Copies the login's address, for a browser that did not open by itself. */
  copyAddress(id: string): void;
  dismissProblem(): void;
  /** Tries at once to renew the session, after a refusal or while the provider could not be reached. */
  renew(): void;
  /** The answer where no keyring protects the session: keep it for this run only, or in a file that only its mode protects. */
  chooseStorage(answer: StorageChoice): void;
  /** The tab that the window shows now: chosen by the person, or by {@link AppView.wantedTab}. */
  tabShown(tab: Tab): void;
  /** Brings the window that asks to the front. */
  showQuestion(): void;
  /** Of the window that asks, and of no other. */
  answerQuestion(id: string, answer: QuestionAnswer): void;
  /** Changes what was decided about a program. */
  allowProgram(id: string): void;
  denyProgram(id: string): void;
  /** Forgets a program: it is asked about when it comes again. */
  removeProgram(id: string): void;
  clearHistory(): void;
  allowOrigin(origin: string): void;
  removeOrigin(origin: string): void;
  /** Copies a text for a report about a bug: versions, state, last errors, no secrets. */
  copyReport(): void;
  openLogFolder(): void;
  /** Of what is shipped. */
  openLicences(): void;
  /** Looks for a newer version now. */
  checkForUpdates(): void;
  setStartAtLogin(choice: StartAtLoginChoice): void;
  /** Copies what is to be registered at the provider. */
  copyRegistration(what: RegistrationPart): void;
  /** Has the system ask for the password of a keyring that is locked. */
  unlockKeyring(): void;
  /** Has the system ask for a password for a new keyring. */
  createKeyring(): void;
  quit(): void;
}

export type StartAtLoginChoice = 'on' | 'off';

/** `callback`: the one of the login that waits. */
export type RegistrationPart = 'callbacks' | 'returnTo' | 'callback';

export type StorageChoice = 'memory' | 'file';

/** Every action's name, once: the main process answers these channels and no other. */
export const actionNames = [
  'signIn',
  'addAccount',
  'signOut',
  'signOutAccount',
  'switchAccount',
  'acceptSwitch',
  'cancelSignIn',
  'openAgain',
  'copyAddress',
  'dismissProblem',
  'renew',
  'chooseStorage',
  'tabShown',
  'showQuestion',
  'answerQuestion',
  'allowProgram',
  'denyProgram',
  'removeProgram',
  'clearHistory',
  'allowOrigin',
  'removeOrigin',
  'copyReport',
  'openLogFolder',
  'openLicences',
  'checkForUpdates',
  'setStartAtLogin',
  'copyRegistration',
  'unlockKeyring',
  'createKeyring',
  'quit',
] as const satisfies readonly (keyof Actions)[];

/** A name that is missing above does not compile where the bridge calls it. */
export type ActionName = (typeof actionNames)[number];

/** The channel names of Electron's IPC. */
export const channels = {
  /** window → main, invoke: the present view. */
  view: 'loopgate:view',
  /** main → window: the view has changed. */
  viewChanged: 'loopgate:view-changed',
  /** window → main, invoke: who uses the sign-in. */
  programs: 'loopgate:programs',
  /** main → window: what `programs` gives has changed. */
  programsChanged: 'loopgate:programs-changed',
  /** window → main, invoke: the settings as they are. */
  settings: 'loopgate:settings',
  /** window → main, invoke: one change, tried before it is kept. */
  changeSettings: 'loopgate:change-settings',
  /** window → main, invoke: whether a provider answers at an address. */
  checkProvider: 'loopgate:check-provider',
  /** window → main, invoke: Remove everything. */
  removeEverything: 'loopgate:remove-everything',
  /** window → main, invoke: back to the port that programs try first. */
  tryPortAgain: 'loopgate:try-port-again',
  /** window → main, invoke: the provider's own address of a login, which the person wants to see. */
  providerAddress: 'loopgate:provider-address',
  /** window → main, invoke: the page has painted its first view. */
  painted: 'loopgate:painted',
  /** window → main, invoke: one action with its arguments. */
  action: 'loopgate:action',
} as const;

/** The arguments with which the main process names the language to a window, each followed by a BCP 47 tag. */
export const languageArguments = { language: '--loopgate-language=', locale: '--loopgate-locale=' } as const;

/** `window.loopgate` in the renderer. */
export interface Bridge extends Actions {
  /** The language of the window's texts, a BCP 47 tag such as `de`. */
  readonly language: string;
  /** How dates and numbers are written, a BCP 47 tag such as `de-AT`: the region is not always the language's. */
  readonly locale: string;
  view(): Promise<AppView>;
  /** Calls back on every change; gives the function that ends it. */
  onViewChanged(listener: (view: AppView) => void): () => void;
  programs(): Promise<ProgramsView>;
  /** Calls back when {@link programs} gives something else than before; gives the function that ends it. */
  onProgramsChanged(listener: () => void): () => void;
  settings(): Promise<SettingsView>;
  changeSettings(change: SettingsChange): Promise<ChangeResult>;
  /** A newer call ends an older one. */
  checkProvider(issuer: string): Promise<ProviderCheck>;
  removeEverything(way: RemovalWay): Promise<RemovalResult>;
  /** Moves to the port of {@link AppView.port}, when it is free now. Nobody is signed out by it. */
  tryPortAgain(): Promise<PortResult>;
  /** The provider's own address of a login, for a browser that runs elsewhere; undefined when the login is over (R16). */
  providerAddress(id: string): Promise<string | undefined>;
  /** There is something to see: the window is shown now, and not before. */
  painted(): void;
}
