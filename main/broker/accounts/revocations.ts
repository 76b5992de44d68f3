import { message } from '../../../preload/texts/messages.ts';
import { LoopgateError } from '../../errors/errors.ts';
import { withTimeout } from '../../system/timeout.ts';
import type { Clock } from '../clock.ts';
import { isToldToWait } from '../provider/backoff.ts';
import type { Provider } from '../provider/provider.ts';
import type { Auth0Layout } from '../provider/providerChecks.ts';
import type { RevocationOutcome } from '../provider/revocationAnswer.ts';
import type { Grant, StoredRevocation } from '../session/vault.ts';

/** T10: the delay before the next try after a temporary failure; it doubles each time. Milliseconds. */
const firstBackoff = 10_000;
const maxBackoff = 60 * 60_000;
/** How long a login that came back waits for a revocation that is being sent, in milliseconds. */
const sendingTimeout = 15_000;

/** How long after its end a token is still revoked, for a clock that is wrong. Milliseconds. */
const clockMargin = 7 * 24 * 60 * 60_000;

/** How long a caller may retry an exchange that failed temporarily, and its answer is held (`heldAnswers.ts`). Milliseconds. */
const triedAgainWithin = 60_000;

/** What the revocations need from the accounts. */
export interface RevocationsCallbacks {
  readonly clock: Clock;
  /** A number from 0 to below 1, for jitter. */
  readonly random: () => number;
  /** The grants of all stored sessions, whether of these settings or of others. */
  kept(): readonly Grant[];
  /** Saves the sessions and the revocations. */
  persist(): Promise<void>;
  readonly log: { warn(fields: object, message: string): void };
  /** A person who is signed out here may not be at the provider, which revokes nothing. */
  notRevoked(problem: LoopgateError): void;
}

/** The provider's data that a revocation needs. */
interface Where {
  /** Whether it issued the tokens of this issuer. */
  readonly isIssuer: (issuer: string) => boolean;
  readonly layout: Auth0Layout;
}

/**
 * Sends each refresh token that is no longer used to the provider that issued it (RFC 7009), and keeps it until that provider
 * gives a final answer.
 *
 * T19: RFC 7009 §2.1 lets a provider end the whole grant with one token. Keycloak ends all tokens of the same browser
 * session. An older Auth0 tenant ends all tokens that the person has at that application. So a token waits here while another
 * one of the same person and client is kept. It is sent when that other token is given up too, or has ended by itself.
 *
 * The queue has no limit: each login of a person who is already signed in adds a token, and none may be dropped before it
 * has ended by itself, which may take years. A thousand tokens (years of signing in daily and never signing out) take about 1 MB in the
 * sessions file. They are sent one after the other, and after a failure the queue waits for the next try. So a provider that
 * comes back is not flooded.
 */
export class Revocations {
  readonly #provider: Provider | undefined;
  readonly #callbacks: RevocationsCallbacks;
  #waiting: StoredRevocation[] = [];
  /** Tokens to send once the vault no longer holds them. */
  #replaced: readonly StoredRevocation[] = [];
  /** The request that is under way. */
  #sending: Promise<unknown> | undefined;
  #isRunning = false;
  /** How many requests are under way whose answer may bring a token that is kept. */
  #arriving = 0;
  #backoff = 0;
  /** Why the last revocation could not be sent. */
  #failure: { readonly reason: LoopgateError; readonly at: number } | undefined;
  #cancelRetry: (() => void) | undefined;
  /** The warnings that were logged in this run. */
  readonly #said = new Set<string>();
  /** True once the person was told in this run that the provider revokes nothing. */
  #isShown = false;
  #isClosed = false;

  constructor(provider: Provider | undefined, callbacks: RevocationsCallbacks) {
    this.#provider = provider;
    this.#callbacks = callbacks;
  }

