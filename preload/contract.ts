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
  /** What to do, where no button does it. */
  readonly next?: string;
  /** What helps: a new sign-in, another try at renewing the session, or nothing that a button could do. */
  readonly remedy: 'sign_in' | 'renew' | 'none';
}

/** Where the session rests, when there is something to know or to decide about it. */
export interface StorageView {
  readonly kind: 'keyring' | 'key' | 'file' | 'memory';
  /** In words; absent for the system's keyring. */
  readonly notice?: string;
  /** `unlock`: the keyring is locked and waited for. `choice`: no keyring is there, and the person has not said what to do. */
  readonly needs?: 'unlock' | 'choice';
  /** True when the person may decide it anew: kept for this run only, or with weaker protection. */
  readonly changeable: boolean;
}

/** A login that is open in the browser. */
export interface WaitingView {
  /** Names this login for Cancel, Open again and Copy address. Not the OAuth state. */
  readonly id: string;
  /** Who asked for it: this window or tray, or a program over the API. */
  readonly requestedBy: 'loopgate' | 'program';
  /** When it ends by itself, in milliseconds since the epoch. */
  readonly deadline: number;
}

/** All that the window shows. Sent whole on every change. */
export interface AppView {
  readonly version: string;
  /** `starting` until the stored session was read. */
  readonly status: 'starting' | 'signed_out' | 'signed_in';
  /** Where programs reach the API, e.g. `http://localhost:1000`. */
  readonly address: string;
  /** Why the API is not on the port that programs try first, with the remedy; absent when it is. */
  readonly portNotice?: string;
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
  /** When the provider last gave the profile, in milliseconds since the epoch. */
  readonly profileReadAt?: number;
  /** Who was active before a program made `person` the active account (T18); absent once the person has seen it. */
  readonly switchedFrom?: PersonView;
  readonly waiting?: WaitingView;
  readonly problem?: ProblemView;
  readonly storage: StorageView;
  /** True while the setting `exposeRefreshToken` is on. */
  readonly exposesRefreshToken: boolean;
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
  /** The person has seen that a program switched the account. */
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
}

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
] as const satisfies readonly ActionName[];

/** The channel names of Electron's IPC. */
export const channels = {
  /** window → main, invoke: the present view. */
  view: 'loopgate:view',
  /** main → window: the view has changed. */
  viewChanged: 'loopgate:view-changed',
  /** window → main, invoke: one action with its arguments. */
  action: 'loopgate:action',
} as const;

/** `window.loopgate` in the renderer. */
export interface Bridge extends Actions {
  view(): Promise<AppView>;
  /** Calls back on every change; gives the function that ends it. */
  onViewChanged(listener: (view: AppView) => void): () => void;
}
