import type { QuestionView } from './programs.ts';

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

/** The codes of a problem that say that a session has ended, and not that something else failed. */
export const sessionEndings: readonly string[] = ['not_signed_in', 'invalid_token'];

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
  /** True when the person may decide it again: kept for this run only, or with weaker protection. */
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

/** How the app is kept up to date. `ready`: fetched, and installed when the person quits. */
export type UpdateView =
  | { readonly state: 'unchecked' | 'checking' }
  /** When it was looked for, in milliseconds since the epoch. */
  | { readonly state: 'current' | 'failed'; readonly checkedAt: number }
  /** `available`: the system's package manager installs it. */
  | { readonly state: 'available' | 'fetching' | 'ready'; readonly version: string };

/** A tab of the main window: who is signed in, who uses it, or how Loopgate is set up. */
export type Tab = 'account' | 'programs' | 'settings';

/** Everything that both windows show, but for the lists of programs and the settings. Sent whole on every change. */
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
  /** The tab that the person asked for from outside the window; absent once the window shows it. */
  readonly wantedTab?: Tab;
  /** True while the setting `exposeRefreshToken` is on. */
  readonly exposesRefreshToken: boolean;
  /** True when the system shows no notifications, because nothing there does or it does not answer. */
  readonly lacksNotifications?: boolean;
  /** Absent where this build is not kept up to date by itself. */
  readonly update?: UpdateView;
}
