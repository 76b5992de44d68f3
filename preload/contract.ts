/**
 * Everything that crosses between the main process and the window: one type for all channels. The main process and the
 * preload script both read the names from here; the window sees `Bridge` and nothing else.
 */

/** A person as the window shows them. `picture` is a `data:` address: the window never fetches anything itself. */
export interface PersonView {
  /** The account's key (issuer and subject), opaque to the window. */
  readonly account: string;
  readonly name: string;
  readonly email?: string;
  readonly emailVerified?: boolean;
  readonly picture?: string;
}

/** Something that went wrong, with what to do next. Never holds a token. */
export interface ProblemView {
  /** A stable code of the error table, e.g. `provider_unreachable`. */
  readonly code: string;
  /** What happened. */
  readonly message: string;
  /** What to do, where no button does it, or not alone. */
  readonly next?: string;
  /** What helps: a new sign-in, another try at renewing the session, or nothing that a button could do. */
  readonly remedy: 'sign_in' | 'sign_in_again' | 'renew' | 'none';
  /** This machine's clock is wrong: by how many seconds it is ahead of the provider's; negative when it is behind (T15). */
  readonly clockAhead?: number;
}

/** The port that programs try first is not Loopgate's. */
export interface PortView {
  readonly wanted: number;
  /** The program that has it, where the system tells. */
  readonly takenBy?: string;
}

/** Where the session rests, when there is something to know or to decide about it. */
export interface StorageView {
  readonly kind: 'keyring' | 'key' | 'file' | 'memory';
  /** In words; absent for the system's keyring. */
  readonly notice?: string;
  /**
   * `unlock`: the keyring is locked and waited for. `create`: there is something to keep, and no keyring yet. `choice`: no keyring
   * is there, and the person has not said what to do.
   */
  readonly needs?: 'unlock' | 'create' | 'choice';
  /** True when the person may decide it anew: kept for this run only, or with weaker protection. */
  readonly changeable: boolean;
}

/** A login that waits for its person. */
export interface WaitingView {
  /** Names this login for Cancel, Open again and Copy address. Not the OAuth state. */
  readonly id: string;
  /** Who asked for it: this window or tray, or a program over the API. */
  readonly requestedBy: 'loopgate' | 'program';
  /** When it ends by itself, in milliseconds since the epoch. */
  readonly deadline: number;
  /** Of its page: `opened` when opening it did not fail, which is all that is known. `elsewhere`: it is on another device. */
  readonly page: 'opening' | 'opened' | 'failed' | 'elsewhere';
  /** What the provider must know of it; where it does not, it shows an error of its own. Absent for another device. */
  readonly registration?: { readonly clientId: string; readonly redirectUri: string };
}

/** A program as the person is shown it. All of it is text of strangers, made printable; nothing of it is what it says of itself but `claim`. */
export interface ProgramView {
  /** Names it in actions; opaque to the window. */
  readonly id: string;
  readonly name: string;
  /** Empty when it is not known. */
  readonly path: string;
  readonly kind: 'program' | 'interpreter' | 'shell' | 'httpClient' | 'forwarder' | 'browser' | 'unknown';
  /** The script that an interpreter says it runs. */
  readonly claim?: string;
  /** A debugger holds it. */
  readonly isDebugged?: true;
  /** Its icon as a `data:` address, where the system has one. */
  readonly icon?: string;
}

/** What a program can want that is the person's. */
export type Wish = 'sign_in' | 'tokens' | 'profile' | 'sign_out' | 'accounts';

/** May a program use the sign-in? Asked of the person while its request waits. */
export interface QuestionView {
  /** Names it for the answer. */
  readonly id: string;
  readonly program: ProgramView;
  readonly wish: Wish;
  /** How it called itself over the API: a claim. */
  readonly claimedName?: string;
  /** The longest that it may be allowed for: `hours` is twelve of them. */
  readonly lasting: 'always' | 'hours' | 'once';
  /** When it counts as denied, in milliseconds since the epoch. */
  readonly deadline: number;
}

/** `allow`: for good, or for twelve hours where a program may not be allowed for longer. `once`: until it ends, one hour at most. */
export type QuestionAnswer = 'allow' | 'once' | 'deny';

