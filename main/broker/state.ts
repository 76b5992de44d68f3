import type { Message } from '../../preload/texts/messages.ts';
import type { LoopgateError } from '../errors/errors.ts';
import type { PageState } from './login/authorization.ts';
import type { Remedy } from './problem.ts';
import type { Freshness } from './session/reachability.ts';
import type { Session } from './session/session.ts';
import type { StorageLocation } from './session/vault.ts';

/** A login that waits for the browser, as the desktop shows it. */
export interface WaitingLogin {
  readonly id: string;
  readonly requestedBy: 'loopgate' | 'program';
  /** Milliseconds since the epoch. */
  readonly deadline: number;
  /** `elsewhere`: the login is on another device. */
  readonly page: PageState | 'elsewhere';
  /**
   * The registration that the provider must have: otherwise it shows its own error page and does not redirect the person
   * back.
   */
  readonly registration?: { readonly clientId: string; readonly redirectUri: string };
}

/** A signed-in person as the desktop shows them, without tokens. */
export interface PersonState {
  readonly account: string;
  readonly issuer: string;
  readonly subject: string;
  readonly profile: Record<string, unknown> | undefined;
  readonly renewable: boolean;
  /** When the access token ends, in milliseconds since the epoch. */
  readonly expiresAt: number;
  readonly freshness: Freshness;
  /** Why the provider cannot be reached and what to do, if a known obstacle is the reason. */
  readonly obstacle?: Message | undefined;
  /** When the profile was last read from the provider, in milliseconds since the epoch. */
  readonly profileReadAt: number | undefined;
  /** When the provider became unreachable, in milliseconds since the epoch; absent while it can be reached. */
  readonly unreachableSince?: number;
}

/** Everything that the desktop shows. */
export interface BrokerState {
  readonly ready: boolean;
  readonly person: PersonState | undefined;
  readonly others: readonly PersonState[];
  readonly waiting: WaitingLogin | undefined;
  /** Why the last session ended, unless the person ended it. */
  readonly ended: LoopgateError | undefined;
  readonly problem: LoopgateError | undefined;
  /** What helps with {@link problem}. */
  readonly remedy: Remedy;
  readonly vault: StorageLocation;
  /** The account that was active before a program made {@link person} active (T18), until the person has seen it. */
  readonly switchedFrom: PersonState | undefined;
  /** Whether a program has made {@link person} active while no account was (T18), until the person has seen it. */
  readonly signedInByProgram: boolean;
}

/** A session, as the desktop shows it. */
export function personOf(session: Session): PersonState {
  const { issuer, subject, profile, profileReadAt, expiresAt } = session.account;
  const { key: account, renewable, freshness, obstacle, unreachableSince } = session;
  return {
    ...{ account, issuer, subject, profile, renewable, expiresAt, freshness, obstacle, profileReadAt },
    ...(unreachableSince !== undefined && { unreachableSince }),
  };
}
