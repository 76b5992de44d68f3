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
  /** `elsewhere`: it is a login on another device. */
  readonly page: PageState | 'elsewhere';
  /** What the provider must know of it: else it shows an error of its own, and nobody comes back. */
  readonly registration?: { readonly clientId: string; readonly redirectUri: string };
}

/** A signed-in person, as the desktop shows them: no tokens. */
export interface PersonState {
  readonly account: string;
  readonly issuer: string;
  readonly subject: string;
  readonly profile: Record<string, unknown> | undefined;
  readonly renewable: boolean;
  /** When the access token ends, in milliseconds since the epoch. */
  readonly expiresAt: number;
  readonly freshness: Freshness;
  /** Why the provider cannot be reached and what to do, where something in between is known to be the reason. */
  readonly obstacle?: Message | undefined;
  /** When the provider last gave the profile, in milliseconds since the epoch. */
  readonly profileReadAt: number | undefined;
  /** Since when the provider cannot be reached, in milliseconds since the epoch; absent while it can. */
  readonly unreachableSince?: number;
}

/** All that there is to show. */
export interface BrokerState {
  readonly ready: boolean;
  readonly person: PersonState | undefined;
  readonly others: readonly PersonState[];
  readonly waiting: WaitingLogin | undefined;
  /** Why nobody is signed in any more, when that was not the person's own decision. */
  readonly ended: LoopgateError | undefined;
  readonly problem: LoopgateError | undefined;
  /** What helps with {@link problem}. */
  readonly remedy: Remedy;
  readonly vault: StorageLocation;
  /** Who was active before a program made {@link person} the active account (T18), until the person has seen it. */
  readonly switchedFrom: PersonState | undefined;
  /** Whether a program has made {@link person} active while nobody was (T18), until the person has seen it. */
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
