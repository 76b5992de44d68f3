import { randomBytes, randomUUID } from 'node:crypto';
import { message, sentences } from '../../../preload/texts/messages.ts';
import { LoopgateError, type LoopgateErrorDetails } from '../../errors/errors.ts';
import { deferred } from '../../system/deferred.ts';
import type { AuthorizationRequest } from '../provider/authorizationEndpoint.ts';
import type { Failure } from '../provider/backoff.ts';
import type { Challenge, TokenResult } from './requests.ts';

/** How long a challenge waits until its sign-in starts, and a received code until it is exchanged. Milliseconds. */
export const challengeLifetime = 10 * 60_000;
/** R15: how long the result of a login is kept for a caller that hung up and asks again. Milliseconds. */
export const resultKept = 60_000;

/** The owner of an authorization: the key of the calling program, or {@link loopgateItself}. */
export type OwnerKey = string;
/** The owner of the logins that the person starts from the tray or the window. */
export const loopgateItself: OwnerKey = 'loopgate';
/**
 * The owner of a login that a browser started by itself. Its code goes to a listed redirect_uri, and the program behind that
 * exchanges it.
 */
export const nobodyKnown: OwnerKey = 'nobody';

/** R16: opens a login in the person's browser, once. */
export interface LoginTicket {
  /** 192 random bits. They open the login page for a caller that the API accepts. */
  readonly value: string;
  /** True once a browser has followed it. */
  isUsed: boolean;
}

/** The provider's response to the callback. */
export interface AuthorizationResponse {
  readonly code: string;
  readonly issuer?: string;
}

/** `issued`: a challenge only. `waiting`: the login is open. `received`: its code arrived. `ended`: it failed. */
export type AuthorizationStatus = 'issued' | 'waiting' | 'received' | 'ended';

/**
 * The state of a login's page. `opened` only means that opening it did not fail: until the provider answers, Loopgate cannot
 * know more.
 */
export type PageState = 'opening' | 'opened' | 'failed';

/** One pending authorization (R4): bound to its owner, used once, gone at its deadline. */
export class Authorization {
  /** Identifies it in the window. The state would not do: only the provider and the owner may know it. */
  readonly id = randomUUID();
  readonly state: string;
  readonly owner: OwnerKey;
  readonly codeChallenge: string;
  readonly codeVerifier: string | undefined;
  /** R5: the broker's own secret, checked in the ID token. Not the client's `nonce`, which is a copy of the state. */
  readonly nonce = randomBytes(32).toString('base64url');
  /** True when neither state nor challenge came from a client: the answer then contains the challenge. */
  readonly fresh: boolean;
  status: AuthorizationStatus = 'issued';
  /**
   * True once the person has asked for it at the tray or window, even if a program asked first: the account then becomes
   * active (T18).
   */
  isPersons = false;
  /** The caller that opened it, if that is not the owner: the code is never its own, but it may relay the answer. */
  startedBy: OwnerKey | undefined;
  /** Milliseconds since the epoch. */
  deadline: number;
  request: AuthorizationRequest | undefined;
  /** The provider's login page; undefined until the login has started. */
  address: string | undefined;
  /** The newest ticket for {@link address}. */
  ticket: LoginTicket | undefined;
  /** Also `opened` when a browser came by itself. */
  page: PageState = 'opened';
  /** True when its address is not to be shown if no browser opens, because another way to sign in may replace it. */
  isQuiet = false;
  /** Resolves when it is clear whether the page could be opened. */
  opened: Promise<boolean> = Promise.resolve(true);
  /** Why the person's browser cannot bring the answer. */
  hindrance: LoopgateError | undefined;
  response: AuthorizationResponse | undefined;
  receivedAt: number | undefined;
  /** The exchange of the code; equal requests share it (R15). */
  exchange: Promise<TokenResult> | undefined;
  /** Why the last exchange failed, if the code may be tried again. */
  exchangeFailure: Failure | undefined;
  /** True once the provider has refused the code for good. */
  isRefused = false;
  exchangedAt: number | undefined;
  readonly #settled = deferred<AuthorizationResponse>();

  constructor(owner: OwnerKey, challenge: Challenge, fresh: boolean, deadline: number) {
    this.owner = owner;
    this.state = challenge.state;
    this.codeChallenge = challenge.codeChallenge;
    this.codeVerifier = challenge.codeVerifier;
    this.fresh = fresh;
    this.deadline = deadline;
    // If no caller waits any more, the rejection is not a failure of the program.
    this.#settled.promise.catch(() => undefined);
  }

  /** Resolves with the code, or rejects with the reason why none will come. Many callers may wait. */
  outcome(): Promise<AuthorizationResponse> {
    return this.#settled.promise;
  }

  /**
   * Whether this program may relay the provider's answer: it owns the login, or has opened it and waits. Once the person has
   * asked for it too, their account becomes active by it (T18), and only their browser may bring the answer.
   */
  mayBeRelayedBy(program: OwnerKey): boolean {
    return this.owner === program || (this.startedBy === program && !this.isPersons);
  }

  receive(response: AuthorizationResponse, now: number): void {
    this.status = 'received';
    this.response = response;
    this.receivedAt = now;
    this.deadline = now + challengeLifetime;
    this.#settled.resolve(response);
  }

  end(reason: LoopgateError): void {
    this.status = 'ended';
    this.#settled.reject(reason);
  }

  /** Two sign-ins count as one if these parts are equal (R15). */
  isEqual(request: AuthorizationRequest, clientChallenge: string | undefined): boolean {
    const mine = this.request;
    if (!mine) return false;
    const challenge = this.fresh ? undefined : this.codeChallenge;
    return (
      challenge === clientChallenge &&
      mine.clientId === request.clientId &&
      mine.audience === request.audience &&
      sortedScopes(mine.scope) === sortedScopes(request.scope) &&
      mine.redirectUri === request.redirectUri &&
      mine.connection === request.connection &&
      mine.organization === request.organization &&
      mine.prompt === request.prompt
    );
  }
}

/** The same scopes in another order are the same request. */
function sortedScopes(scope: string): string {
  return scope.split(' ').sort().join(' ');
}

/**
 * The error for a login that was not finished in time. If the provider does not know the client ID or the callback, it shows
 * its own error page and does not redirect the person back.
 */
export function timedOut(one: Authorization | undefined): LoopgateError {
  return new LoopgateError('authorization_timeout', timeoutAdvice(one));
}

/** The advice for that case. */
export function timeoutAdvice(one: Authorization | undefined): LoopgateErrorDetails {
  if (!one?.request) return {};
  if (one.hindrance) return { next: one.hindrance.text };
  if (one.page === 'failed') return { next: message('noBrowserOpened.next') };
  const { clientId, redirectUri } = one.request;
  return {
    next: sentences(
      message('authorization_timeout.next'),
      message('checkRegistration', { id: clientId, callback: redirectUri }),
    ),
  };
}
