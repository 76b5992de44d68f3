import { message } from '../../preload/texts/messages.ts';
import { LoopgateError, messageOf } from '../errors/errors.ts';
import { callbackPath } from '../protocol/protocol.ts';
import { withTimeout } from '../system/timeout.ts';
import { watchForJumps } from './clock.ts';
import { loopgateItself, type OwnerKey } from './login/authorization.ts';
import type { DeviceCode } from './login/deviceLogin.ts';
import type { Followed } from './login/login.ts';
import type {
  CallbackResult,
  Challenge,
  SignInRequest,
  SignInResult,
  TokenRequest,
  TokenResult,
} from './login/requests.ts';
import type { CommandLogin } from './login/signIns.ts';
import { type BrokerParts, brokerParts } from './parts.ts';
import type { OtherApi } from './provider/tokens.ts';
import type { AccessToken } from './session/session.ts';
import type { WithoutKeyring } from './session/vault.ts';
import { shownState } from './shownState.ts';
import type { ProviderSignOut } from './signOut.ts';
import type { BrokerState, PersonState } from './state.ts';
import type { BrokerSettings, BrokerWorld } from './world.ts';

/** How long a renewal may delay the quitting, in milliseconds. */
const closeTimeout = 5_000;

/** The broker's face: everything that the API and the desktop may ask for. Each part documents its own functions. */
export class Broker {
  readonly #world: BrokerWorld;
  readonly #parts: BrokerParts;
  readonly #stopWatching: () => void;

  constructor(settings: BrokerSettings, world: BrokerWorld) {
    this.#world = world;
    this.#parts = brokerParts(settings, world);
    // After the clock was set back, it no longer tells when a token ends.
    this.#stopWatching = watchForJumps(world.clock, (by) => this.wake({ distrust: by < 0 }));
  }

  /** The broker's own callback, registered at the provider. */
  get redirectUri(): string {
    return this.#parts.registration.redirectUri;
  }

  /** The provider's host; absent when none is configured. */
  get providerHost(): string | undefined {
    return this.#parts.provider?.host;
  }

  /** The origins that a form_post login may come from (L2). */
  get providerOrigins(): readonly string[] {
    return this.#parts.provider?.origins ?? [];
  }

  // --- from the start to the end ---

  /**
   * Reads the stored sessions. The API may answer before this resolves: a request that needs the session waits for it.
   * @param address - the address that the API listens on
   */
  async start(address: string): Promise<void> {
    const { registration, logins, accounts, readiness, changes } = this.#parts;
    registration.redirectUri = `${address}${callbackPath}`;
    // Not `localhost`: a browser may have stored HSTS for that name, or send cookies of other programs. 127.0.0.1 always
    // works (R8).
    logins.origin = address.replace('//localhost:', '//127.0.0.1:');
    await accounts.load((account) => registration.owns(account));
    readiness.setReady();
    accounts.wake();
    changes.notify();
  }

  /**
   * The machine has slept or its clock was set (T7). Timers have stood still, so this does at once what is due.
   * @param options.distrust - true when the clock was set back: then the times of the tokens mean nothing
   */
  wake(options: { distrust?: boolean } = {}): void {
    const { provider, readiness, accounts } = this.#parts;
    provider?.forgetFailure();
    if (readiness.isReady) accounts.wake(options);
  }

  /** The network is back: clears its failures and does at once what is due (T5). */
  networkIsBack(): void {
    this.#parts.problem.networkIsBack();
    this.wake();
  }

