import type { Owner } from './authorization.ts';
import type { Clock } from './clock.ts';
import { BrokerError } from './errors.ts';
import type { DeviceAuthorization, IdTokenClaims, Provider, Tokens } from './provider.ts';

/** RFC 8628 §3.5: by how much `slow_down` lengthens the interval, in milliseconds. */
const slowDown = 5_000;

/** What the person needs to sign in on another device (RFC 8628 §3.3). */
export interface DeviceCode {
  readonly verificationUri: string;
  /** The same with the code in it, where the provider offers that. */
  readonly verificationUriComplete?: string;
  readonly userCode: string;
  /** Milliseconds since the epoch. */
  readonly deadline: number;
}

/** What device logins need from the broker around them. */
export interface DeviceLoginHost {
  readonly clock: Clock;
  /** Shows the address and the code to the person. */
  show(code: DeviceCode): void;
  /** The tokens that the provider gave become the session. */
  signedIn(tokens: Tokens & { claims: IdTokenClaims; idToken: string }): Promise<void>;
  /** Tokens came for a login that was cancelled meanwhile: they must not stay alive. */
  discard(tokens: Tokens & { claims: IdTokenClaims }): void;
  changed(): void;
}

/** One login on another device that waits for its person. */
class DeviceLogin {
  readonly id: string;
  readonly owner: Owner;
  readonly code: DeviceCode;
  /** Resolves when somebody is signed in by it. */
  readonly finished: Promise<void>;
  #end: (reason: BrokerError) => void = () => undefined;

  constructor(id: string, owner: Owner, code: DeviceCode, work: (ended: Promise<never>) => Promise<void>) {
    this.id = id;
    this.owner = owner;
    this.code = code;
    const ended = new Promise<never>((_, reject) => {
      this.#end = reject;
    });
    ended.catch(() => undefined);
    this.finished = work(ended);
    // It is no failure of the program when nobody waits any more.
    this.finished.catch(() => undefined);
  }

  end(reason: BrokerError): void {
    this.#end(reason);
  }
}

/** Device authorization (RFC 8628): signing in where no browser can be opened. One at a time; whoever asks meanwhile joins. */
export class DeviceLogins {
  readonly #host: DeviceLoginHost;
  #waiting: DeviceLogin | undefined;
  #starting: Promise<DeviceLogin> | undefined;
  #started = 0;

  constructor(host: DeviceLoginHost) {
    this.#host = host;
  }

  /** The login that waits, for those who show it. */
  get waiting(): { id: string; deadline: number } | undefined {
    return this.#waiting && { id: this.#waiting.id, deadline: this.#waiting.code.deadline };
  }

  /**
   * Starts a login, or joins the one that waits; its address and code are shown again. Resolves when somebody is signed in.
   * @throws BrokerError `authorization_timeout` when the code expired, `access_denied`, `authorization_cleared` when it was
   * cancelled, or the provider's error
   */
  async signIn(owner: Owner, provider: Provider, request: DeviceRequest): Promise<void> {
    if (this.#waiting) this.#host.show(this.#waiting.code);
    const login = this.#waiting ?? (await this.#startOnce(owner, provider, request));
    await login.finished;
  }

  /** Ends the one that waits, if it has this id. */
  cancel(id: string): void {
    if (this.#waiting?.id === id) this.#waiting.end(new BrokerError('authorization_cleared'));
  }

  /** Ends the one that waits, if this owner has started it; whoever owns it when none is given. */
  clear(owner?: Owner): void {
    if (owner === undefined || this.#waiting?.owner === owner)
      this.#waiting?.end(new BrokerError('authorization_cleared'));
  }

  /** Two that ask in the same moment share one code. */
  #startOnce(owner: Owner, provider: Provider, request: DeviceRequest): Promise<DeviceLogin> {
    this.#starting ??= this.#start(owner, provider, request).finally(() => {
      this.#starting = undefined;
    });
    return this.#starting;
  }

  async #start(owner: Owner, provider: Provider, request: DeviceRequest): Promise<DeviceLogin> {
    const authorization = await provider.deviceAuthorization(request);
    const { clock } = this.#host;
    const { verificationUri, verificationUriComplete, userCode, expiresIn } = authorization;
    const code: DeviceCode = {
      verificationUri,
      userCode,
      deadline: clock.now() + expiresIn,
      ...(verificationUriComplete !== undefined && { verificationUriComplete }),
    };
    this.#started += 1;
    const login = new DeviceLogin(`device-${this.#started}`, owner, code, (ended) =>
      this.#poll(provider, request, authorization, code.deadline, ended)
        .then((tokens) => this.#host.signedIn(tokens))
        .finally(() => {
          this.#waiting = undefined;
          this.#host.changed();
        }),
    );
    this.#waiting = login;
    this.#host.show(code);
    this.#host.changed();
    return login;
  }

  /** Asks until the person has answered. RFC 8628 §3.5: never faster than the interval, slower when told or when the net is down. */
  async #poll(
    provider: Provider,
    request: DeviceRequest,
    authorization: DeviceAuthorization,
    deadline: number,
    ended: Promise<never>,
  ): Promise<Tokens & { claims: IdTokenClaims; idToken: string }> {
    for (let interval = authorization.interval; ; ) {
      await Promise.race([this.#wait(interval), ended]);
      if (this.#host.clock.now() >= deadline) throw expired();
      const asking = provider.deviceTokens(request, authorization.deviceCode);
      try {
        return await Promise.race([asking, ended]);
      } catch (error) {
        if (!(error instanceof BrokerError)) throw error;
        if (error.code === 'authorization_cleared') {
          asking.then(
            (tokens) => this.#host.discard(tokens),
            () => undefined,
          );
        }
        if (error.providerError === 'expired_token') throw expired();
        if (error.providerError === 'access_denied')
          throw new BrokerError('access_denied', { providerError: 'access_denied' });
        if (error.providerError === 'slow_down') interval += slowDown;
        else if (error.retryable) interval *= 2;
        else if (error.providerError !== 'authorization_pending') throw error;
      }
    }
  }

  #wait(milliseconds: number): Promise<void> {
    return new Promise((resolve) => this.#host.clock.after(milliseconds, resolve));
  }
}

/** What is asked of the device authorization endpoint. */
export interface DeviceRequest {
  readonly clientId: string;
  /** Space-separated. */
  readonly scope: string;
  readonly audience?: string;
}

function expired(): BrokerError {
  return new BrokerError('authorization_timeout', {
    happened: 'The code was not entered in time.',
    next: 'Start the sign-in again and enter the new code.',
  });
}
