import { randomBytes } from 'node:crypto';
import { message, verbatim } from '../../../preload/texts/messages.ts';
import { LoopgateError, loopgateErrorOf } from '../../errors/errors.ts';
import { withTimeout } from '../../system/timeout.ts';
import type { Clock } from '../clock.ts';
import type { AuthorizationEndpoint, AuthorizationRequest } from '../provider/authorizationEndpoint.ts';
import { mayLeadTo } from '../provider/providerChecks.ts';
import { oauthError } from '../provider/providerErrors.ts';
import { oauthWords } from '../provider/providerWords.ts';
import type { BrokerLog } from '../world.ts';
import { type Authorization, loopgateItself, nobodyKnown, type OwnerKey, timedOut } from './authorization.ts';
import type { Authorizations } from './authorizations.ts';
import { isSameSecret } from './challenge.ts';
import type { Registration } from './registration.ts';
import type { Challenge, SignInRequest, SignInResult } from './requests.ts';

/** R15: how long consent and login may take together, in milliseconds. Node's fetch gives up after 300 s. */
const consentAndLogin = 240_000;

/** The path that the browser opens for a login; the ticket follows it (R16). */
export const loginPath = '/login/';

/** The response to a browser that brings a ticket. */
export type Followed =
  | {
      readonly outcome: 'opened';
      /** The provider's login page. */
      readonly address: string;
    }
  /** It was followed before. */
  | { readonly outcome: 'used' }
  /** The ticket never existed, a newer one has replaced it, or its login is over. */
  | { readonly outcome: 'unknown' };

/** How a login is opened. */
export interface OpenOptions {
  /** False when the caller is a browser that is sent there itself. */
  readonly inBrowser: boolean;
  /** True when the caller itself decides what to show if no browser opens. */
  readonly quietly?: boolean;
  /** The caller that wants it, if that is not the owner: its limit counts (L8). */
  readonly startedBy?: OwnerKey;
  /** How long the request has waited for the person's consent, in milliseconds. */
  readonly waited?: number;
}

/** What logins need from the broker around them. */
export interface LoginOptions {
  readonly clock: Clock;
  /** R15: how long a login may take, in milliseconds. */
  readonly signInTimeout: number;
  readonly log: BrokerLog;
  /** Opens the page of a login at its one-time address. Resolves with whether that worked, as far as Loopgate can know. */
  openPage(one: Authorization, address: string): Promise<boolean>;
  /** Someone asks again for a login whose address was used. */
  askedAgain(one: Authorization): void;
}

/** Opens logins in the person's browser, lets equal requests join them, and ends them when the provider responds. */
export class Logins {
  readonly #pending: Authorizations;
  readonly #registration: Registration;
  readonly #options: LoginOptions;
  /** Where browsers bring tickets, e.g. `http://127.0.0.1:1000`; set once the API listens. */
  origin = '';

  constructor(pending: Authorizations, registration: Registration, options: LoginOptions) {
    this.#pending = pending;
    this.#registration = registration;
    this.#options = options;
  }

