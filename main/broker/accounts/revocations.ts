import { LoopgateError } from '../../errors/errors.ts';
import type { Clock } from '../clock.ts';
import { isToldToWait } from '../provider/backoff.ts';
import type { Provider } from '../provider/provider.ts';
import type { Auth0Layout } from '../provider/providerChecks.ts';
import type { RevocationOutcome } from '../provider/revocationAnswer.ts';
import type { Grant, StoredRevocation } from '../session/vault.ts';
import { withTimeout } from '../timeout.ts';

/** T10: after a failure that may pass, the next try waits this long, then twice as long each time. Milliseconds. */
const firstBackoff = 10_000;
const maxBackoff = 60 * 60_000;
/** How long a login that came back waits for a revocation that is on its way, in milliseconds. */
const sendingTimeout = 15_000;

/** How long an exchange that failed for now may be tried again, and its answer is held (`heldAnswers.ts`). Milliseconds. */
const triedAgainWithin = 60_000;

/** What the revocations need from the accounts. */
export interface RevocationsCallbacks {
  readonly clock: Clock;
  /** A number from 0 to below 1, for jitter. */
  readonly random: () => number;
  /** The grants of all sessions that are kept, with these settings or with others. */
  kept(): readonly Grant[];
  /** Writes what is stored. */
  persist(): Promise<void>;
  warn(fields: object, message: string): void;
}

/** What a revocation has to know of the provider. */
interface Where {
  readonly issuer: string;
  readonly layout: Auth0Layout;
}

/**
 * The refresh tokens that nobody uses any more: each is sent to the provider that gave it (RFC 7009), and kept until that has
 * answered for good.
 *
 * T19: RFC 7009 §2.1 lets a provider end the whole grant with one token. Keycloak ends all tokens of the same session in the
 * browser, an older Auth0 tenant all of that person at that application. So a token waits here while another one of the same
 * person and client is kept, and is sent when that is given up too, or has ended by itself.
 *
 * How many can wait: every login of somebody who is signed in adds one, and none is ever dropped, for each may be good for years.
 * A thousand, after years of signing in again each day and never signing out, are about 1 MB in the file of the sessions. They are
 * sent one after the other, and after a failure none before the next try: a provider that comes back is not flooded.
 */
export class Revocations {
  readonly #provider: Provider | undefined;
  readonly #callbacks: RevocationsCallbacks;
  #waiting: StoredRevocation[] = [];
  /** What is to be sent once the vault no longer has it. */
  #replaced: readonly StoredRevocation[] = [];
  /** The one that is on its way. */
  #sending: Promise<unknown> | undefined;
  #isRunning = false;
  /** How many requests are under way whose answer may bring a token that is kept. */
  #arriving = 0;
  #backoff = 0;
  /** Why the last one could not be sent. */
  #failure: { readonly reason: LoopgateError; readonly at: number } | undefined;
  #cancelRetry: (() => void) | undefined;
  /** What was warned of in this run. */
  readonly #said = new Set<string>();
  #isClosed = false;

  constructor(provider: Provider | undefined, callbacks: RevocationsCallbacks) {
    this.#provider = provider;
    this.#callbacks = callbacks;
  }