/** A program that has asked for something, as the list of connected programs shows it. */
export interface ListedProgramView extends ProgramView {
  /** `unanswered`: the person has not answered its question, or it was never asked. */
  readonly decision: 'allowed' | 'denied' | 'unanswered';
  /** Allowed once: until its end, and until this time at most, in milliseconds since the epoch. */
  readonly onceUntil?: number;
  /** When the decision ends, in milliseconds since the epoch; absent for one that stays. */
  readonly until?: number;
  /** How long it may be allowed for; `never` for a browser, `once` for what cannot be identified. */
  readonly lasting: 'always' | 'hours' | 'once' | 'never';
  /** Milliseconds since the epoch. */
  readonly firstUsed: number;
  /** Milliseconds since the epoch. */
  readonly lastUsed: number;
  readonly wishes: readonly Wish[];
}

/** One access, without anything secret in it. */
export interface AccessView {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly name: string;
  readonly path: string;
  readonly wish: Wish;
  readonly outcome: 'allowed' | 'denied';
}

/** An origin that is no web page's: an app or a browser extension. `fixed`: by the settings. `managed`: by the administrator. */
export interface OriginView {
  readonly origin: string;
  readonly decision: 'fixed' | 'managed' | 'allowed' | 'refused';
}

/** Who uses the sign-in. Asked for by the window when it shows it. */
export interface ProgramsView {
  /** `ask`: the person is asked. `same-user`: every program of the user may. `listed`: only what is on the list. */
  readonly guard: 'ask' | 'same-user' | 'listed';
  /** The most recently used first. */
  readonly programs: readonly ListedProgramView[];
  /** The newest first; 200 at most. */
  readonly history: readonly AccessView[];
  readonly origins: readonly OriginView[];
}

export type Theme = 'system' | 'light' | 'dark';

/** What the person can change here. The names are those of settings.json. */
export type SettingField = 'issuer' | 'clientId' | 'audience' | 'port' | 'guard' | 'theme';

/** What decides a setting: the administrator's policy, or an environment variable. */
export type FixedBy = 'policy' | `LOOPGATE_${string}`;

/** The settings as they are now. Asked for by the window when it shows them. */
export interface SettingsView {
  /** Absent while none is set, and for the demo, which is nobody's choice. */
  readonly issuer?: string;
  readonly clientId?: string;
  readonly audience?: string;
  /** Absent: the default order of ports. */
  readonly port?: number;
  readonly guard: ProgramsView['guard'];
  readonly theme: Theme;
  /** What cannot be changed here, and what decides it. */
  readonly fixed: { readonly [Field in SettingField]?: FixedBy };
  /** What the administrator has decided, by the names of settings.json, and where; absent when that is nothing. */
  readonly managed?: { readonly place: string; readonly settings: readonly string[] };
  /** The callbacks to register at the provider. */
  readonly callbacks: readonly string[];
  /** Where `/v2/logout` may return to: these are registered at the provider too. */
  readonly returnTo: readonly string[];
  /** The data folder. */
  readonly home: string;
  /** Absent where it cannot be changed. */
  readonly startAtLogin?: boolean;
  /** What a person should know about it, such as why it cannot be changed. */
  readonly startAtLoginNotice?: string;
}

/** What the person wants to change, as it was typed: an empty text means that nothing is set. */
export type SettingsChange =
  | {
      readonly setting: 'provider';
      readonly issuer?: string | undefined;
      readonly clientId?: string | undefined;
      readonly audience?: string | undefined;
      /** The provider does not know the client ID: it is kept all the same. */
      readonly anyway?: true | undefined;
    }
  | { readonly setting: 'port'; readonly port: string }
  | { readonly setting: 'guard'; readonly guard: ProgramsView['guard'] }
  | { readonly setting: 'theme'; readonly theme: Theme };

/**
 * `client`: what the provider said of a client ID that was changed; absent when it was not asked. `message`: why it does not work;
 * all is as it was before then. `mayKeep`: the person may want it all the same.
 */
export type ChangeResult =
  | { readonly ok: true; readonly client?: 'known' | 'untested' }
  | { readonly ok: false; readonly field: SettingField; readonly message: string; readonly mayKeep?: true };

/** Whether an OpenID provider answers at an address. */
export type ProviderCheck =
  | { readonly ok: true; readonly host: string }
  | {
      readonly ok: false;
      /** `blocked`: by a proxy, or by its certificate. `replaced`: another address was asked about meanwhile. */
      readonly reason: 'not_an_address' | 'unreachable' | 'blocked' | 'not_a_provider' | 'replaced';
      readonly message: string;
    };

/** `revoke`: nothing is removed while a sign-in could not be revoked at its provider. `anyway`: it then is all the same. */
export type RemovalWay = 'revoke' | 'anyway';

/** Where it worked, Loopgate quits. `kept`: what could not be revoked, and is there as before. */
export type RemovalResult =
  | { readonly ok: true }
  | { readonly ok: false; readonly kept: number; readonly message: string };