  /**
   * Opens the login in the person's browser and waits for its code. Equal requests join the same login (R15). A caller that
   * stops waiting does not cancel it.
   * @throws LoopgateError
   */
  async authorize(
    owner: OwnerKey,
    asked: SignInRequest,
    { waited = 0 }: { waited?: number } = {},
  ): Promise<SignInResult> {
    let opened: Authorization | undefined;
    const login = async () => {
      const one = await this.open(owner, asked, { inBrowser: true, waited });
      opened = one;
      return { one, code: (await one.outcome()).code };
    };
    // R15: the joined login may continue for longer than this request may wait.
    const { one, code } = await withTimeout(this.#options.clock, consentAndLogin - waited, login(), () => {
      throw timedOut(opened);
    });
    return {
      code,
      state: asked.state ?? one.state,
      ...(one.fresh && one.codeVerifier !== undefined && { challenge: challengeOf(one) }),
    };
  }

  /**
   * Returns the login's address for a browser that came to `/authorize` by itself. This accepts only a redirect_uri on the
   * list (its owner gets the code) or the state of a program's pending authorization (that program gets it). A browser does
   * not speak for a program: its only proof is the state.
   * @throws LoopgateError `invalid_request`
   */
  async authorizeAddress(asked: SignInRequest, { waited = 0 }: { waited?: number } = {}): Promise<string> {
    const listed = asked.redirectUri !== undefined && this.#registration.isListed(asked.redirectUri);
    const owner = asked.state === undefined ? undefined : this.#pending.byState(asked.state)?.owner;
    if (!listed && owner === undefined) {
      throw new LoopgateError('invalid_request', {
        happened: verbatim(
          'A browser may come here only with a redirect_uri of the setting "redirectUris", or with the state of a sign-in that a program has prepared.',
        ),
      });
    }
    const one = await this.open(owner ?? nobodyKnown, asked, { inBrowser: false, waited });
    if (one.status !== 'waiting' || one.address === undefined) throw new LoopgateError('unknown_state');
    return one.address;
  }

  /** The program that owns the authorization with this state, if a program does. */
  programWith(state: string): OwnerKey | undefined {
    const owner = this.#pending.byState(state)?.owner;
    return owner === loopgateItself || owner === nobodyKnown ? undefined : owner;
  }

  /**
   * Finds the authorization for this request, and opens its login if it is not open yet.
   * @throws LoopgateError
   */
  async open(owner: OwnerKey, asked: SignInRequest, options: OpenOptions): Promise<Authorization> {
    const clientId = this.#registration.clientId(asked.clientId);
    const endpoint = await this.#registration.provider().authorizationEndpoint(clientId);
    // No `await` from here on: the second of two equal requests must find the first.
    const request = this.#authorizationRequest(asked, clientId, endpoint);
    const one = this.#find(owner, asked, request);
    if ((options.startedBy ?? owner) === loopgateItself) this.#pending.isPersons(one);
    if (one.status !== 'issued') {
      if (options.inBrowser) this.joined(one);
      return one;
    }
    const timeout = Math.min(this.#options.signInTimeout, consentAndLogin - (options.waited ?? 0));
    // The machine slept while the person was asked: do not send them to a login that has already ended.
    if (timeout <= 0) throw new LoopgateError('authorization_timeout');
    this.#pending.countStart(options.startedBy ?? owner);
    const address = endpoint.address(request, one);
    if (!mayLeadTo(address, this.#registration.issuer)) {
      throw new LoopgateError('provider_error', {
        happened: verbatim('The login page of the identity provider is neither https nor at the configured provider.'),
      });
    }
    if (options.inBrowser) one.page = 'opening';
    one.startedBy = options.startedBy;
    one.isQuiet = options.quietly === true;
    this.#pending.begin(one, request, address, timeout);
    this.#options.log.info({ client: clientId, owner: options.startedBy ?? owner }, 'sign-in started');
    if (options.inBrowser) one.opened = this.#options.openPage(one, this.newAddress(one));
    return one;
  }

  /**
   * R16: creates a new one-time address on this machine for a waiting login, which replaces the old one. It may appear in a
   * process list, a clipboard or a terminal. The provider's own address may not, because it contains the state.
   */
  newAddress(one: Authorization): string {
    one.ticket = { value: randomBytes(24).toString('base64url'), isUsed: false };
    return this.presentAddress(one) ?? '';
  }

  /** The one-time address that is valid now. */
  presentAddress({ ticket }: Authorization): string | undefined {
    return ticket && `${this.origin}${loginPath}${ticket.value}`;
  }

  /** Someone asks again for a login that is open. */
  joined(one: Authorization): void {
    if (one.status === 'waiting' && one.ticket?.isUsed) this.#options.askedAgain(one);
  }

  /** The person's browser brings a ticket, which uses it up (R16). */
  follow(ticket: string): Followed {
    const one = this.#pending.byTicket(ticket);
    if (!one?.ticket || one.address === undefined) return { outcome: 'unknown' };
    if (one.ticket.isUsed) return { outcome: 'used' };
    one.ticket.isUsed = true;
    // A browser has come, so the page is open, whatever the program that opens pages reports.
    this.#pending.setPage(one, 'opened');
    return { outcome: 'opened', address: one.address };
  }

  /**
   * Takes the provider's response to the callback (R4, R6, R9, R13). A wrong state changes nothing. With the right one the
   * authorization ends, in success or failure.
   * @param owner - set when a program relays the response: the authorization must be its own, or opened for it
   * @throws LoopgateError `unknown_state`, or the reason why the login failed
   */
  async respond(parameters: URLSearchParams, owner?: OwnerKey): Promise<Authorization> {
    const states = parameters.getAll('state');
    const [state] = states;
    if (states.length !== 1 || state === undefined) throw new LoopgateError('unknown_state');
    const one = this.#pending.byState(state);
    if (one?.status !== 'waiting' || (owner !== undefined && !one.mayBeRelayedBy(owner)))
      throw new LoopgateError('unknown_state');
    try {
      const response = await this.#checkResponse(parameters);
      // Another response with the same state may have come while this read the metadata.
      if (one.status !== 'waiting') throw new LoopgateError('unknown_state');
      this.#pending.receive(one, response);
      return one;
    } catch (error) {
      const reason = loopgateErrorOf(error, this.#options.log);
      if (one.status === 'waiting') this.#pending.end(one, reason);
      throw reason;
    }
  }

  #find(owner: OwnerKey, asked: SignInRequest, request: AuthorizationRequest): Authorization {
    const pending = this.#pending;
    if (asked.codeChallenge === undefined) {
      const newest = pending.newestChallenge(owner);
      if (newest && (newest.status === 'issued' || newest.isEqual(request, newest.codeChallenge))) return newest;
      return pending.equal(owner, request, undefined) ?? pending.issue(owner, true);
    }
    const known = asked.state === undefined ? undefined : pending.ownByState(owner, asked.state);
    if (known?.status === 'issued') {
      if (isSameSecret(known.codeChallenge, asked.codeChallenge)) return known;
      throw new LoopgateError('invalid_request', {
        happened: verbatim('code_challenge is not the one that belongs to this state.'),
      });
    }
    return pending.equal(owner, request, asked.codeChallenge) ?? pending.adopt(owner, asked.codeChallenge, asked.state);
  }

  #authorizationRequest(
    asked: SignInRequest,
    clientId: string,
    { callbackMode, scope: scopeFor }: AuthorizationEndpoint,
  ): AuthorizationRequest {
    if (asked.codeChallenge !== undefined && !/^[A-Za-z0-9_-]{43}$/.test(asked.codeChallenge)) {
      throw new LoopgateError('invalid_request', {
        happened: verbatim('code_challenge is not an S256 challenge: 43 characters of base64url (RFC 7636).'),
      });
    }
    const redirectUri = this.#registration.redirectUriFor(asked.redirectUri);
    const { audience: configured, scope: configuredScope } = this.#registration.settings;
    const audience = asked.audience ?? configured;
    const scope = new Set(asked.scope ?? []);
    // A client that asks for fewer scopes must not make the session unrenewable (W15).
    if (this.#registration.isForSession({ clientId, audience }) || scope.size === 0) {
      for (const one of configuredScope.split(' ')) scope.add(one);
    }
    const optional = {
      audience,
      prompt: asked.prompt,
      connection: asked.connection,
      organization: asked.organization,
      invitation: asked.invitation,
      screenHint: asked.screenHint,
      display: asked.display,
      accessType: asked.accessType,
    };
    return {
      clientId,
      scope: scopeFor([...scope].join(' ')),
      redirectUri,
      // R10: fragment and web_message cannot reach a server; only a client's own redirect_uri may use them.
      responseMode:
        redirectUri === this.#registration.redirectUri ? callbackMode : (asked.responseMode ?? callbackMode),
      ...defined(optional),
    };
  }

  async #checkResponse(parameters: URLSearchParams): Promise<{ code: string; issuer?: string }> {
    const provider = this.#registration.provider();
    const doubled = ['code', 'iss', 'error'].find((name) => parameters.getAll(name).length > 1);
    if (doubled !== undefined) {
      throw new LoopgateError('provider_error', { happened: message('parameterTwice', { name: doubled }) });
    }
    const issuer = parameters.get('iss') ?? undefined;
    await provider.checkResponseIssuer(issuer);
    const error = parameters.get('error');
    if (error !== null) throw deniedOrFailed(error, parameters);
    const code = parameters.get('code') ?? '';
    if (code === '') throw new LoopgateError('provider_error', { happened: message('codeMissing') });
    return { code, ...(issuer !== undefined && { issuer }) };
  }
}

function challengeOf(one: Authorization): Challenge {
  return {
    state: one.state,
    codeChallenge: one.codeChallenge,
    ...(one.codeVerifier !== undefined && { codeVerifier: one.codeVerifier }),
  };
}

/** R13: a denial is the person's answer; every other error is the provider's. */
function deniedOrFailed(error: string, parameters: URLSearchParams): LoopgateError {
  const description = parameters.get('error_description') ?? undefined;
  // What stands beside the error is not repeated: the state may look like an id that helps.
  const secrets = ['state', 'code'].map((name) => parameters.get(name) ?? undefined);
  if (error !== 'access_denied') return oauthError(error, description, { secrets });
  return new LoopgateError('access_denied', {
    happened: message('signInDenied', { words: oauthWords(error, description, secrets) }),
    providerError: error,
  });
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Leaves out undefined members, as `exactOptionalPropertyTypes` requires. */
function defined<T extends object>(value: T): Defined<T> {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as Defined<T>;
}