  /** Returns what to store now, and a callback for when it is on disk. */
  snapshot(): { all: StoredRevocation[]; stored: () => void } {
    const replaced = this.#replaced;
    return { all: [...this.#waiting, ...replaced], stored: () => this.#sendReplaced(replaced) };
  }

  load(stored: readonly StoredRevocation[]): void {
    this.#waiting = [...stored];
  }

  /** Queues tokens that are no longer used; {@link flush} sends them. */
  add(...revocations: readonly StoredRevocation[]): void {
    for (const one of revocations) {
      if (!this.#waiting.some(({ token }) => token === one.token)) this.#waiting.push(one);
    }
  }

  /**
   * Queues a token that a new sign-in has replaced. It waits until the replacement is on disk, because the next start would
   * use the old token until then.
   */
  addWhenStored(revocation: StoredRevocation): void {
    this.#replaced = [...this.#replaced, revocation];
  }

  /** This token is in use again: a provider may issue the same one to the next login. */
  forget(token: string | undefined): void {
    this.#waiting = this.#waiting.filter((one) => one.token !== token);
  }

  /**
   * Runs a request whose answer may bring a token, and everything that stores it. No token is revoked until then, because it
   * is not yet clear whose token will arrive (T19). If the request fails temporarily, the provider may have issued the token;
   * a retry then keeps it.
   */
  async duringArrival<T>(work: () => Promise<T>): Promise<T> {
    this.#arriving += 1;
    const end = () => {
      this.#arriving -= 1;
      this.flush();
    };
    try {
      await this.#sent();
      const result = await work();
      end();
      return result;
    } catch (error) {
      if (error instanceof LoopgateError && error.retryable) this.#callbacks.clock.after(triedAgainWithin, end);
      else end();
      throw error;
    }
  }

  /**
   * Starts to send the tokens that may be sent, in the background. If one fails, it stays queued.
   * @param options.atOnce - true when something has changed: ignores the backoff after a failure, unless the provider asked
   * for it
   */
  flush({ atOnce = false }: { atOnce?: boolean } = {}): void {
    if (atOnce && !this.#isToldToWait()) this.#forgetFailure();
    if (this.#isClosed || this.#isRunning || this.#cancelRetry || this.#waiting.length === 0) return;
    this.#isRunning = true;
    void this.#run();
  }

  /** Stops sending: the next broker that reads the vault continues. */
  close(): void {
    this.#isClosed = true;
    this.#cancelRetry?.();
  }

  #sendReplaced(replaced: readonly StoredRevocation[]): void {
    if (replaced.length === 0) return;
    this.#replaced = this.#replaced.filter((token) => !replaced.includes(token));
    this.add(...replaced);
    this.flush();
  }

  async #run(): Promise<void> {
    const before = this.#waiting;
    const now = this.#callbacks.clock.now();
    const isOver = ({ expiresAt = Number.POSITIVE_INFINITY }: StoredRevocation) => expiresAt + clockMargin <= now;
    if (before.some(isOver)) this.#waiting = before.filter((one) => !isOver(one));
    try {
      const where = await this.#where();
      for (let next = this.#next(where); next; next = this.#next(where)) {
        if (await this.#send(next)) continue;
        this.#planRetry();
        break;
      }
    } catch (error) {
      this.#failed(error);
      this.#planRetry();
    } finally {
      this.#isRunning = false;
    }
    // Saves once at the end, not after each token: sending one twice after a crash does no harm.
    if (this.#waiting !== before) await this.#callbacks.persist();
  }

  /** Reads what a revocation needs to know about the provider. @throws LoopgateError while the provider cannot be reached */
  async #where(): Promise<Where | undefined> {
    const provider = this.#provider;
    if (!provider) return undefined;
    return { isIssuer: await provider.issuers(), layout: await provider.auth0Layout() };
  }

  /** The first token that may be sent now. */
  #next(where: Where | undefined): StoredRevocation | undefined {
    if (this.#isClosed || this.#arriving > 0 || !where) return undefined;
    const kept = this.#callbacks.kept();
    // A token goes only to the provider that issued it, however the settings have changed since.
    return this.#waiting.find(
      (one) => where.isIssuer(one.issuer) && !kept.some((grant) => mayEnd(one, grant, where.layout)),
    );
  }

  /** Sends one revocation. @returns whether to send the next one */
  async #send(revocation: StoredRevocation): Promise<boolean> {
    const sending = this.#ask(revocation);
    this.#sending = sending;
    const isOver = await sending;
    this.#sending = undefined;
    const others = this.#waiting.filter((one) => one !== revocation);
    const isWanted = others.length < this.#waiting.length;
    // Goes to the end of the queue: one that always fails must not hold up the others.
    this.#waiting = isOver || !isWanted ? others : [...others, revocation];
    if (isOver) this.#backoff = 0;
    return isOver;
  }

  /**
   * @returns true when the revocation is finished: the token is revoked, or the refusal is one that another try would not
   * change
   */
  async #ask(revocation: StoredRevocation): Promise<boolean> {
    const { clientId, token } = revocation;
    try {
      this.#warnOf((await this.#provider?.revoke(clientId, token)) ?? 'no_endpoint', revocation);
      return true;
    } catch (error) {
      this.#failed(error);
      return false;
    }
  }

  #failed(reason: unknown): void {
    this.#failure = reason instanceof LoopgateError ? { reason, at: this.#callbacks.clock.now() } : undefined;
  }

