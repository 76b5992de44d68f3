import type { AppView, Tab } from './views/appView.ts';
import type { ProgramsView } from './views/programs.ts';
import type { ChangeResult, ProviderCheck, SettingsChange, SettingsView } from './views/settings.ts';

/**
 * Everything that passes between the main process and the window: one type for all channels. The types of what is shown are
 * in `views/`. The main process and the preload script both take the names from here; the window sees only `Bridge`.
 */

/**
 * `allow`: permanently, or for twelve hours if the program may not be allowed for longer. `once`: until the program ends, one
 * hour at most.
 */
export type QuestionAnswer = 'allow' | 'once' | 'deny';

/** `revoke`: nothing is removed if a sign-in cannot be revoked at its provider. `anyway`: it is removed all the same. */
export type RemovalWay = 'revoke' | 'anyway';

/** On success Loopgate quits. `kept`: the sign-ins that could not be revoked, which are still there. */
export type RemovalResult =
  | { readonly ok: true }
  | { readonly ok: false; readonly kept: number; readonly message: string };

/** Without a `message` the port is still not available; with one, the message says what else failed. */
export type PortResult = { readonly ok: true } | { readonly ok: false; readonly message?: string };

/** The actions that the window may request from the main process. */
export interface Actions {
  signIn(): void;
  /**
   * Signs in another account as well: the provider asks who it is. The account in use stays active until the new one is
   * there.
   */
  addAccount(): void;
  signOut(): void;
  /** Signs one account out, active or not. */
  signOutAccount(account: string): void;
  switchAccount(account: string): void;
  /** The person has seen that a program switched the account, or signed a person in. */
  acceptSwitch(): void;
  cancelSignIn(id: string): void;
  openAgain(id: string): void;
  /** Copies the login's address, in case the browser did not open by itself. */
  copyAddress(id: string): void;
  dismissProblem(): void;
  /** Tries at once to renew the session, after a refusal or while the provider cannot be reached. */
  renew(): void;
  /**
   * The person's choice if no keyring protects the session: keep it for this run only, or in a file that only its mode
   * protects.
   */
  chooseStorage(answer: StorageChoice): void;
  /** The tab that the window shows now, chosen by the person or by {@link AppView.wantedTab}. */
  tabShown(tab: Tab): void;
  /** Brings the window with the question to the front. */
  showQuestion(): void;
  /** Only the window with the question may call it. */
  answerQuestion(id: string, answer: QuestionAnswer): void;
  /** Changes the decision about a program. */
  allowProgram(id: string): void;
  denyProgram(id: string): void;
  /** Forgets a program: when it comes again, the person is asked again. */
  removeProgram(id: string): void;
  clearHistory(): void;
  allowOrigin(origin: string): void;
  removeOrigin(origin: string): void;
  /** Copies the text of a bug report: versions, state, last errors, no secrets. */
  copyReport(): void;
  openLogFolder(): void;
  /** The licences of what is shipped. */
  openLicences(): void;
  /** Looks for a newer version now. */
  checkForUpdates(): void;
  setStartAtLogin(choice: StartAtLoginChoice): void;
  /** Copies the values to register at the provider. */
  copyRegistration(what: RegistrationPart): void;
  /** Makes the system ask for the password of a locked keyring. */
  unlockKeyring(): void;
  /** Makes the system ask for a password for a new keyring. */
  createKeyring(): void;
  quit(): void;
}

export type StartAtLoginChoice = 'on' | 'off';

/** `callback`: the one of the waiting login. */
export type RegistrationPart = 'callbacks' | 'returnTo' | 'callback';

export type StorageChoice = 'memory' | 'file';

/** The name of every action: the main process answers these channels and no others. */
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

/** The compiler reports a missing name where the bridge calls it. */
export type ActionName = (typeof actionNames)[number];

/** The channel names of Electron's IPC. */
export const channels = {
  /** window → main, invoke: the present view. */
  view: 'loopgate:view',
  /** main → window: the view has changed. */
  viewChanged: 'loopgate:view-changed',
  /** window → main, invoke: the programs that use the sign-in. */
  programs: 'loopgate:programs',
  /** main → window: the result of `programs` has changed. */
  programsChanged: 'loopgate:programs-changed',
  /** window → main, invoke: the present settings. */
  settings: 'loopgate:settings',
  /** window → main, invoke: one change, which is tried before it is saved. */
  changeSettings: 'loopgate:change-settings',
  /** window → main, invoke: whether a provider answers at an address. */
  checkProvider: 'loopgate:check-provider',
  /** window → main, invoke: Remove everything. */
  removeEverything: 'loopgate:remove-everything',
  /** window → main, invoke: move back to the port that programs try first. */
  tryPortAgain: 'loopgate:try-port-again',
  /** window → main, invoke: the provider's own address of a login, when the person wants to see it. */
  providerAddress: 'loopgate:provider-address',
  /** window → main, invoke: the page has painted its first view. */
  painted: 'loopgate:painted',
  /** window → main, invoke: one action with its arguments. */
  action: 'loopgate:action',
} as const;

/** The arguments with which the main process passes the language to a window, each followed by a BCP 47 tag. */
export const languageArguments = { language: '--loopgate-language=', locale: '--loopgate-locale=' } as const;

/** `window.loopgate` in the renderer. */
export interface Bridge extends Actions {
  /** The language of the window's texts, a BCP 47 tag such as `de`. */
  readonly language: string;
  /** The format of dates and numbers, a BCP 47 tag such as `de-AT`: the region may belong to another language. */
  readonly locale: string;
  view(): Promise<AppView>;
  /** Calls `listener` after every change. @returns the function that stops it */
  onViewChanged(listener: (view: AppView) => void): () => void;
  programs(): Promise<ProgramsView>;
  /** Calls `listener` when the result of {@link programs} has changed. @returns the function that stops it */
  onProgramsChanged(listener: () => void): () => void;
  settings(): Promise<SettingsView>;
  changeSettings(change: SettingsChange): Promise<ChangeResult>;
  /** A newer call ends an older one. */
  checkProvider(issuer: string): Promise<ProviderCheck>;
  removeEverything(way: RemovalWay): Promise<RemovalResult>;
  /** Moves to the port of {@link AppView.port} if it is free now. All accounts stay signed in. */
  tryPortAgain(): Promise<PortResult>;
  /** The provider's own address of a login, for a browser that runs elsewhere; undefined when the login is over (R16). */
  providerAddress(id: string): Promise<string | undefined>;
  /** The page has painted: the window may be shown now, and not earlier. */
  painted(): void;
}
