import { randomUUID } from 'node:crypto';
import { message, verbatim } from '../../../preload/texts/messages.ts';
import { LoopgateError } from '../../errors/errors.ts';
import { deferred } from '../../system/deferred.ts';
import type { Clock } from '../clock.ts';
import type { Provider } from '../provider/provider.ts';
import type { DeviceAuthorization, LoginTokens } from '../provider/tokens.ts';
import type { OwnerKey } from './authorization.ts';

/** RFC 8628 §3.5: by how much `slow_down` lengthens the interval, in milliseconds. */
const slowDown = 5_000;
/** The longest pause between two requests while the provider cannot be reached, in milliseconds. */
const maxPause = 60_000;

/** What the person needs to sign in on another device (RFC 8628 §3.3). */
export interface DeviceCode {
  readonly verificationUri: string;
  /** The same address with the code in it, if the provider offers one. */
  readonly verificationUriComplete?: string;
  readonly userCode: string;
  /** Milliseconds since the epoch. */
  readonly deadline: number;
}

/** What the broker sends to the device authorization endpoint. */
export interface DeviceRequest {
  readonly clientId: string;
  /** Space-separated. */
  readonly scope: string;
  readonly audience?: string;
}

/** What device logins need from the broker around them. */
export interface DeviceLoginCallbacks {
  readonly clock: Clock;
  /** A login is about to start. @throws LoopgateError `rate_limited` */
  starting(owner: OwnerKey): void;
  /** Shows the address and the code to the person. */
  show(code: DeviceCode): void;
  /** The provider has issued tokens: makes them the session. */
  signedIn(tokens: LoginTokens): Promise<void>;
  /** Tokens arrived for a login that has already ended: revokes them. */
  discard(tokens: LoginTokens): void;
  /** Runs a request that may bring tokens, and everything that stores them (T19). */
  duringArrival<T>(work: () => Promise<T>): Promise<T>;
  /** Tracks work that may bring tokens; it ends soon after its login has ended. */
  track(work: Promise<void>): void;
  changed(): void;
}

/** One login on another device, from its start until the person is signed in or it has ended. */
class DeviceLogin {
  readonly id = randomUUID();
  readonly owner: OwnerKey;
  /** Absent until the provider has issued it. */
  code: DeviceCode | undefined;
  isOver = false;
  readonly #outcome = deferred();
  readonly #coded = deferred<DeviceCode>();
  #wake: () => void = () => undefined;

  constructor(owner: OwnerKey) {
    this.owner = owner;
    // If no caller waits any more, the rejection is not a failure of the program.
    this.outcome.catch(() => undefined);
    this.coded.catch(() => undefined);
  }

  /** Resolves when the login has signed the person in; rejects with the reason why it will not. */
  get outcome(): Promise<void> {
    return this.#outcome.promise;
  }

  /** Resolves when the provider has issued the code; rejects if the login ends before that. */
  get coded(): Promise<DeviceCode> {
    return this.#coded.promise;
  }

  hasCode(code: DeviceCode): void {
    this.code = code;
    this.#coded.resolve(code);
  }

  succeed(): void {
    this.isOver = true;
    this.#outcome.resolve();
  }

  end(reason: unknown): void {
    this.isOver = true;
    this.#outcome.reject(reason);
    this.#coded.reject(reason);
    this.#wake();
  }

  /** Waits for the given time, or until the login has ended. */
  pause(clock: Clock, milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = clock.after(milliseconds, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
  }
}

/**
 * Device authorization (RFC 8628): signs in where no browser can be opened. Only one login runs at a time; further callers
 * join it.
 */
export class DeviceLogins {
  readonly #callbacks: DeviceLoginCallbacks;
  /** The login that callers can join and cancel, until its tokens have arrived or it has ended. */
  #current: DeviceLogin | undefined;

  constructor(callbacks: DeviceLoginCallbacks) {
    this.#callbacks = callbacks;
  }

  /** The login that waits for its person, so that the desktop can show it. */
  get waiting(): { id: string; deadline: number } | undefined {
    const { id, code } = this.#current ?? {};
    return id !== undefined && code ? { id, deadline: code.deadline } : undefined;
  }

