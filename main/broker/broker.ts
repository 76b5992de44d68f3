import { type Message, message, verbatim } from '../../preload/texts/messages.ts';
import { LoopgateError, type LoopgateErrorDetails, loopgateErrorOf, messageOf } from '../errors/errors.ts';
import { callbackPath } from '../protocol/protocol.ts';
import { deferred } from '../system/deferred.ts';
import { Accounts, noSuchUser, type Remedy } from './accounts/accounts.ts';
import { OtherProfiles } from './accounts/otherProfiles.ts';
import { type Clock, watchForJumps } from './clock.ts';
import {
  type Authorization,
  loopgateItself,
  type OwnerKey,
  type PageState,
  timeoutAdvice,
} from './login/authorization.ts';
import { Authorizations } from './login/authorizations.ts';
import { type DeviceCode, DeviceLogins, type DeviceRequest } from './login/deviceLogin.ts';
import { type Followed, Logins } from './login/login.ts';
import { Registration, type RegistrationSettings } from './login/registration.ts';
import type {
  CallbackResult,
  Challenge,
  SignInRequest,
  SignInResult,
  TokenRequest,
  TokenResult,
} from './login/requests.ts';
import { profilePatience, TokenEndpoint } from './login/tokenEndpoint.ts';
import { Provider } from './provider/provider.ts';
import { normaliseIssuer } from './provider/providerChecks.ts';
import type { PlatformFetch } from './provider/providerFetch.ts';
import type { LoginTokens, OtherApi } from './provider/tokens.ts';
import { accountOf } from './session/account.ts';
import type { Freshness } from './session/reachability.ts';
import type { AccessToken, Session } from './session/session.ts';
import { revocationOf, type StorageLocation, type Vault, type WithoutKeyring } from './session/vault.ts';
import { withTimeout } from './timeout.ts';

export type { Remedy } from './accounts/accounts.ts';

/** How long a request waits for a keyring that its person has to unlock, in milliseconds. */
const unlockPatience = 20_000;
/** How long a renewal that is under way may hold up the quitting, in milliseconds. */
const closePatience = 5_000;

/** What the broker must know of the settings. */
export interface BrokerSettings extends RegistrationSettings {
  readonly issuer?: string;
  /** R15: how long a login may take, in milliseconds. */
  readonly signInTimeout: number;
  readonly exposeRefreshToken: boolean;
}

/** What touches the world, handed in from the entry files. */
export interface BrokerWorld {
  readonly clock: Clock;
  /** A number from 0 to below 1, for jitter (T7). */
  readonly random: () => number;
  readonly fetch: PlatformFetch;
  /** Opens an address in the person's own browser (R1). Rejects when none could be opened. Absent where there is none. */
  readonly openBrowser?: ((address: string) => Promise<void>) | undefined;
  /** Shows an address that no browser was opened for, where there is no window for it. */
  readonly showAddress?: (address: string, purpose: 'login' | 'logout') => void;
  /**
   * Shows the code of a login on another device, where there is no window. Set, `/os/sign_in` signs in that way when no browser
   * opens, and the provider can do it.
   */
  readonly showDeviceCode?: (code: DeviceCode) => void;
  readonly vault: Vault;
  readonly log: BrokerLog;
}

/** Structured logging; never given a token, a code, a state or an e-mail address. */
export interface BrokerLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

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

/** How a login of the command `loopgate` began: all is empty when its page was opened, or somebody is signed in by it already. */
export interface CommandLogin {
  /** Where no browser opens: the code for another device, where the provider has that. */
  readonly code?: DeviceCode;
  /** Where no browser opens: the one-time address of the login's page. */
  readonly address?: string;
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
  /** Why nobody is signed in any more, when that was not the person's own wish. */
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

/** The broker's face: everything that the API and the desktop may ask for. */
export class Broker {
  readonly #settings: BrokerSettings;
  readonly #world: BrokerWorld;
  readonly #provider: Provider | undefined;
  readonly #authorizations: Authorizations;
  readonly #accounts: Accounts;
  readonly #listeners = new Set<() => void>();
  readonly #registration: Registration;
  readonly #logins: Logins;
  readonly #tokens: TokenEndpoint;
  readonly #otherProfiles: OtherProfiles;
  readonly #deviceLogins: DeviceLogins;
  readonly #stopWatching: () => void;
  /** The stored sessions were read: whoever needs them waits for it, also before {@link start}. */
  readonly #ready = deferred();
  #isReady = false;
  #problem: LoopgateError | undefined;
  #remedy: Remedy = 'none';
  /** T18: who was active before a program chose another account, and which one that was. */
  #switched: { readonly from: string; readonly to: string } | undefined;
  /** T18: whom a program has made active while nobody was. */
  #arrived: string | undefined;