/** How the app is kept up to date. `ready`: fetched, and installed when the person quits. */
export type UpdateView =
  | { readonly state: 'unchecked' | 'checking' }
  /** When it was looked for, in milliseconds since the epoch. */
  | { readonly state: 'current' | 'failed'; readonly checkedAt: number }
  /** `available`: the system's package manager installs it. */
  | { readonly state: 'available' | 'fetching' | 'ready'; readonly version: string };

/** Without a `message` the port still cannot be had; with one, that says what else failed. */
export type PortResult = { readonly ok: true } | { readonly ok: false; readonly message?: string };

/** What the window can show: who is signed in, who uses it, or how Loopgate is set up. */
export type Place = 'account' | 'programs' | 'settings';

/** All that the window shows. Sent whole on every change. */
export interface AppView {
  readonly version: string;
  /** `starting` until the stored session was read. */
  readonly status: 'starting' | 'signed_out' | 'signed_in';
  /** Where programs reach the API, e.g. `http://localhost:1000`. */
  readonly address: string;
  /** Why the API is not on the port that programs try first, with the remedy; absent when it is. */
  readonly portNotice?: string;
  /** Which port that is, and who has it. Present with {@link portNotice}. */
  readonly port?: PortView;
  /** The provider's host, e.g. `tenant.us.auth0.com`; absent when none is configured. */
  readonly provider?: string;
  /** True when the provider is the demo on this machine, where any name signs in. */
  readonly demo: boolean;
  /** The API (audience) that access tokens are for; absent when none is configured. */
  readonly audience?: string;
  readonly person?: PersonView;
  /** Other accounts that are signed in but not active. */
  readonly otherAccounts: readonly PersonView[];
  /** False when the provider did not grant `offline_access`: the session ends at `expiresAt` (T17). */
  readonly renewable?: boolean;
  /** When the access token expires, in milliseconds since the epoch. */
  readonly expiresAt?: number;
  /** `unverified`: the provider could not yet be asked in this run. `stale`: it could, but cannot be reached now. */
  readonly freshness?: 'verified' | 'unverified' | 'stale';
  /** Why the provider cannot be reached and what to do, where something in between, such as a proxy, is known to be the reason. */
  readonly obstacle?: string;
  /** When the provider last gave the profile, in milliseconds since the epoch. */
  readonly profileReadAt?: number;
  /** Since when the provider cannot be reached, in milliseconds since the epoch; absent while it can. */
  readonly unreachableSince?: number;
  /** True when that is because this machine has no network at all. */
  readonly isOffline?: boolean;
  /** True while the person is asked, once, whether Loopgate shall start at login. */
  readonly offersStartAtLogin?: boolean;
  /** Who was active before a program made `person` the active account (T18); absent once the person has seen it. */
  readonly switchedFrom?: PersonView;
  /** True while `person` is active by a program's login, when nobody was (T18); absent once the person has seen it. */
  readonly signedInByProgram?: boolean;
  readonly waiting?: WaitingView;
  readonly problem?: ProblemView;
  readonly storage: StorageView;
  /** What waits for the person's answer, the oldest first. */
  readonly questions: readonly QuestionView[];
  /** How many programs were denied because nobody answered, a short time ago. */
  readonly unanswered: number;
  /** Where the person asked to be in the window, from outside it; absent once the window is there. */
  readonly wantedPlace?: Place;
  /** True while the setting `exposeRefreshToken` is on. */
  readonly exposesRefreshToken: boolean;
  /** True when the system shows no notifications, because nothing there does or it does not answer. */
  readonly lacksNotifications?: boolean;
  /** Absent where this build is not kept up to date by itself. */
  readonly update?: UpdateView;
}

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
  /** Where the window is now: by the person's wish, or where {@link AppView.wantedPlace} wanted it. */
  placeShown(place: Place): void;
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
  setStartAtLogin(wish: StartAtLoginWish): void;
  /** Copies what is to be registered at the provider. */
  copyRegistration(what: RegistrationPart): void;
  /** Has the system ask for the password of a keyring that is locked. */
  unlockKeyring(): void;
  /** Has the system ask for a password for a new keyring. */
  createKeyring(): void;
  quit(): void;
}

export type StartAtLoginWish = 'on' | 'off';

/** `callback`: the one of the login that waits. */
export type RegistrationPart = 'callbacks' | 'returnTo' | 'callback';

export type StorageChoice = 'memory' | 'file';

export type ActionName = keyof Actions;

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
  'placeShown',
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
] as const satisfies readonly ActionName[];

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