  /** What is to be stored now, and what follows when it is on disk. */
  snapshot(): { all: StoredRevocation[]; stored: () => void } {
    const replaced = this.#replaced;
    return { all: [...this.#waiting, ...replaced], stored: () => this.#sendReplaced(replaced) };
  }

  load(stored: readonly StoredRevocation[]): void {
    this.#waiting = [...stored];
  }

  /** Queues what nobody uses any more; {@link flush} sends it. */
  add(...revocations: readonly StoredRevocation[]): void {
    for (const one of revocations) {
      if (!this.#waiting.some(({ token }) => token === one.token)) this.#waiting.push(one);
    }
  }

  /** Queues what a new sign-in has replaced; it waits until that is on disk, for the next start would use it until then. */
  addWhenStored(revocation: StoredRevocation): void {
    this.#replaced = [...this.#replaced, revocation];
  }

  /** This token is in use again: a provider may give the same one to the next login. */
  forget(token: string | undefined): void {
    this.#waiting = this.#waiting.filter((one) => one.token !== token);
  }

  /**
   * Runs a request whose answer may bring a token, with all that keeps it: until then nothing is revoked, for nobody knows yet
   * whose token it will be (T19). Where it fails for now, the token may have been given, and is kept when it is tried again.
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
   * Sends what may be sent. Failures stay queued; nobody waits for it.
   * @param options.atOnce - true when something has changed: the backoff after a failure is over, unless the provider asked for it
   */
  flush({ atOnce = false }: { atOnce?: boolean } = {}): void {
    if (atOnce && !this.#isToldToWait()) this.#forgetFailure();
    if (this.#isClosed || this.#isRunning || this.#cancelRetry || this.#waiting.length === 0) return;
    this.#isRunning = true;
    void this.#run();
  }

  /** Nothing is sent any more: the next who reads the vault goes on. */
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
    // Not after each of them: one that is sent twice because the program was stopped in between does no harm.
    if (this.#waiting !== before) await this.#callbacks.persist();
  }

  /** What has to be known of the provider. @throws LoopgateError while it cannot be reached */
  async #where(): Promise<Where | undefined> {
    const issuer = await this.#provider?.issuer();
    const layout = await this.#provider?.auth0Layout();
    return issuer !== undefined && layout !== undefined ? { issuer, layout } : undefined;
  }

  /** The first that may be sent now. */
  #next(where: Where | undefined): StoredRevocation | undefined {
    if (this.#isClosed || this.#arriving > 0 || !where) return undefined;
    const kept = this.#callbacks.kept();
    // A token goes to the provider that gave it and to no other, however the settings have changed since.
    return this.#waiting.find(
      (one) => one.issuer === where.issuer && !kept.some((grant) => mayEnd(one, grant, where.layout)),
    );
  }

  /** Sends one. @returns whether the next one is to follow */
  async #send(revocation: StoredRevocation): Promise<boolean> {
    const sending = this.#ask(revocation);
    this.#sending = sending;
    const isOver = await sending;
    this.#sending = undefined;
    const others = this.#waiting.filter((one) => one !== revocation);
    const isWanted = others.length < this.#waiting.length;
    // Behind the others: one that fails each time must not hold them up.
    this.#waiting = isOver || !isWanted ? others : [...others, revocation];
    if (isOver) this.#backoff = 0;
    return isOver;
  }

  /** True when there is nothing left to do: revoked, or refused in a way that asking again will not change. */
  async #ask({ clientId, token }: StoredRevocation): Promise<boolean> {
    try {
      this.#warnOf((await this.#provider?.revoke(clientId, token)) ?? 'no_endpoint');
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

  /** Said once in a run: the person is signed out here, and yet the token may live on there. */
  #warnOf(outcome: RevocationOutcome): void {
    if (outcome === 'revoked') return;
    const reason = outcome === 'no_endpoint' ? outcome : outcome.refused;
    if (this.#said.has(reason)) return;
    this.#said.add(reason);
    this.#callbacks.warn(
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

  /** Waits for the one that is on its way; not for ever for a provider that is silent, for the code would expire. */
  async #sent(): Promise<void> {
    if (this.#sending) await withTimeout(this.#callbacks.clock, sendingTimeout, this.#sending, () => undefined);
  }
}

/** T19: whether the revocation may end a session that is kept. What is not known counts as a yes. */
function mayEnd({ issuer, clientId, person, sid }: StoredRevocation, kept: Grant, layout: Auth0Layout): boolean {
  if (issuer !== kept.issuer || clientId !== kept.clientId) return false;
  if (person !== undefined && kept.person !== undefined && person !== kept.person) return false;
  // Of two sessions in browsers a provider ends one alone; but an Auth0 tenant may end the grant, which both share.
  const isApart = sid !== undefined && kept.sid !== undefined && sid !== kept.sid;
  return !(isApart && layout === 'none');
}