  constructor(settings: BrokerSettings, world: BrokerWorld) {
    this.#settings = settings;
    this.#world = world;
    const { issuer, clientId } = settings;
    if (issuer !== undefined && clientId !== undefined) {
      this.#provider = new Provider({ issuer, clientId }, world.fetch, world.clock);
    }
    this.#authorizations = new Authorizations(world.clock, () => this.#changed());
    this.#accounts = new Accounts(this.#provider, world, world.vault, {
      changed: () => this.#changed(),
      problem: (problem, remedy) => this.#setProblem(problem, remedy),
      resolved: (problem) => {
        if (this.#problem === problem) this.#clearProblem();
      },
    });
    this.#registration = new Registration(settings, this.#provider);
    const reasonOf = (error: unknown) => this.#reasonOf(error);
    this.#logins = new Logins(this.#authorizations, this.#registration, {
      clock: world.clock,
      signInTimeout: settings.signInTimeout,
      log: world.log,
      openPage: (one, address) => this.#openPage(one, address),
      reasonOf,
    });
    this.#tokens = new TokenEndpoint(this.#authorizations, this.#accounts, this.#registration, world.clock, {
      exposeRefreshToken: settings.exposeRefreshToken,
      signedIn: (owner, arrived) => this.#signedIn(owner, arrived),
      reasonOf,
    });
    this.#otherProfiles = new OtherProfiles(world.clock);
    this.#deviceLogins = new DeviceLogins({
      clock: world.clock,
      starting: (owner) => {
        this.#authorizations.countStart(owner);
        world.log.info({ client: settings.clientId, owner }, 'sign-in on another device started');
      },
      show: (code) => world.showDeviceCode?.(code),
      signedIn: (tokens) => this.#adoptFromDevice(tokens),
      discard: (tokens) => this.#discard(tokens),
      duringArrival: (work) => this.#accounts.duringArrival(work),
      track: (work) => void this.#accounts.track(work),
      changed: () => this.#changed(),
    });
    // A clock that was set back says nothing any more about when a token ends.
    this.#stopWatching = watchForJumps(world.clock, (by) => this.wake({ distrust: by < 0 }));
  }

  /** The broker's own callback, registered at the provider. */
  get redirectUri(): string {
    return this.#registration.redirectUri;
  }

  /** The provider's host; absent when none is configured. */
  get providerHost(): string | undefined {
    return this.#provider?.host;
  }

  /**
   * Starts with the address that the API listens on, and reads the stored sessions. The API may answer before this
   * resolves: whoever needs the session waits for it.
   */
  async start(address: string): Promise<void> {
    this.#registration.redirectUri = `${address}${callbackPath}`;
    // Not `localhost`: a browser may have HSTS stored for that name, and cookies of others. 127.0.0.1 is always there (R8).
    this.#logins.origin = address.replace('//localhost:', '//127.0.0.1:');
    const configured = this.#settings.issuer === undefined ? undefined : normaliseIssuer(this.#settings.issuer);
    const sameIssuer = (issuer: string) => issuer.replace(/\/$/, '') === configured?.replace(/\/$/, '');
    await this.#accounts.load(
      (account) =>
        sameIssuer(account.issuer) &&
        account.clientId === this.#settings.clientId &&
        account.audience === this.#settings.audience,
    );
    this.#isReady = true;
    this.#ready.resolve();
    this.#accounts.wake();
    this.#changed();
  }

  /**
   * The machine has slept or its clock was set (T7): what is due is done at once, for timers have stood still.
   * @param options.distrust - true when the clock was set back: the times of the tokens then mean nothing
   */
  wake(options: { distrust?: boolean } = {}): void {
    this.#provider?.forgetFailure();
    if (this.#isReady) this.#accounts.wake(options);
  }

  /** The network is back: what failed for want of it is no news any more, and what is due is done at once (T5). */
  networkIsBack(): void {
    if (this.#problem?.code === 'provider_unreachable') this.#clearProblem();
    this.wake();
  }

  /**
   * Ends what waits, and waits until all is written; but not longer for a provider that does not answer than a person would.
   * @param options.handOver - true when another broker goes on with the same vault in this process: a renewal that is under way
   * is then waited for as long as it takes (T4)
   */
  async close({ handOver = false }: { handOver?: boolean } = {}): Promise<void> {
    this.#stopWatching();
    this.#authorizations.close();
    this.#deviceLogins.clear();
    if (handOver) {
      await this.#accounts.settled();
      return this.#accounts.close();
    }
    await withTimeout(this.#world.clock, closePatience, this.#accounts.settled(), () => undefined);
  }

  /** Makes a challenge that belongs to this owner for ten minutes. */
  challenge(owner: OwnerKey): Required<Challenge> {
    const { state, codeChallenge, codeVerifier } = this.#authorizations.issue(owner);
    return { state, codeChallenge, codeVerifier: codeVerifier ?? '' };
  }

  /** Drops the owner's pending authorizations; requests that wait on them end with `authorization_cleared`. */
  clear(owner: OwnerKey): void {
    this.#authorizations.clear(owner);
    this.#deviceLogins.clear(owner);
  }

  /**
   * Opens the login in the person's browser and waits for its code. Equal requests join (R15); a caller that stops
   * waiting does not cancel the login.
   * @param options.waited - how long the request has waited for the person's consent, in milliseconds (R15)
   * @throws LoopgateError
   */
  authorize(owner: OwnerKey, asked: SignInRequest, options: { waited?: number } = {}): Promise<SignInResult> {
    return this.#logins.authorize(owner, asked, options);
  }

  /**
   * Gives the login's address to a browser that came to `/authorize` by itself. Only for a redirect_uri on the list
   * (its owner gets the code) or for the state of a program's pending authorization (that program gets it).
   * @throws LoopgateError `invalid_request`
   */
  authorizeAddress(asked: SignInRequest, options: { waited?: number } = {}): Promise<string> {
    return this.#logins.authorizeAddress(asked, options);
  }

  /** The program whose pending authorization has this state, if it is a program's. */
  programWith(state: string): OwnerKey | undefined {
    return this.#logins.programWith(state);
  }

  /**
   * Takes what the provider sent to the callback (R4, R6, R9, R13). A wrong state disturbs nothing; with the right one
   * the authorization ends, well or not. What the person started here is exchanged here, so that the page they see says
   * how it went.
   * @param owner - set when a program relays the answer: it must be its own authorization
   * @throws LoopgateError `unknown_state`, or the reason why the login failed
   */
  async respond(parameters: URLSearchParams, owner?: OwnerKey): Promise<CallbackResult> {
    const one = await this.#logins.respond(parameters, owner);
    const requestedBy = requesterOf(one);
    if (requestedBy === 'loopgate') await this.#exchangeOwn(one);
    return { code: one.response?.code ?? '', state: one.state, requestedBy };
  }

  /**
   * The token endpoint.
   * @param asked - absent: the code that the owner received last, with the broker's own verifier
   * @throws LoopgateError
   */
  async token(owner: OwnerKey, asked: TokenRequest | undefined): Promise<TokenResult> {
    await this.#whenReady();
    return await this.#tokens.token(owner, asked);
  }

  /** The profile of the session, while {@link Broker.userInfo} would ask nobody for it. */
  get freshProfile(): Record<string, unknown> | undefined {
    return this.#isReady && this.#provider ? this.#accounts.peek()?.profile.fresh : undefined;
  }

  /**
   * The profile of the session, or of the person whose token is given.
   * @throws LoopgateError `not_signed_in`, `invalid_token`, `provider_unreachable`
   */
  async userInfo(accessToken?: string): Promise<Record<string, unknown>> {
    const provider = this.#registration.provider();
    if (!this.#isReady) await this.#whenReady();
    if (accessToken === undefined) return await this.#accounts.active().profile.userInfo();
    // RFC 6750 §2.1: what has other characters is no token, and is not sent to anybody.
    if (!/^[A-Za-z0-9._~+/=-]+$/.test(accessToken)) throw new LoopgateError('invalid_token');
    const session = this.#accounts.peek();
    if (session?.holds(accessToken)) return await session.profile.userInfo();
    return await this.#otherProfiles.of(accessToken, provider);
  }

  /** @throws LoopgateError `invalid_request` for a client_id or returnTo that is not known (T11) */
  checkLogout({ clientId, returnTo }: { clientId?: string | undefined; returnTo?: string | undefined }): void {
    if (clientId !== undefined) this.#registration.clientId(clientId);
    if (returnTo !== undefined) this.#registration.checkReturnTo(returnTo);
  }

  /**
   * T10: wipes the session first, revokes it, then ends the provider's own session in the browser.
   * @param asked.openBrowser - false when the caller is a browser that is sent there itself
   * @param asked.federated - end the session at the upstream provider too (Auth0)
   * @returns the provider's logout address, where there is one and the provider could be asked
   * @throws LoopgateError `invalid_request` for a client_id or returnTo that is not known (T11); nothing is done then
   */
  async logout(asked: {
    clientId?: string | undefined;
    returnTo?: string | undefined;
    federated?: boolean;
    openBrowser: boolean;
  }): Promise<string | undefined> {
    this.checkLogout(asked);
    await this.#whenReady();
    const wasSignedIn = this.#accounts.peek() !== undefined;
    await this.signOut();
    const clientId = asked.clientId ?? this.#settings.clientId;
    if (!this.#provider || clientId === undefined || !(wasSignedIn || !asked.openBrowser)) return undefined;
    const address = this.#provider
      .logoutUrl({
        clientId,
        ...(asked.returnTo !== undefined && { returnTo: asked.returnTo }),
        federated: asked.federated === true,
      })
      .catch(() => undefined);
    if (!asked.openBrowser) return await address;
    void address.then((url) => (url === undefined ? undefined : this.#openLogout(url)));
    return undefined;
  }

  /** Forgets the active session here and revokes it, without opening the browser. */
  async signOut(): Promise<void> {
    await this.#whenReady();
    this.#clearProblem();
    this.#switched = undefined;
    this.#arrived = undefined;
    this.#authorizations.forgetExchanged();
    // Its code may have been entered already: whoever signs out does not want to be signed in by it a moment later.
    this.#deviceLogins.clear();
    await this.#accounts.signOut();
    this.#world.log.info({}, 'signed out');
  }

  /** Forgets one account here and revokes it, active or not. @throws LoopgateError `not_found` */
  async signOutAccount(account: string): Promise<void> {
    await this.#whenReady();
    const session = this.#accounts.byKey(account);
    if (!session) throw new LoopgateError('not_found', noSuchUser);
    if (session === this.#accounts.peek()) return await this.signOut();
    if (this.#switched?.from === account) this.#switched = undefined;
    // Its tokens may also be kept as the result of a login that has just ended (T10).
    this.#authorizations.forgetExchanged();
    await this.#accounts.signOut(account);
    this.#world.log.info({}, 'another account signed out');
  }

  /**
   * Signs in for the person at the tray or window, and makes that person the active one.
   * Failures are shown as the problem of {@link state}; this resolves in any case.
   */
  async signIn(): Promise<void> {
    await this.#signInHere({});
  }

  /**
   * Signs in somebody else too, for the person at the tray or window: the provider asks who it is. Whoever is active stays
   * so until the new one is there.
   */
  async addAccount(): Promise<void> {
    await this.#signInHere({ prompt: 'login' });
  }

  async #signInHere(asked: SignInRequest): Promise<void> {
    this.#clearProblem();
    this.#provider?.forgetFailure();
    try {
      await this.#ready.promise;
      await this.#finishOwn(await this.#openOwn(asked));
    } catch (error) {
      const reason = this.#reasonOf(error);
      if (reason.code !== 'authorization_cleared') this.#setProblem(reason, 'sign_in');
    }
  }

  /**
   * Signs in for a program that only wants somebody to be signed in (`/os/sign_in`): at once when somebody is, else by the
   * login that already waits, whoever asked for it, else by a new one of the broker's own. Hands out no code. Where no
   * browser can be opened, by device authorization (RFC 8628), which the same owner may {@link clear}.
   * @param milliseconds - how long this waits (R15); the login itself goes on
   * @throws LoopgateError `authorization_timeout`, or the reason why the login failed
   */
  async ensureSignedIn(owner: OwnerKey, milliseconds: number): Promise<PersonState> {
    const provider = this.#registration.provider();
    await this.#whenReady();
    const person = this.state().person;
    if (person) return person;
    // The code of one with another redirect_uri goes elsewhere, and never becomes the session (T18).
    const waiting = this.#authorizations.waitingForSession(
      (request) => request.redirectUri === this.redirectUri && this.#registration.isForSession(request),
    );
    const { openBrowser, showDeviceCode } = this.#world;
    const hasDevice = !waiting && showDeviceCode !== undefined && (await provider.hasDeviceAuthorization());
    if (hasDevice && !openBrowser) {
      return await this.#personWithin(milliseconds, this.#signInOnDevice(owner, provider), stillGood);
    }
    const login = waiting ?? (await this.#openOwn({}, owner));
    // A program's login is exchanged by that program; the broker's own, here.
    const finished = login.owner === loopgateItself ? this.#finishOwn(login) : login.outcome();
    if (hasDevice) void login.opened.then((opened) => (opened ? undefined : this.#offerDevice(owner, provider, login)));
    return await this.#personWithin(milliseconds, finished, timeoutAdvice(login));
  }

  /**
   * Opens the login of a caller that shows its person what to do when no browser opens: the command `loopgate`. It then waits
   * for the end by {@link authorize} or {@link finishDeviceLogin}.
   * @param options.waited - how long the request has waited for the person's consent, in milliseconds (R15)
   * @throws LoopgateError
   */
  async openForCommand(owner: OwnerKey, options: { waited?: number } = {}): Promise<CommandLogin> {
    const provider = this.#registration.provider();
    await this.#whenReady();
    // Where there is a window, the person sits at this machine and has a browser here.
    const hasDevice = this.#world.showDeviceCode !== undefined && (await provider.hasDeviceAuthorization());
    const one = await this.#logins.open(owner, {}, { inBrowser: true, quietly: hasDevice, ...options });
    const opened = await Promise.race([one.opened, one.outcome().then(() => true)]);
    if (opened || one.status !== 'waiting') return {};
    if (hasDevice) {
      const code = await this.#deviceLogins.code(owner, provider, this.#deviceRequest()).catch(() => undefined);
      if (code) {
        this.cancel(one.id);
        return { code };
      }
      this.#showPage(one);
    }
    const address = this.#logins.presentAddress(one);
    return { ...(address !== undefined && { address }) };
  }

  /**
   * The code of a sign-in on another device (RFC 8628), for a caller that shows it to its person; the same owner may
   * {@link clear} it. Undefined when somebody is signed in already.
   * @throws LoopgateError `provider_error` where the provider cannot do that
   */
  async deviceCode(owner: OwnerKey): Promise<DeviceCode | undefined> {
    const provider = this.#registration.provider();
    await this.#whenReady();
    if (this.state().person) return undefined;
    if (!(await provider.hasDeviceAuthorization())) {
      throw new LoopgateError('provider_error', {
        happened: verbatim('The identity provider does not sign in on another device (RFC 8628).'),
        next: verbatim('Sign in with the browser.'),
      });
    }
    return await this.#deviceLogins.code(owner, provider, this.#deviceRequest());
  }

  /**
   * Waits for the end of the sign-in on another device that {@link deviceCode} gave this owner the code of.
   * @param milliseconds - how long this waits (R15); the login itself goes on
   * @throws LoopgateError `authorization_timeout`, or the reason why the login failed
   */
  async finishDeviceLogin(owner: OwnerKey, milliseconds: number): Promise<PersonState> {
    await this.#whenReady();
    const { person } = this.state();
    if (person) return person;
    const outcome = this.#deviceLogins.outcomeFor(owner) ?? Promise.reject(new LoopgateError('authorization_cleared'));
    return await this.#personWithin(milliseconds, outcome, stillGood);
  }

  /** The person who is signed in, once the stored sessions were read. */
  async person(): Promise<PersonState | undefined> {
    // Nobody can be known while a keyring waits to be unlocked; whoever listens is told when somebody is.
    await this.#whenReady().catch(() => undefined);
    return this.state().person;
  }

  /** Everybody who is signed in, the active person first. */
  async people(): Promise<PersonState[]> {
    await this.#whenReady();
    return this.#accounts.all().map(personOf);
  }

  /** One of them, by the provider's `sub`. @throws LoopgateError `not_found` */
  async personWithSubject(subject: string): Promise<PersonState> {
    const person = (await this.people()).find((one) => one.subject === subject);
    if (!person) throw new LoopgateError('not_found', noSuchUser);
    return person;
  }

  /**
   * A program makes a stored account the active one, for all programs. The person is told (T18).
   * @throws LoopgateError `not_found`
   */
  async selectPerson(subject: string): Promise<PersonState> {
    const chosen = await this.personWithSubject(subject);
    const before = this.#accounts.peek()?.key;
    if (before === chosen.account) return chosen;
    const from = this.#switched?.to === before ? this.#switched?.from : before;
    // Back to whom the person had chosen: there is nothing left to tell.
    this.#switched = from === undefined || from === chosen.account ? undefined : { from, to: chosen.account };
    if (before === undefined) this.#arrived = chosen.account;
    this.#authorizations.forgetExchanged();
    await this.#accounts.activate(chosen.account);
    this.#world.log.info({}, 'account switched by a program');
    return chosen;
  }

  /** The person, with the profile read anew from the provider. @throws LoopgateError */
  async refreshProfile(): Promise<PersonState> {
    this.#registration.provider();
    await this.#whenReady();
    const session = this.#accounts.active();
    await session.profile.refresh();
    return personOf(session);
  }

  /**
   * A valid access token of the session, renewed when needed; or one for another API of the same tenant.
   * @throws LoopgateError `not_signed_in`, `provider_unreachable`, `provider_error`
   */
  async accessToken(api: OtherApi = {}): Promise<AccessToken> {
    this.#registration.provider();
    if (!this.#isReady) await this.#whenReady();
    const session = this.#accounts.active();
    const isOwn = (api.audience ?? session.audience) === session.audience && api.scope === undefined;
    return await (isOwn ? session.accessToken() : session.accessTokenFor(api));
  }

  /** Opens the same login page once more; the address that was opened before ends. */
  async openAgain(id: string): Promise<void> {
    const one = this.#waitingLogin(id);
    if (!one) return;
    this.#authorizations.setPage(one, 'opening');
    one.opened = this.#openPage(one, this.#logins.newAddress(one));
    await one.opened;
  }

  /** A new one-time address of a login that waits, for the person to copy; the one before ends (R16). */
  newLoginAddress(id: string): string | undefined {
    const one = this.#waitingLogin(id);
    return one && this.#logins.newAddress(one);
  }

  /**
   * The provider's own address of a login that waits, for a person whose browser cannot follow ours (R16): shown when they ask for
   * it, and never opened, copied, logged or printed by itself. Whoever reads it can sign in there in the person's place.
   */
  providerAddress(id: string): string | undefined {
    return this.#waitingLogin(id)?.address;
  }

  /**
   * Starts a login for a program whose person's browser is elsewhere, and opens none here; {@link authorize} joins it.
   * @returns its provider's own address, as {@link providerAddress} gives it, and how long it waits in milliseconds
   * @throws LoopgateError
   */
  async startElsewhere(owner: OwnerKey): Promise<{ address: string; lasts: number }> {
    const one = await this.#logins.open(owner, {}, { inBrowser: false });
    if (one.status !== 'waiting' || one.address === undefined) throw new LoopgateError('unknown_state');
    return { address: one.address, lasts: one.deadline - this.#world.clock.now() };
  }

  /**
   * A browser of the person's brings the ticket of a one-time address (R16). Who may bring it is decided before.
   * @param keys - what the browser says to have got when it came before
   */
  followLogin(ticket: string, keys: readonly string[] = []): Followed {
    return this.#logins.follow(ticket, keys);
  }

  /** The person cancels a login; the program that asked for it gets `authorization_cleared`. */
  cancel(id: string): void {
    this.#deviceLogins.cancel(id);
    const one = this.#waitingLogin(id);
    if (one) this.#authorizations.end(one, new LoopgateError('authorization_cleared'));
  }

  /** The person makes another signed-in account the active one. @throws LoopgateError `not_found` */
  async switchAccount(account: string): Promise<void> {
    await this.#ready.promise;
    this.#switched = undefined;
    this.#arrived = undefined;
    await this.#accounts.activate(account);
  }

  /** The person has seen that a program switched the account, or signed somebody in. */
  acceptSwitch(): void {
    this.#switched = undefined;
    this.#arrived = undefined;
    this.#changed();
  }

  /** The person wants another try at once: the renewal was refused, or the provider could not be reached (T5). */
  async renew(): Promise<void> {
    await this.#ready.promise;
    this.#provider?.forgetFailure();
    await this.#accounts.tryAgain();
  }

  /** Where the sessions rest from now on, where no keyring protects them. Failures are shown as the problem. */
  async chooseStorage(answer: WithoutKeyring): Promise<void> {
    try {
      await this.#accounts.chooseStorage(answer);
    } catch (error) {
      const why = messageOf(error);
      this.#setProblem(
        new LoopgateError('internal', {
          happened: message('answerNotKept', { reason: why }),
          next: message('letWriteAndAnswer'),
        }),
      );
    }
  }

  /** Something that is none of the broker's own concerns went wrong, and the person should know it. */
  showProblem(problem: LoopgateError): void {
    this.#setProblem(problem);
  }

  dismissProblem(): void {
    this.#accounts.forgetEnded();
    this.#setProblem(undefined);
  }

  /** All that there is to show, at this moment. */
  state(): BrokerState {
    const session = this.#accounts.peek();
    // Only as long as the account that the program chose is the active one.
    const switched = session !== undefined && this.#switched?.to === session.key ? this.#switched : undefined;
    const before = switched && this.#accounts.byKey(switched.from);
    return {
      ready: this.#isReady,
      person: session && personOf(session),
      others: this.#accounts.others().map(personOf),
      waiting: this.#waiting(),
      ended: session ? undefined : this.#accounts.lost,
      problem: this.#problem,
      remedy: this.#remedy,
      vault: this.#accounts.location,
      switchedFrom: before && personOf(before),
      signedInByProgram: session !== undefined && session.key === this.#arrived,
    };
  }

  #waitingLogin(id: string): Authorization | undefined {
    const one = this.#authorizations.byId(id);
    return one?.status === 'waiting' ? one : undefined;
  }

  #waiting(): WaitingLogin | undefined {
    const inBrowser = this.#authorizations.waiting();
    if (inBrowser) {
      const { id, deadline, page, request } = inBrowser;
      const requestedBy = inBrowser.isPersons ? 'loopgate' : 'program';
      const registration = request && { clientId: request.clientId, redirectUri: request.redirectUri };
      return { id, requestedBy, deadline, page, ...(registration && { registration }) };
    }
    const onDevice = this.#deviceLogins.waiting;
    return onDevice && { ...onDevice, requestedBy: 'program', page: 'elsewhere' };
  }

  /** Calls back after every change of {@link state}; gives the function that ends it. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The origins that a form_post login may come from (L2). */
  get providerOrigins(): readonly string[] {
    return this.#provider?.origins ?? [];
  }

  /** Waits until the stored sessions were read; not for ever where a person has to unlock a keyring first. */
  #whenReady(): Promise<void> {
    if (this.#isReady) return Promise.resolve();
    return withTimeout(this.#world.clock, unlockPatience, this.#ready.promise, () => {
      throw new LoopgateError('not_signed_in', {
        happened: message('storedNotReadable'),
        next: message('unlockKeyringAndTry'),
      });
    });
  }

  #openOwn(asked: SignInRequest, startedBy: OwnerKey = loopgateItself): Promise<Authorization> {
    return this.#logins.open(loopgateItself, asked, { inBrowser: true, startedBy });
  }

  #deviceRequest(): DeviceRequest {
    const { scope, audience } = this.#settings;
    const clientId = this.#registration.clientId(undefined);
    return { clientId, scope, ...(audience !== undefined && { audience }) };
  }

  async #signInOnDevice(owner: OwnerKey, provider: Provider): Promise<void> {
    try {
      await this.#deviceLogins.signIn(owner, provider, this.#deviceRequest());
    } catch (error) {
      // Auth0's metadata always names the endpoint; the application may use it only where its settings say so.
      if (!(error instanceof LoopgateError && error.providerError === 'unauthorized_client')) throw error;
      return await this.#finishOwn(await this.#openOwn({}, owner));
    }
    // Signed in, and signed out again before it was stored.
    if (!this.state().person) throw new LoopgateError('authorization_cleared');
  }

  async #adoptFromDevice(tokens: LoginTokens): Promise<void> {
    const { audience } = this.#settings;
    const account = accountOf(tokens, {
      clientId: this.#registration.clientId(undefined),
      ...(audience !== undefined && { audience }),
    });
    const isFirst = this.#accounts.peek() === undefined;
    // T18: nobody who signed in meanwhile is pushed aside.
    const session = await this.#accounts.adopt(this.#registration.provider(), account, { activate: false });
    this.#signedIn(loopgateItself, isFirst ? session.key : undefined);
    // Those who wait for the person wait for the profile too, but not for ever.
    void session.profile.read().catch(() => undefined);
  }

  #discard(tokens: LoginTokens): void {
    const account = accountOf(tokens, { clientId: this.#registration.clientId(undefined) });
    if (tokens.refreshToken !== undefined) this.#accounts.revokeLater(revocationOf(account, tokens.refreshToken));
  }

  async #finishOwn(one: Authorization): Promise<void> {
    await one.outcome();
    await this.#exchangeOwn(one);
  }

  /** Waits until somebody is signed in, the login has failed, or the time is over. */
  #personWithin(
    milliseconds: number,
    finished: Promise<unknown>,
    advice: LoopgateErrorDetails = {},
  ): Promise<PersonState> {
    return new Promise((resolve, reject) => {
      // A program's own exchange reads the profile a moment after the person is known.
      let stopWaiting: (() => void) | undefined;
      const look = () => {
        const { person } = this.state();
        if (person?.profile) settle(() => resolve(person));
        else if (person) stopWaiting ??= this.#world.clock.after(profilePatience, () => settle(() => resolve(person)));
      };
      const stopListening = this.onChange(look);
      const stopTimer = this.#world.clock.after(milliseconds, () =>
        settle(() => reject(new LoopgateError('authorization_timeout', advice))),
      );
      const settle = (answer: () => void) => {
        stopListening();
        stopTimer();
        stopWaiting?.();
        answer();
      };
      finished.then(look, (error: unknown) => {
        // Somebody is signed in all the same, by another login.
        if (this.state().person) look();
        else settle(() => reject(this.#reasonOf(error)));
      });
    });
  }

  /**
   * A login of the broker's own. Asked for at the tray or window, its person becomes the active one; a program that only wanted
   * somebody to be signed in switches nothing (T18).
   */
  async #exchangeOwn(one: Authorization): Promise<void> {
    const { isPersons } = one;
    await this.#tokens.exchange(one, one.codeVerifier ?? '', { activate: isPersons });
    if (!isPersons) return;
    this.#switched = undefined;
    this.#arrived = undefined;
    this.#changed();
  }

  /** @param arrived - whom a program has made active while nobody was; never named in the log */
  #signedIn(owner: OwnerKey, arrived: string | undefined): void {
    this.#world.log.info({ owner }, 'signed in');
    if (arrived !== undefined) {
      this.#arrived = arrived;
      this.#world.log.info({ owner }, 'signed in by a program while nobody was');
      this.#changed();
    }
    // A disk that is full stays so; everything else is over with a new session.
    if (this.#problem !== undefined && this.#remedy !== 'none') this.#clearProblem();
  }

  #reasonOf(error: unknown): LoopgateError {
    return loopgateErrorOf(error, this.#world.log);
  }

  /** Opens the page of a login; where that fails, its address is shown where the person is. */
  async #openPage(one: Authorization, address: string): Promise<boolean> {
    const isOpened = await this.#openBrowser(address);
    // A browser may have come although the program that opens pages has failed.
    if (isOpened || one.page === 'opened') {
      this.#authorizations.setPage(one, 'opened');
      return true;
    }
    this.#authorizations.setPage(one, 'failed');
    if (!one.isQuiet) this.#showPage(one);
    return false;
  }

  /** Where there is no window. */
  #showPage(one: Authorization): void {
    const address = this.#logins.presentAddress(one);
    if (one.status === 'waiting' && address !== undefined) this.#world.showAddress?.(address, 'login');
  }

  async #openLogout(address: string): Promise<void> {
    if (await this.#openBrowser(address)) return;
    if (this.#world.showAddress) return this.#world.showAddress(address, 'logout');
    this.#setProblem(
      new LoopgateError('internal', {
        happened: message('notSignedOutAtProvider'),
        next: message('signOutAtProvidersPage'),
      }),
    );
  }

  async #openBrowser(address: string): Promise<boolean> {
    const { openBrowser, log } = this.#world;
    if (!openBrowser) return false;
    try {
      await openBrowser(address);
      return true;
    } catch (error) {
      log.warn({ failure: withoutAddress(error) }, 'the browser did not open');
      return false;
    }
  }

  /** No browser opened: the login is offered on another device too. Whichever is finished first counts. */
  async #offerDevice(owner: OwnerKey, provider: Provider, login: Authorization): Promise<void> {
    if (login.status !== 'waiting') return;
    const endThat = () => this.#deviceLogins.clear(owner);
    login.outcome().then(endThat, endThat);
    try {
      await this.#deviceLogins.signIn(owner, provider, this.#deviceRequest());
      this.cancel(login.id);
    } catch (error) {
      // The login in a browser waits on; why this one ended matters to nobody.
      this.#world.log.info({ code: this.#reasonOf(error).code }, 'the sign-in on another device ended');
    }
  }

  /** What was shown is over. What is not on disk stays so, and is said again: another problem may have taken its place. */
  #clearProblem(): void {
    this.#setProblem(this.#accounts.unsaved);
  }

  #setProblem(problem: LoopgateError | undefined, remedy: Remedy = 'none'): void {
    const isNew = problem !== this.#problem;
    this.#problem = problem;
    this.#remedy = remedy;
    // A provider's words may name a person.
    if (problem && isNew)
      this.#world.log.warn({ code: problem.code }, problem.message.replace(/[^\s(]+@[^\s)]+/g, '...'));
    this.#changed();
  }

  #changed(): void {
    for (const listener of this.#listeners) {
      try {
        listener();
      } catch (error) {
        // Who cannot show it (a window that is just being destroyed) must not undo it.
        this.#reasonOf(error);
      }
    }
  }
}

/** A device login that takes longer than the caller waits. */
const stillGood = {
  happened: message('otherDeviceTimeout'),
  next: message('askAgainForCode'),
} as const;

/** The words of what opens browsers may quote the address, which is good until it is followed (T9): then only their kind is told. */
function withoutAddress(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  return /:\/\/|%3A/i.test(error.message) ? error.name : error.message;
}

function requesterOf(one: Authorization): 'loopgate' | 'program' {
  return one.owner === loopgateItself ? 'loopgate' : 'program';
}

function personOf(session: Session): PersonState {
  const { issuer, subject, profile, profileReadAt, expiresAt } = session.account;
  const { key: account, renewable, freshness, obstacle, unreachableSince } = session;
  return {
    ...{ account, issuer, subject, profile, renewable, expiresAt, freshness, obstacle, profileReadAt },
    ...(unreachableSince !== undefined && { unreachableSince }),
  };
}