  /**
   * Starts a login, or joins the waiting one and shows its address and code again.
   * @returns `coded`, which rejects if the provider issues no code; and `outcome`, which resolves when the person is signed
   * in, and rejects with `authorization_timeout` when the code expired, `access_denied`, `authorization_cleared` when it was
   * cancelled, or the provider's error
   * @throws LoopgateError `rate_limited`
   */
  signIn(owner: OwnerKey, provider: Provider, request: DeviceRequest): Pick<DeviceLogin, 'coded' | 'outcome'> {
    this.#sweep();
    if (this.#current?.code) this.#callbacks.show(this.#current.code);
    return this.#current ?? this.#start(owner, provider, request);
  }

  /**
   * Returns the code of a new login, or of this owner's waiting login, for a caller that shows it itself. It never returns
   * another owner's code, because the caller could use it to sign in as another person (R4).
   * @throws LoopgateError as {@link signIn}; `rate_limited` while another owner's login is waiting
   */
  async code(owner: OwnerKey, provider: Provider, request: DeviceRequest): Promise<DeviceCode> {
    this.#sweep();
    if (this.#current && this.#current.owner !== owner) {
      throw new LoopgateError('rate_limited', {
        happened: verbatim('A sign-in on another device waits already, which another program has started.'),
        next: verbatim('Finish or cancel that one, or sign in with the browser.'),
      });
    }
    return await (this.#current ?? this.#start(owner, provider, request)).coded;
  }

  /** Settles with the end of this owner's waiting login, as {@link signIn} does; undefined when there is none. */
  outcomeFor(owner: OwnerKey): Promise<void> | undefined {
    this.#sweep();
    return this.#current?.owner === owner ? this.#current.outcome : undefined;
  }

  /** Ends the waiting login if it has this id. */
  cancel(id: string): void {
    if (this.#current?.id === id) this.clear();
  }

  /** Ends the waiting login if this owner started it; without an owner, in any case. */
  clear(owner?: OwnerKey): void {
    const login = this.#current;
    if (login && (owner === undefined || login.owner === owner)) {
      this.#end(login, new LoopgateError('authorization_cleared'));
    }
  }

  #start(owner: OwnerKey, provider: Provider, request: DeviceRequest): DeviceLogin {
    this.#callbacks.starting(owner);
    const login = new DeviceLogin(owner);
    this.#current = login;
    this.#callbacks.track(this.#run(login, provider, request));
    return login;
  }

  async #run(login: DeviceLogin, provider: Provider, request: DeviceRequest): Promise<void> {
    try {
      const authorization = await provider.deviceAuthorization(request);
      // RFC 8628 has no way to withdraw a code: it is not shown, and it expires.
      if (login.isOver) return;
      const code = deviceCodeFrom(authorization, this.#callbacks.clock.now());
      login.hasCode(code);
      this.#callbacks.show(code);
      this.#callbacks.changed();
      await this.#poll(login, code, authorization, () =>
        this.#callbacks.duringArrival(async () => {
          // The login ended while it waited for a revocation.
          if (login.isOver) return;
          await this.#take(login, await provider.deviceTokens(request, authorization));
        }),
      );
    } catch (error) {
      this.#end(login, error);
    }
  }

  /**
   * Asks until the person has answered. RFC 8628 §3.5: it never asks faster than the interval, and slows down when the
   * provider says so or the network is down. An answer that is under way when the code expires still counts.
   * @param ask - asks once, and handles the answer
   */
  async #poll(
    login: DeviceLogin,
    { deadline }: DeviceCode,
    { interval: asked }: DeviceAuthorization,
    ask: () => Promise<void>,
  ): Promise<void> {
    const { clock } = this.#callbacks;
    let interval = asked;
    for (let pause = interval; !login.isOver; ) {
      await login.pause(clock, Math.min(pause, deadline - clock.now()));
      if (login.isOver) break;
      if (clock.now() >= deadline) throw expired();
      try {
        return await ask();
      } catch (error) {
        const { providerError, retryable, retryAfter = 0 } = understood(error);
        if (providerError === 'slow_down') interval += slowDown;
        const longer = retryable ? Math.min(pause * 2, maxPause) : interval;
        pause = Math.max(interval, longer, retryAfter);
      }
    }
  }

  /** The person has signed in. */
  async #take(login: DeviceLogin, tokens: LoginTokens): Promise<void> {
    if (login.isOver) return this.#callbacks.discard(tokens);
    // The next caller finds the signed-in person, or starts a new login.
    this.#current = undefined;
    await this.#callbacks.signedIn(tokens);
    login.succeed();
  }

  /** Timers stand still while the machine sleeps, so this goes by the deadline, even if the timer has not fired yet. */
  #sweep(): void {
    const login = this.#current;
    if (login?.code && login.code.deadline <= this.#callbacks.clock.now()) this.#end(login, expired());
  }

  #end(login: DeviceLogin, reason: unknown): void {
    login.end(reason);
    if (this.#current !== login) return;
    this.#current = undefined;
    this.#callbacks.changed();
  }
}

function deviceCodeFrom(authorization: DeviceAuthorization, now: number): DeviceCode {
  const { verificationUri, verificationUriComplete, userCode, expiresIn } = authorization;
  return {
    verificationUri,
    userCode,
    deadline: now + expiresIn,
    ...(verificationUriComplete !== undefined && { verificationUriComplete }),
  };
}

/** The errors after which the broker asks again. @throws all other errors, as the caller gets them */
function understood(error: unknown): LoopgateError {
  if (!(error instanceof LoopgateError)) throw error;
  const { providerError, retryable } = error;
  if (providerError === 'expired_token') throw expired();
  if (providerError === 'access_denied') throw new LoopgateError('access_denied', { providerError });
  if (providerError === 'authorization_pending' || providerError === 'slow_down' || retryable) return error;
  throw error;
}

function expired(): LoopgateError {
  return new LoopgateError('authorization_timeout', {
    happened: message('codeNotEntered'),
    next: message('enterNewCode'),
  });
}