  /**
   * Ends pending logins and waits until everything is written, but gives up on a silent provider after a few seconds.
   * @param options.handOver - true when another broker in this process continues with the same vault: this then waits for a
   * renewal as long as it takes (T4)
   */
  async close({ handOver = false }: { handOver?: boolean } = {}): Promise<void> {
    const { authorizations, deviceLogins, accounts } = this.#parts;
    this.#stopWatching();
    authorizations.close();
    deviceLogins.clear();
    if (handOver) {
      await accounts.settled();
      return accounts.close();
    }
    await withTimeout(this.#world.clock, closeTimeout, accounts.settled(), () => undefined);
  }

  // --- logins, in a browser and on another device ---

  /** Makes a challenge that belongs to this owner for ten minutes. */
  challenge(owner: OwnerKey): Required<Challenge> {
    const { state, codeChallenge, codeVerifier } = this.#parts.authorizations.issue(owner);
    return { state, codeChallenge, codeVerifier: codeVerifier ?? '' };
  }

  /** Drops the owner's pending authorizations; requests that wait on them end with `authorization_cleared`. */
  clear(owner: OwnerKey): void {
    this.#parts.authorizations.clear(owner);
    this.#parts.deviceLogins.clear(owner);
  }

  /** {@link Logins.authorize} */
  authorize(owner: OwnerKey, asked: SignInRequest, options: { waited?: number } = {}): Promise<SignInResult> {
    return this.#parts.logins.authorize(owner, asked, options);
  }

  /** {@link Logins.authorizeAddress} */
  authorizeAddress(asked: SignInRequest, options: { waited?: number } = {}): Promise<string> {
    return this.#parts.logins.authorizeAddress(asked, options);
  }

  /** {@link Logins.programWith} */
  programWith(state: string): OwnerKey | undefined {
    return this.#parts.logins.programWith(state);
  }

  /**
   * Takes the provider's response to the callback, as {@link Logins.respond} does. If the person started the login here, this
   * exchanges the code at once, so that the page can show the result.
   * @param owner - set when a program relays the response: the authorization must be its own
   * @throws LoopgateError `unknown_state`, or the reason why the login failed
   */
  async respond(parameters: URLSearchParams, owner?: OwnerKey): Promise<CallbackResult> {
    const one = await this.#parts.logins.respond(parameters, owner);
    const requestedBy = one.owner === loopgateItself ? 'loopgate' : 'program';
    if (requestedBy === 'loopgate') await this.#parts.ownLogins.exchange(one);
    return { code: one.response?.code ?? '', state: one.state, requestedBy };
  }

  /** {@link Logins.follow} */
  followLogin(ticket: string): Followed {
    return this.#parts.logins.follow(ticket);
  }

  /** {@link SignIns.hinder} */
  hinderLogin(reason: LoopgateError): void {
    this.#parts.signIns.hinder(reason);
  }

  /** {@link WaitingLogins.startElsewhere} */
  startElsewhere(owner: OwnerKey): Promise<{ address: string; lasts: number }> {
    return this.#parts.waitingLogins.startElsewhere(owner);
  }

  /** {@link WaitingLogins.openAgain} */
  openAgain(id: string): Promise<void> {
    return this.#parts.waitingLogins.openAgain(id);
  }

  /** {@link WaitingLogins.newAddress} */
  newLoginAddress(id: string): string | undefined {
    return this.#parts.waitingLogins.newAddress(id);
  }

  /** {@link WaitingLogins.providerAddress} */
  providerAddress(id: string): string | undefined {
    return this.#parts.waitingLogins.providerAddress(id);
  }

  /** {@link WaitingLogins.cancel} */
  cancel(id: string): void {
    this.#parts.waitingLogins.cancel(id);
  }

  /** Signs in for the person at the tray or window: {@link SignIns.here}. */
  signIn(): Promise<boolean> {
    return this.#parts.signIns.here();
  }

  /** Signs in another person as well: {@link SignIns.here}. */
  addAccount(): Promise<boolean> {
    return this.#parts.signIns.here({ prompt: 'login' });
  }

  /** {@link SignIns.ensure} */
  ensureSignedIn(owner: OwnerKey, milliseconds: number): Promise<PersonState> {
    return this.#parts.signIns.ensure(owner, milliseconds);
  }

  /** {@link SignIns.openForCommand} */
  openForCommand(owner: OwnerKey, options: { waited?: number } = {}): Promise<CommandLogin> {
    return this.#parts.signIns.openForCommand(owner, options);
  }

  /** {@link DeviceSignIn.code} */
  deviceCode(owner: OwnerKey): Promise<DeviceCode | undefined> {
    return this.#parts.deviceSignIn.code(owner);
  }

  /** {@link DeviceSignIn.finish} */
  finishDeviceLogin(owner: OwnerKey, milliseconds: number): Promise<PersonState> {
    return this.#parts.deviceSignIn.finish(owner, milliseconds);
  }

  // --- tokens and profiles ---

  /** {@link TokenEndpoint.token}, after the stored sessions were read. */
  async token(owner: OwnerKey, asked: TokenRequest | undefined): Promise<TokenResult> {
    await this.#parts.readiness.whenReady();
    return await this.#parts.tokens.token(owner, asked);
  }

  /**
   * A valid access token of the session, renewed when needed; or one for another API of the same tenant.
   * @throws LoopgateError `not_signed_in`, `provider_unreachable`, `provider_error`
   */
  async accessToken(api: OtherApi = {}): Promise<AccessToken> {
    const { registration, readiness, accounts } = this.#parts;
    registration.provider();
    if (!readiness.isReady) await readiness.whenReady();
    const session = accounts.active();
    const isOwn = (api.audience ?? session.audience) === session.audience && api.scope === undefined;
    return await (isOwn ? session.accessToken() : session.accessTokenFor(api));
  }

  /** {@link Profiles.fresh} */
  get freshProfile(): Record<string, unknown> | undefined {
    return this.#parts.profiles.fresh;
  }

  /** {@link Profiles.userInfo} */
  userInfo(accessToken?: string): Promise<Record<string, unknown>> {
    return this.#parts.profiles.userInfo(accessToken);
  }

  /** {@link Profiles.refresh} */
  refreshProfile(): Promise<PersonState> {
    return this.#parts.profiles.refresh();
  }

  // --- who is signed in ---

  /** {@link People.person} */
  person(): Promise<PersonState | undefined> {
    return this.#parts.people.person();
  }

  /** {@link People.all} */
  people(): Promise<PersonState[]> {
    return this.#parts.people.all();
  }

  /** {@link People.withSubject} */
  personWithSubject(subject: string): Promise<PersonState> {
    return this.#parts.people.withSubject(subject);
  }

  /** {@link People.select} */
  selectPerson(subject: string): Promise<PersonState> {
    return this.#parts.people.select(subject);
  }

  /** {@link People.switchTo} */
  switchAccount(account: string): Promise<void> {
    return this.#parts.people.switchTo(account);
  }

  /** {@link SignOut.check} */
  checkSignOut(asked: Pick<ProviderSignOut, 'clientId' | 'returnTo'>): void {
    this.#parts.signOut.check(asked);
  }

  /** {@link SignOut.atProvider} */
  signOutAtProvider(asked: ProviderSignOut): Promise<string | undefined> {
    return this.#parts.signOut.atProvider(asked);
  }

  /** {@link SignOut.active} */
  signOut(): Promise<void> {
    return this.#parts.signOut.active();
  }

  /** {@link SignOut.account} */
  signOutAccount(account: string): Promise<void> {
    return this.#parts.signOut.account(account);
  }

  // --- what there is to show ---

  /** The person has seen that a program switched the account or signed in a person. */
  acceptSwitch(): void {
    this.#parts.accountSwitch.forget();
    this.#parts.changes.notify();
  }

  /** The person wants to try again at once: the provider refused the renewal, or could not be reached (T5). */
  async renew(): Promise<void> {
    const { readiness, provider, accounts } = this.#parts;
    await readiness.whenRead();
    provider?.forgetFailure();
    await accounts.tryAgain();
  }

  /** Changes where the sessions are stored when no keyring protects them. If that fails, the problem is shown. */
  async chooseStorage(answer: WithoutKeyring): Promise<void> {
    try {
      await this.#parts.accounts.chooseStorage(answer);
    } catch (error) {
      const why = messageOf(error);
      this.showProblem(
        new LoopgateError('internal', {
          happened: message('answerNotKept', { reason: why }),
          next: message('letWriteAndAnswer'),
        }),
      );
    }
  }

  /** Shows a problem from outside the broker that the person should know about. */
  showProblem(problem: LoopgateError): void {
    this.#parts.problem.show(problem);
  }

  dismissProblem(): void {
    this.#parts.accounts.forgetEnded();
    this.#parts.problem.dismiss();
  }

  /** Everything that the desktop shows, at this moment. */
  state(): BrokerState {
    return shownState(this.#parts);
  }

  /** Calls `listener` after every change of {@link state}. @returns the function that stops it */
  onChange(listener: () => void): () => void {
    return this.#parts.changes.onChange(listener);
  }
}
