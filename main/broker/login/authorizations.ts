import { createHash, randomUUID } from 'node:crypto';
import { LoopgateError } from '../../errors/errors.ts';
import type { Clock } from '../clock.ts';
import type { AuthorizationRequest } from '../provider/authorizationEndpoint.ts';
import {
  Authorization,
  type AuthorizationResponse,
  challengeLifetime,
  type OwnerKey,
  type PageState,
  resultKept,
  timedOut,
} from './authorization.ts';
import { isSameSecret, newChallenge } from './challenge.ts';

/** How many unused challenges one owner may have; the oldest is dropped first. */
const unusedChallenges = 1000;
/** How many unused challenges all owners together may have: an unidentified caller is a new owner with each connection. */
const allUnusedChallenges = 5000;
/** L8: how many logins one owner may start in a minute (at least 30 must be allowed). */
const startsPerMinute = 60;

/** All pending authorizations, keyed by the hash of their state: a lookup then does not reveal how close a guess was (R4). */
export class Authorizations {
  readonly #clock: Clock;
  readonly #changed: () => void;
  readonly #byState = new Map<string, Authorization>();
  /** Hashes of exchanged codes, kept until the provider itself would refuse them. */
  readonly #spentCodes = new Map<string, number>();
  readonly #starts = new Map<OwnerKey, number[]>();

  /** @param changed - called whenever a login starts or ends, so that the desktop can show it */
  constructor(clock: Clock, changed: () => void) {
    this.#clock = clock;
    this.#changed = changed;
  }

  /** Creates a challenge of the broker's own for `owner`. */
  issue(owner: OwnerKey, fresh = false): Authorization {
    return this.#add(new Authorization(owner, newChallenge(), fresh, this.#clock.now() + challengeLifetime));
  }

  /**
   * Takes the client's own challenge, and its state if it sent one.
   * @throws LoopgateError `unknown_state` when that state belongs to another owner or was used
   */
  adopt(owner: OwnerKey, codeChallenge: string, state: string | undefined): Authorization {
    if (state !== undefined && this.#byState.has(hash(state))) throw new LoopgateError('unknown_state');
    const challenge = { state: state ?? randomUUID(), codeChallenge };
    return this.#add(new Authorization(owner, challenge, false, this.#clock.now() + challengeLifetime));
  }

  /** The authorization with this state, whoever owns it, for the callback; ended and expired ones are not found. */
  byState(state: string): Authorization | undefined {
    this.#sweep();
    const found = this.#byState.get(hash(state));
    return found && isSameSecret(found.state, state) ? found : undefined;
  }

  /** The authorization with this state if it belongs to `owner`; another owner's looks as unknown as one that never existed. */
  ownByState(owner: OwnerKey, state: string): Authorization | undefined {
    const found = this.byState(state);
    return found?.owner === owner ? found : undefined;
  }

  /** The login that an equal request joins (R15): it is waiting, or its result is still kept. */
  equal(
    owner: OwnerKey,
    request: AuthorizationRequest,
    clientChallenge: string | undefined,
  ): Authorization | undefined {
    return this.#newest((one) => {
      if (one.owner !== owner || !one.isEqual(request, clientChallenge)) return false;
      if (one.status === 'waiting') return true;
      // A sign-in that the broker made itself is finished after its exchange: asking again starts a new one.
      // A code that the provider has refused is of no use to anybody.
      return this.#isKept(one) && !(one.fresh && one.exchange) && !one.isRefused;
    });
  }

  /** The caller's newest challenge that can still become a login, or has just become one. */
  newestChallenge(owner: OwnerKey): Authorization | undefined {
    return this.#newest(
      (one) =>
        one.owner === owner &&
        !one.fresh &&
        one.codeVerifier !== undefined &&
        (one.status === 'issued' || one.status === 'waiting' || (this.#isKept(one) && !one.exchange)),
    );
  }

  /** The login that this ticket opens, while it is waiting and has no newer ticket. */
  byTicket(ticket: string): Authorization | undefined {
    return this.#newest(
      (one) => one.status === 'waiting' && one.ticket !== undefined && isSameSecret(one.ticket.value, ticket),
    );
  }

  /** The newest code that was received for its owner, for an exchange without a body. */
  newestReceived(owner: OwnerKey): Authorization | undefined {
    return this.#newest((one) => one.owner === owner && one.status === 'received' && one.codeVerifier !== undefined);
  }

  /** The authorization that received this code. */
  byCode(code: string): Authorization | undefined {
    return this.#newest((one) => one.response !== undefined && isSameSecret(one.response.code, code));
  }

  /** The login with this challenge whose code went to a client's own redirect_uri. */
  byChallenge(codeChallenge: string): Authorization | undefined {
    return this.#newest((one) => one.status === 'waiting' && one.codeChallenge === codeChallenge);
  }

  /** The newest login that waits for the browser, of any owner. */
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

  /**
   * Opens the login: from now until the deadline the callback accepts its code (R9).
   * @param milliseconds - how long the login may take
   */
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

  /** Records whether its page could be opened. */
  setPage(one: Authorization, page: PageState): void {
    if (one.page === page) return;
    one.page = page;
    this.#changed();
  }

  /** Records that the person has asked for this login, or has joined it. */
  isPersons(one: Authorization): void {
    if (one.isPersons) return;
    one.isPersons = true;
    this.#changed();
  }

  receive(one: Authorization, response: AuthorizationResponse): void {
    one.receive(response, this.#clock.now());
    this.#changed();
  }

  /** Ends a login; waiting callers get `reason`. Its state is forgotten, so a late callback finds nothing. */
  end(one: Authorization, reason: LoopgateError): void {
    this.forget(one);
    one.end(reason);
    this.#changed();
  }

  /** Drops an authorization whose result was delivered and that no caller will ask for again. */
  forget(one: Authorization): void {
    this.#byState.delete(hash(one.state));
  }

  /** Forgets the tokens of exchanged logins: after a sign-out no token of the session stays in memory (T10). */
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

  /** Drops all pending authorizations of an owner; waiting callers get `authorization_cleared`. */
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
   * Forgets what has expired. Timers stand still while the machine sleeps, so this goes by the deadline, even if the timer
   * has not fired yet.
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

function hash(text: string): string {
  return createHash('sha256').update(text).digest('base64');
}
