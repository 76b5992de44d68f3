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

/** A problem, with what to do next. It never contains a token. */
export interface ProblemView {
  /** A stable code of the error table, e.g. `provider_unreachable`. */
  readonly code: string;
  /** What happened. */
  readonly message: string;
  /** What to do, if no button does it, or a button alone is not enough. */
  readonly next?: string;
  /** The action that helps: a new sign-in, a retry of the renewal, or nothing that a button could do. */
  readonly remedy: 'sign_in' | 'sign_in_again' | 'renew' | 'none';
  /** By how many seconds this machine's clock is ahead of the provider's; negative when it is behind (T15). */
  readonly clockAhead?: number;
}

/** The problem codes that mean that a session has ended, and not that something else failed. */
export const sessionEndings: readonly string[] = ['not_signed_in', 'invalid_token'];

/** Loopgate does not have the port that programs try first. */
export interface PortView {
  readonly wanted: number;
  /** The program that holds it, if the system reports it. */
  readonly takenBy?: string;
}

/** Where the session is stored, if the person should know or decide something about it. */
export interface StorageView {
  readonly kind: 'keyring' | 'key' | 'file' | 'memory';
  /** A text; absent for the system's keyring. */
  readonly notice?: string;
  /**
   * `unlock`: Loopgate waits for a locked keyring. `create`: there is something to store, but no keyring yet. `choice`: there
   * is no keyring, and the person has not chosen what to do.
   */
  readonly needs?: 'unlock' | 'create' | 'choice';
  /** True when the person may choose again: it is kept for this run only, or with weaker protection. */
  readonly changeable: boolean;
}

/** A login that waits for its person. */
export interface WaitingView {
  /** Identifies this login for Cancel, Open again and Copy address. It is not the OAuth state. */
  readonly id: string;
  /** The caller that asked for it: this window or tray, or a program over the API. */
  readonly requestedBy: 'loopgate' | 'program';
  /** When it ends by itself, in milliseconds since the epoch. */
  readonly deadline: number;
  /** The state of its page. `opened` only means that opening it did not fail. `elsewhere`: the login is on another device. */
  readonly page: 'opening' | 'opened' | 'failed' | 'elsewhere';
  /** The registration that the provider must have; otherwise it shows its own error page. Absent for another device. */
  readonly registration?: { readonly clientId: string; readonly redirectUri: string };
}

/** The state of the app's updates. `ready`: downloaded, and installed when the person quits. */
export type UpdateView =
  | { readonly state: 'unchecked' | 'checking' }
  /** When the last check was, in milliseconds since the epoch. */
  | { readonly state: 'current' | 'failed'; readonly checkedAt: number }
  /** `available`: the system's package manager installs it. */
  | { readonly state: 'available' | 'fetching' | 'ready'; readonly version: string };

/** A tab of the main window: who is signed in, which programs use it, or Loopgate's settings. */
export type Tab = 'account' | 'programs' | 'settings';

/** Everything that both windows show, except the lists of programs and the settings. Every change sends all of it. */
export interface AppView {
  readonly version: string;
  /** `starting` until the stored session was read. */
  readonly status: 'starting' | 'signed_out' | 'signed_in';
  /** The address for programs, e.g. `http://localhost:1000`. */
  readonly address: string;
  /** Why the API is not on the port that programs try first, with the remedy; absent if it is. */
  readonly portNotice?: string;
  /** That port, and the program that holds it. Present with {@link portNotice}. */
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
  /** `unverified`: the provider could not be asked yet in this run. `stale`: it could, but cannot be reached now. */
  readonly freshness?: 'verified' | 'unverified' | 'stale';
  /** Why the provider cannot be reached and what to do, if a known obstacle, such as a proxy, is the reason. */
  readonly obstacle?: string;
  /** When the profile was last read from the provider, in milliseconds since the epoch. */
  readonly profileReadAt?: number;
  /** When the provider became unreachable, in milliseconds since the epoch; absent while it can be reached. */
  readonly unreachableSince?: number;
  /** True when the reason is that this machine has no network at all. */
  readonly isOffline?: boolean;
  /** True while Loopgate asks, once, whether it should start at login. */
  readonly offersStartAtLogin?: boolean;
  /** The account that was active before a program made `person` active (T18); absent once the person has seen it. */
  readonly switchedFrom?: PersonView;
  /**
   * True while `person` is active through a program's login, made when no account was active (T18); absent once the person
   * has seen it.
   */
  readonly signedInByProgram?: boolean;
  readonly waiting?: WaitingView;
  readonly problem?: ProblemView;
  readonly storage: StorageView;
  /** The questions that wait for the person's answer, the oldest first. */
  readonly questions: readonly QuestionView[];
  /** How many programs were denied a short time ago because the person did not answer. */
  readonly unanswered: number;
  /** The tab that the person asked for from outside the window; absent once the window shows it. */
  readonly wantedTab?: Tab;
  /** True while the setting `exposeRefreshToken` is on. */
  readonly exposesRefreshToken: boolean;
  /** True when the system shows no notifications, because it has no service for them or that does not answer. */
  readonly lacksNotifications?: boolean;
  /** Absent if this build does not update itself. */
  readonly update?: UpdateView;
}
