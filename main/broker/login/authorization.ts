import { createHash, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import { message, sentences } from '../../../preload/texts/messages.ts';
import { LoopgateError, type LoopgateErrorDetails } from '../../errors/errors.ts';
import { deferred } from '../../system/deferred.ts';
import type { Clock } from '../clock.ts';
import type { AuthorizationRequest } from '../provider/authorizationEndpoint.ts';
import type { Failure } from '../provider/backoff.ts';
import type { Challenge, TokenResult } from './requests.ts';

/** How long a challenge waits for its sign-in to start, and a received code for its exchange. Milliseconds. */
const challengeLifetime = 10 * 60_000;
/** R15: how long the result of a login is kept for a caller that hung up and asks again. Milliseconds. */
export const resultKept = 60_000;
/** How many challenges one owner may leave unused; the oldest goes first. */
const unusedChallenges = 1000;
/** How many challenges all owners together may leave unused: what cannot be identified has an owner for each connection. */
const allUnusedChallenges = 5000;
/** L8: how many logins one owner may start in a minute (at least 30 must be allowed). */
const startsPerMinute = 60;

/** Whose authorization it is: the key of the calling program, or {@link loopgateItself}. */
export type OwnerKey = string;
/** The owner of what the person starts from the tray or the window. */
export const loopgateItself: OwnerKey = 'loopgate';
/** The owner of what a browser started by itself: its code goes to a listed redirect_uri, and whoever has that exchanges it. */
export const nobodyKnown: OwnerKey = 'nobody';

/** R16: what opens a login in the person's browser, once. */
export interface LoginTicket {
  /** 192 random bits: whoever knows it and is let in gets the login page. */
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
  /** True once the person has asked for it at the tray or window, whoever asked before: theirs becomes the active account (T18). */
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

/** R3: 256 bits as 43 unreserved characters, and its S256 challenge (RFC 7636 §4). */
export function newChallenge(): Required<Challenge> {
  const codeVerifier = randomBytes(32).toString('base64url');
  return { state: randomUUID(), codeVerifier, codeChallenge: s256(codeVerifier) };
}

/** RFC 7636 §4.2: BASE64URL(SHA256(ASCII(code_verifier))). */
export function s256(codeVerifier: string): string {
  return createHash('sha256').update(codeVerifier, 'ascii').digest('base64url');
}

/** Compares secrets in constant time, whatever their lengths. */
export function isSameSecret(left: string, right: string): boolean {
  return timingSafeEqual(digest(left), digest(right));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** All pending authorizations, keyed by the hash of their state: a look-up then says nothing about how near a guess was (R4). */
export class Authorizations {
  readonly #clock: Clock;
  readonly #changed: () => void;
  readonly #byState = new Map<string, Authorization>();
  /** Hashes of codes that were exchanged, until the provider itself would refuse them. */
  readonly #spentCodes = new Map<string, number>();
  readonly #starts = new Map<OwnerKey, number[]>();

  /** @param changed - called whenever a login starts or ends, for those who show it. */
  constructor(clock: Clock, changed: () => void) {
    this.#clock = clock;
    this.#changed = changed;
  }

  /** Makes a challenge of the broker's own for its owner. */
  issue(owner: OwnerKey, fresh = false): Authorization {
    return this.#add(new Authorization(owner, newChallenge(), fresh, this.#clock.now() + challengeLifetime));
  }

  /**
   * Takes the client's own challenge, and its state when it sent one.
   * @throws LoopgateError `unknown_state` when that state is somebody else's or was used
   */
  adopt(owner: OwnerKey, codeChallenge: string, state: string | undefined): Authorization {
    if (state !== undefined && this.#byState.has(hash(state))) throw new LoopgateError('unknown_state');
    const challenge = { state: state ?? randomUUID(), codeChallenge };
    return this.#add(new Authorization(owner, challenge, false, this.#clock.now() + challengeLifetime));
  }

  /** The authorization of this state, whoever owns it, as the callback asks; ended and expired ones are not found. */
  byState(state: string): Authorization | undefined {
    this.#sweep();
    const found = this.#byState.get(hash(state));
    return found && isSameSecret(found.state, state) ? found : undefined;
  }

  /** The authorization of this state if it is the owner's; anybody else's is as unknown as one that never was. */
  ownByState(owner: OwnerKey, state: string): Authorization | undefined {
    const found = this.byState(state);
    return found?.owner === owner ? found : undefined;
  }

  /** The login that an equal request joins (R15): one that waits, or whose result is still kept. */
  equal(
    owner: OwnerKey,
    request: AuthorizationRequest,
    clientChallenge: string | undefined,
  ): Authorization | undefined {
    return this.#newest((one) => {
      if (one.owner !== owner || !one.isEqual(request, clientChallenge)) return false;
      if (one.status === 'waiting') return true;
      // A sign-in of the broker's own making that was exchanged is finished: asking again means a new one.
      return this.#isKept(one) && !(one.fresh && one.exchange);
    });
  }

  /** The caller's newest challenge that can still become, or just became, a login. */
  newestChallenge(owner: OwnerKey): Authorization | undefined {
    return this.#newest(
      (one) =>
        one.owner === owner &&
        !one.fresh &&
        one.codeVerifier !== undefined &&
        (one.status === 'issued' || one.status === 'waiting' || (this.#isKept(one) && !one.exchange)),
    );
  }

  /** The login that this ticket opens, as long as it waits and no newer ticket was made for it. */
  byTicket(ticket: string): Authorization | undefined {
    return this.#newest(
      (one) => one.status === 'waiting' && one.ticket !== undefined && isSameSecret(one.ticket.value, ticket),
    );
  }

  /** The newest code that was received for its owner, for an exchange without a body. */
  newestReceived(owner: OwnerKey): Authorization | undefined {
    return this.#newest((one) => one.owner === owner && one.status === 'received' && one.codeVerifier !== undefined);
  }

  /** The authorization that this code was received for. */
  byCode(code: string): Authorization | undefined {
    return this.#newest((one) => one.response !== undefined && isSameSecret(one.response.code, code));
  }

  /** The login with this challenge whose code went to a client's own redirect_uri. */
  byChallenge(codeChallenge: string): Authorization | undefined {
    return this.#newest((one) => one.status === 'waiting' && one.codeChallenge === codeChallenge);
  }

  /** The newest login that waits for the browser, whoever asked for it. */
  waiting(): Authorization | undefined {
    return this.#newest((one) => one.status === 'waiting');
  }

  /** The newest login that waits for the browser and will become the session. */
  waitingForSession(isForSession: (request: AuthorizationRequest) => boolean): Authorization | undefined {
    return this.#newest((one) => one.status === 'waiting' && one.request !== undefined && isForSession(one.request));
  }

  byId(id: string): Authorization | undefined {
    return this.#newest((one) => one.id === id);
  }

  /**
   * Counts a start against the owner's limit (L8).
   * @throws LoopgateError `rate_limited`
   */
  countStart(owner: OwnerKey): void {
    const now = this.#clock.now();
    const recent = (this.#starts.get(owner) ?? []).filter((at) => at > now - 60_000);
    if (recent.length >= startsPerMinute) throw new LoopgateError('rate_limited');
    recent.push(now);
    this.#starts.set(owner, recent);
  }

  /** The login page is about to open: from now on the callback takes its code (R9), until the deadline. */
  begin(one: Authorization, request: AuthorizationRequest, address: string, milliseconds: number): void {
    one.status = 'waiting';
    one.request = request;
    one.address = address;
    one.deadline = this.#clock.now() + milliseconds;
    this.#clock.after(milliseconds, () => {
      if (one.status === 'waiting') this.end(one, timedOut(one));
    });
    this.#changed();
  }

  /** How the opening of its page went. */
  setPage(one: Authorization, page: PageState): void {
    if (one.page === page) return;
    one.page = page;
    this.#changed();
  }

  /** The person has asked for this one, or joined it. */
  isPersons(one: Authorization): void {
    if (one.isPersons) return;
    one.isPersons = true;
    this.#changed();
  }

  receive(one: Authorization, response: AuthorizationResponse): void {
    one.receive(response, this.#clock.now());
    this.#changed();
  }

  /** Ends one with the reason that its waiting callers get. Its state is forgotten: a late callback finds nothing. */
  end(one: Authorization, reason: LoopgateError): void {
    this.forget(one);
    one.end(reason);
    this.#changed();
  }

  /** Drops one whose result was handed over and that nothing more may be asked of. */
  forget(one: Authorization): void {
    this.#byState.delete(hash(one.state));
  }

  /** Forgets the tokens of logins that were exchanged: at sign-out nothing of the session stays here (T10). */
  forgetExchanged(): void {
    for (const one of [...this.#byState.values()]) if (one.exchange) this.forget(one);
  }

  /** Remembers that this code went to the provider. */
  spend(code: string): void {
    this.#spentCodes.set(hash(code), this.#clock.now() + challengeLifetime);
  }

  /** True for a code that was exchanged already. */
  isSpent(code: string): boolean {
    return this.#spentCodes.has(hash(code));
  }

  /** Drops all of an owner's pending authorizations; those who wait get `authorization_cleared`. */
  clear(owner: OwnerKey): void {
    for (const one of [...this.#byState.values()]) {
      if (one.owner === owner) this.end(one, new LoopgateError('authorization_cleared'));
    }
  }

  /** Ends every login, at quit. */
  close(): void {
    for (const one of [...this.#byState.values()]) this.end(one, new LoopgateError('authorization_cleared'));
  }

  #isKept(one: Authorization): boolean {
    return one.status === 'received' && this.#clock.now() - (one.receivedAt ?? 0) < resultKept;
  }

  #add(one: Authorization): Authorization {
    this.#sweep();
    const unused = [...this.#byState.values()].filter(({ status }) => status === 'issued');
    const own = unused.filter(({ owner }) => owner === one.owner);
    const [oldestOwn] = own;
    const [oldest] = unused;
    if (oldestOwn && own.length >= unusedChallenges) this.forget(oldestOwn);
    else if (oldest && unused.length >= allUnusedChallenges) this.forget(oldest);
    this.#byState.set(hash(one.state), one);
    return one;
  }

  #newest(matches: (one: Authorization) => boolean): Authorization | undefined {
    this.#sweep();
    let newest: Authorization | undefined;
    for (const one of this.#byState.values()) if (matches(one)) newest = one;
    return newest;
  }

  /**
   * Forgets what has expired. Timers stand still while the machine sleeps: a login whose time is over is over, whether or
   * not its timer has fired.
   */
  #sweep(): void {
    const now = this.#clock.now();
    for (const one of [...this.#byState.values()]) {
      if (one.deadline > now) continue;
      if (one.status === 'waiting') this.end(one, timedOut(one));
      else this.forget(one);
    }
    for (const [key, until] of this.#spentCodes) if (until <= now) this.#spentCodes.delete(key);
  }
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

function hash(text: string): string {
  return createHash('sha256').update(text).digest('base64');
}