  /** T5: Retry-After. */
  #isToldToWait(): boolean {
    return this.#failure !== undefined && isToldToWait(this.#failure, this.#callbacks.clock.now());
  }

  /** Says once in each run that the provider may still accept a token that was given up here: to the person who signed out. */
  #warnOf(outcome: RevocationOutcome, { issuer, clientId, person }: StoredRevocation): void {
    if (outcome === 'revoked') return;
    const isHere = (grant: Grant) =>
      grant.issuer === issuer && grant.clientId === clientId && [undefined, person].includes(grant.person);
    if (!this.#isShown && !this.#callbacks.kept().some(isHere)) {
      this.#isShown = true;
      const happened = message('notRevoked', { host: this.#provider?.host ?? issuer });
      this.#callbacks.notRevoked(new LoopgateError('provider_error', { happened, next: message('endAtProvider') }));
    }
    const reason = outcome === 'no_endpoint' ? outcome : outcome.refused;
    if (this.#said.has(reason)) return;
    this.#said.add(reason);
    this.#callbacks.log.warn(
      { reason },
      outcome === 'no_endpoint'
        ? 'the provider has no revocation endpoint: a refresh token that was given up here is good there until it expires'
        : 'the provider refused to revoke a refresh token: if it was still good, it is until it expires',
    );
  }

  #planRetry(): void {
    if (this.#isClosed) return;
    this.#backoff = Math.min(Math.max(firstBackoff, this.#backoff * 2), maxBackoff);
    this.#cancelRetry?.();
    const pause = Math.max(this.#backoff, this.#failure?.reason.retryAfter ?? 0);
    this.#cancelRetry = this.#callbacks.clock.after(pause * (1 + this.#callbacks.random() / 2), () => {
      this.#cancelRetry = undefined;
      this.flush();
    });
  }

  #forgetFailure(): void {
    this.#backoff = 0;
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
  }

  /** Waits for the request that is under way, but only for a while: if the provider stays silent, the code would expire. */
  async #sent(): Promise<void> {
    if (this.#sending) await withTimeout(this.#callbacks.clock, sendingTimeout, this.#sending, () => undefined);
  }
}

/** T19: whether the revocation may end a session that is kept. If the facts are unknown, it returns true. */
function mayEnd({ issuer, clientId, person, sid }: StoredRevocation, kept: Grant, layout: Auth0Layout): boolean {
  if (issuer !== kept.issuer || clientId !== kept.clientId) return false;
  if (person !== undefined && kept.person !== undefined && person !== kept.person) return false;
  // A provider ends only one of two browser sessions; but an Auth0 tenant may end the grant, which both share.
  const isApart = sid !== undefined && kept.sid !== undefined && sid !== kept.sid;
  return !(isApart && layout === 'none');
}
