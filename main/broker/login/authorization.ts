import { randomBytes, randomUUID } from 'node:crypto';
import { message, sentences } from '../../../preload/texts/messages.ts';
import { LoopgateError, type LoopgateErrorDetails } from '../../errors/errors.ts';
import { deferred } from '../../system/deferred.ts';
import type { AuthorizationRequest } from '../provider/authorizationEndpoint.ts';
import type { Failure } from '../provider/backoff.ts';
import type { Challenge, TokenResult } from './requests.ts';

/** How long a challenge waits for its sign-in to start, and a received code for its exchange. Milliseconds. */
export const challengeLifetime = 10 * 60_000;
/** R15: how long the result of a login is kept for a caller that hung up and asks again. Milliseconds. */
export const resultKept = 60_000;

/** Whose authorization it is: the key of the calling program, or {@link loopgateItself}. */
export type OwnerKey = string;
/** The owner of what the person starts from the tray or the window. */
export const loopgateItself: OwnerKey = 'loopgate';
/** The owner of what a browser started by itself: its code goes to a listed redirect_uri, whose owner exchanges it. */
export const nobodyKnown: OwnerKey = 'nobody';

/** R16: what opens a login in the person's browser, once. */
export interface LoginTicket {
  /** 192 random bits: they open the login page, for a caller that is let in. */
  readonly value: string;
  /** What the browser that used it up may use it again with; absent until then. */
  key?: string;
}

/** What came back from the provider to the callback. */
export interface AuthorizationResponse {
  readonly code: string;
  readonly issuer?: string;
}

/** `issued`: a challenge only. `waiting`: the login is open. `received`: its code came. `ended`: by an error. */
export type AuthorizationStatus = 'issued' | 'waiting' | 'received' | 'ended';

/** Of a login's page: `opened` when opening it did not fail. That is all that can be known, until the provider answers. */
export type PageState = 'opening' | 'opened' | 'failed';

/** One pending authorization (R4): bound to its owner, used once, gone at its deadline. */
export class Authorization {
  /** Names it for the window; not the state, which only the provider and the owner may know. */
  readonly id = randomUUID();
  readonly state: string;
  readonly owner: OwnerKey;
  readonly codeChallenge: string;
  readonly codeVerifier: string | undefined;
  /** R5: the broker's own secret, checked in the ID token. Not the client's `nonce`, which is a copy of the state. */
  readonly nonce = randomBytes(32).toString('base64url');
  /** True when neither state nor challenge came from a client: the answer then carries the challenge. */
  readonly fresh: boolean;
  status: AuthorizationStatus = 'issued';
  /** True once the person has asked for it at the tray or window, even if a program asked first: theirs becomes the active account (T18). */
  isPersons = false;
  /** Milliseconds since the epoch. */
  deadline: number;
  request: AuthorizationRequest | undefined;
  /** The provider's login page, once it was started. */
  address: string | undefined;
  /** The newest ticket for {@link address}. */
  ticket: LoginTicket | undefined;
  /** `opened` also where a browser came for it by itself. */
  page: PageState = 'opened';
  /** Its address is not shown where no browser opens: another way to sign in may take its place. */
  isQuiet = false;
  /** Resolves when it is known whether the page could be opened. */
  opened: Promise<boolean> = Promise.resolve(true);
  response: AuthorizationResponse | undefined;
  receivedAt: number | undefined;
  /** The exchange of the code, shared by equal ones (R15). */
  exchange: Promise<TokenResult> | undefined;
  /** Why the code could not be exchanged yet, where it may be tried again. */
  exchangeFailure: Failure | undefined;
  exchangedAt: number | undefined;
  readonly #settled = deferred<AuthorizationResponse>();

  constructor(owner: OwnerKey, challenge: Challenge, fresh: boolean, deadline: number) {
    this.owner = owner;
    this.state = challenge.state;
    this.codeChallenge = challenge.codeChallenge;
    this.codeVerifier = challenge.codeVerifier;
    this.fresh = fresh;
    this.deadline = deadline;
    // Nobody may be waiting any more: that is not a failure of the program.
    this.#settled.promise.catch(() => undefined);
  }

  /** Resolves with the code, or rejects with the reason why there will be none. Many may wait. */
  outcome(): Promise<AuthorizationResponse> {
    return this.#settled.promise;
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

  /** The parts that two sign-ins must share to be one (R15). */
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
 * The end of a login that nobody finished. A provider that does not know the client ID or the callback says so on a page of its
 * own, and sends nobody back.
 */
export function timedOut(one: Authorization | undefined): LoopgateError {
  return new LoopgateError('authorization_timeout', timeoutAdvice(one));
}

/** What to do then. */
export function timeoutAdvice(one: Authorization | undefined): LoopgateErrorDetails {
  if (!one?.request) return {};
  const { clientId, redirectUri } = one.request;
  return {
    next: sentences(
      message('authorization_timeout.next'),
      message('checkRegistration', { id: clientId, callback: redirectUri }),
    ),
  };
}
