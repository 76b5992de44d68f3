/**
 * The outside world for the broker's tests: time, vault, browsers, and two providers, an honest one and a scripted one that
 * can lie.
 */
import { CompactSign, exportJWK, exportSPKI, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { expect, onTestFinished } from 'vitest';
import { BrowserDouble, type SignInOptions } from '../demo/identity-provider/person.ts';
import {
  type IdentityProvider,
  type IdentityProviderOptions,
  startIdentityProvider,
} from '../demo/identity-provider/provider.ts';
import { Broker } from '../main/broker/broker.ts';
import type { Clock } from '../main/broker/clock.ts';
import { s256 } from '../main/broker/login/challenge.ts';
import type { DeviceCode } from '../main/broker/login/deviceLogin.ts';
import type { CallbackResult, SignInResult, TokenRequest, TokenResult } from '../main/broker/login/requests.ts';
import type { PlatformFetch } from '../main/broker/provider/providerFetch.ts';
import type {
  StorageLocation,
  StoredAccount,
  StoredState,
  Vault,
  WithoutKeyring,
} from '../main/broker/session/vault.ts';
import type { BrokerSettings } from '../main/broker/world.ts';
import { LoopgateError } from '../main/errors/errors.ts';
import type { Grant, Grants } from './grants.ts';
import { arrivedAt } from './loginAddress.ts';

export const address = 'http://localhost:39300';
export const redirectUri = `${address}/pkce/response/code`;
export const editor = 'editor';
export const ada = 'auth0|ada-lovelace';

/** A clock that only the test advances. It starts at the real time, which the local provider uses. */
export class FakeClock implements Clock {
  #now = Date.now();
  #timers: { at: number; callback: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  after(milliseconds: number, callback: () => void): () => void {
    const timer = { at: this.#now + milliseconds, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Advances the time, and runs each due timer in order, at its own time. */
  advance(milliseconds: number): void {
    const end = this.#now + milliseconds;
    for (let next = this.#due(end); next; next = this.#due(end)) {
      const due = next;
      this.#timers = this.#timers.filter((other) => other !== due);
      this.#now = Math.max(this.#now, due.at);
      due.callback();
    }
    this.#now = end;
  }

  /** The machine sleeps, or its clock is set: the time changes, but every timer still has its full delay to wait. */
  jump(milliseconds: number): void {
    this.#now += milliseconds;
    for (const timer of this.#timers) timer.at += milliseconds;
  }

  #due(end: number): { at: number; callback: () => void } | undefined {
    return this.#timers.filter(({ at }) => at <= end).sort((one, other) => one.at - other.at)[0];
  }
}

/** A vault in memory that can fail and be slow, and that records the order of events. */
export class TestVault implements Vault {
  location: StorageLocation = { kind: 'keyring', changeable: false };
  /** The answers that {@link choose} got. */
  readonly choices: WithoutKeyring[] = [];
  readonly saves: StoredState[] = [];
  loadFailure: Error | undefined;
  saveFailure: Error | undefined;
  /** Called when a save begins; the save waits for the promise that it returns. */
  beforeSave: () => Promise<void> | undefined = () => undefined;
  #state: StoredState | undefined;

  constructor(state?: StoredState) {
    this.#state = state;
  }

  /** What is on disk. */
  get state(): StoredState | undefined {
    return this.#state;
  }

  #locationChanged: () => void = () => undefined;

  onLocationChanged(listener: () => void): void {
    this.#locationChanged = listener;
  }

  /** Changes the location, as a vault does that has learned more about it. */
  changeLocation(location: StorageLocation): void {
    this.location = location;
    this.#locationChanged();
  }

  async choose(answer: WithoutKeyring): Promise<void> {
    this.choices.push(answer);
  }

  async load(): Promise<StoredState | undefined> {
    if (this.loadFailure) throw this.loadFailure;
    return structuredClone(this.#state);
  }

  async save(state: StoredState): Promise<void> {
    const copy = structuredClone(state);
    await this.beforeSave();
    if (this.saveFailure) throw this.saveFailure;
    this.#state = copy;
    this.saves.push(copy);
  }
}

/** Turns a login page into the callback's parameters. */
type Login = (address: string, name: string, options: SignInOptions) => Promise<URLSearchParams>;

/** The person's browser, which the broker opens. */
export class TestBrowser {
  /** Every opened page: the target of a login's one-time address. */
  readonly opened: string[] = [];
  /** The person who signs in at once when a login page opens; undefined leaves the page open. */
  person: string | undefined = 'Ada Lovelace';
  deny = false;
  /** If set, opening fails with this error. */
  failure: ((address: string) => Error) | undefined;
  /** If set, opening waits for this promise. */
  opening: Promise<void> | undefined;
  readonly #login: Login;
  #arrive: (address: string) => string = (address) => address;
  #respond: (parameters: URLSearchParams) => Promise<CallbackResult> = () => Promise.reject(new Error('no broker'));
  /** What the person saw at the end of each login: the broker's result, or its error. */
  readonly #pages: (CallbackResult | LoopgateError)[] = [];
  readonly #waiters: (() => void)[] = [];

  constructor(login: Login) {
    this.#login = login;
  }

  /** Callbacks go to this broker. */
  attach(broker: Broker): void {
    this.#arrive = (address) => arrivedAt(broker, address);
    this.#respond = (parameters) => broker.respond(parameters);
  }

  /** The login pages among {@link opened}. */
  get tabs(): string[] {
    return this.opened.filter((one) => new URL(one).pathname === '/authorize');
  }

  readonly open = async (address: string): Promise<void> => {
    if (this.opening) await this.opening;
    if (this.failure) throw this.failure(address);
    const opened = this.#arrive(address);
    this.opened.push(opened);
    this.#wake();
    if (this.person !== undefined && new URL(opened).pathname === '/authorize') void this.finish(opened);
  };

  /** The opened address number `index` (the first is 0), once it is open. */
  tab(index = 0): Promise<string> {
    return this.#once(() => this.opened[index]);
  }

  /** What the person saw at the end of login number `index` (the first is 0), once it is there. */
  page(index = 0): Promise<CallbackResult | LoopgateError> {
    return this.#once(() => this.#pages[index]);
  }

  async #once<T>(found: () => T | undefined): Promise<T> {
    for (let value = found(); ; value = found()) {
      if (value !== undefined) return value;
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
    }
  }

  #wake(): void {
    for (const wake of this.#waiters.splice(0)) wake();
  }

  /** Signs in at a login page that was left open, without delivering the callback yet. */
  callback(opened: string, name = this.person ?? 'Ada Lovelace'): Promise<URLSearchParams> {
    return this.#login(opened, name, { deny: this.deny });
  }

  /** Signs in at a login page and delivers the callback. @returns what the person then sees */
  async finish(opened: string, name?: string): Promise<CallbackResult | LoopgateError> {
    const parameters = await this.callback(opened, name);
    const page = await this.#respond(parameters).catch((error: unknown) => {
      if (error instanceof LoopgateError) return error;
      throw error;
    });
    this.#pages.push(page);
    this.#wake();
    return page;
  }
}

/** Records the log, as it would be written. */
export class TestLog {
  readonly lines: string[] = [];
  info(fields: object, message: string): void {
    this.lines.push(JSON.stringify({ ...fields, message }));
  }
  warn(fields: object, message: string): void {
    this.lines.push(JSON.stringify({ ...fields, message }));
  }
  error(fields: object, message: string): void {
    this.lines.push(JSON.stringify({ ...fields, message }));
  }
}

export interface World {
  readonly broker: Broker;
  readonly settings: BrokerSettings;
  readonly clock: FakeClock;
  readonly vault: TestVault;
  readonly browser: TestBrowser;
  readonly log: TestLog;
}

export interface WorldOptions {
  settings?: Partial<BrokerSettings>;
  vault?: TestVault;
  clock?: FakeClock;
  fetch?: PlatformFetch;
  /** The person who signs in when a page opens; `null` leaves it open. */
  person?: string | null;
  /** False for a broker without a configured provider. Default true. */
  configured?: boolean;
  /** False for a broker that is still reading its vault. Default true. */
  ready?: boolean;
  /** The jitter's random number, from 0 to below 1. Default 0. */
  random?: () => number;
  /** Set it for a broker without a browser: it gets the codes of device logins. */
  showDeviceCode?: (code: DeviceCode) => void;
  /** True if the broker tries a browser all the same. */
  opens?: boolean;
  /** Set it for a broker without a window: it gets the addresses that no browser opened for. */
  showAddress?: (address: string) => void;
}

/** A broker with the local provider, which behaves like an Auth0 tenant. */
export interface LocalWorld extends World {
  readonly provider: IdentityProvider;
}

/** Node's fetch without pooled connections, which a restarting provider would cut. */
export const plainFetch: PlatformFetch = (url, options) => {
  const headers = new Headers(options.headers);
  headers.set('connection', 'close');
  return fetch(url, { ...options, headers });
};

const localLogin: Login = async (opened, name, options) => {
  const { fields } = await new BrowserDouble().signInAs(opened, name, { ...options, deliver: false });
  return new URLSearchParams(fields);
};

export async function localProvider(options: IdentityProviderOptions = {}): Promise<IdentityProvider> {
  const provider = await startIdentityProvider(options);
  onTestFinished(async () => {
    await provider.close();
    expect(provider.errors).toEqual([]);
  });
  return provider;
}

/** Starts a broker with the local provider. */
export async function localWorld(
  options: WorldOptions & { provider?: IdentityProvider; providerOptions?: IdentityProviderOptions } = {},
): Promise<LocalWorld> {
  const provider = options.provider ?? (await localProvider(options.providerOptions));
  const world = await start({ issuer: provider.issuer, clientId: provider.clientId }, localLogin, options);
  return { ...world, provider };
}

/** A broker with a provider whose answers the test controls. */
export interface ScriptedWorld extends World {
  readonly provider: ScriptedProvider;
}

export async function scriptedWorld(
  options: WorldOptions & { provider?: ScriptedProvider } = {},
): Promise<ScriptedWorld> {
  const provider = options.provider ?? new ScriptedProvider();
  const world = await start({ issuer: provider.issuer, clientId: 'loopgate-demo' }, provider.login, {
    fetch: provider.fetch,
    ...options,
  });
  return { ...world, provider };
}

async function start(
  configured: { issuer: string; clientId: string },
  login: Login,
  options: WorldOptions,
): Promise<World> {
  const settings: BrokerSettings = {
    ...(options.configured !== false && configured),
    scope: 'openid profile email offline_access',
    signInTimeout: 240_000,
    clients: [],
    redirectUris: [],
    returnTo: [],
    exposeRefreshToken: false,
    ...options.settings,
  };
  const clock = options.clock ?? new FakeClock();
  const vault = options.vault ?? new TestVault();
  const log = new TestLog();
  const browser = new TestBrowser(login);
  if (options.person !== undefined) browser.person = options.person ?? undefined;
  const broker = new Broker(settings, {
    clock,
    vault,
    log,
    fetch: options.fetch ?? plainFetch,
    random: options.random ?? (() => 0),
    ...(options.showDeviceCode && { showDeviceCode: options.showDeviceCode }),
    // Without a browser, the person opens the address that is shown.
    ...(options.showDeviceCode && options.opens !== true
      ? { showAddress: (shown) => void browser.open(shown) }
      : { openBrowser: browser.open }),
    ...(options.showAddress && { showAddress: options.showAddress }),
  });
  browser.attach(broker);
  const ready = broker.start(address);
  if (options.ready !== false) await ready;
  onTestFinished(() => broker.close());
  return { broker, settings, clock, vault, browser, log };
}

/** A broker that is never started, for tests that do not depend on it, such as the API's description. */
export function idleBroker(): Broker {
  return new Broker(
    { scope: 'openid', signInTimeout: 1, clients: [], redirectUris: [], returnTo: [], exposeRefreshToken: false },
    {
      clock: new FakeClock(),
      random: () => 0,
      fetch: () => Promise.reject(new Error('nobody is asked')),
      openBrowser: () => Promise.reject(new Error('nothing is opened')),
      vault: new TestVault(),
      log: new TestLog(),
    },
  );
}

/** A world whose browser must not be opened during the test. */
export function neverOpened<T extends World>(world: T): T {
  world.browser.person = undefined;
  onTestFinished(() => expect(world.browser.opened, 'the browser was opened').toEqual([]));
  return world;
}

/** A client's own challenge, whose verifier stays with the client. Another name gives another challenge. */
export function ownChallenge(name = 'own'): { codeVerifier: string; codeChallenge: string } {
  const codeVerifier = `the-verifier-${name}-`.replaceAll(' ', '-').padEnd(43, '~');
  return { codeVerifier, codeChallenge: s256(codeVerifier) };
}

/** The token request for a sign-in whose challenge the broker made. */
export function exchangeOf(result: SignInResult, changes: Partial<TokenRequest> = {}): TokenRequest {
  return {
    grantType: 'authorization_code',
    clientId: 'loopgate-demo',
    code: result.code,
    redirectUri,
    codeVerifier: result.challenge?.codeVerifier,
    ...changes,
  };
}

/** Signs in as a program does: gets the code and exchanges it. */
export async function signInAs(world: World, name = 'Ada Lovelace', owner = editor): Promise<TokenResult> {
  world.browser.person = name;
  const result = await world.broker.authorize(owner, {});
  return await world.broker.token(owner, exchangeOf(result));
}

export const refreshGrant: TokenRequest = { grantType: 'refresh_token', clientId: 'loopgate-demo' };

/**
 * The reason of a failure; it may be requested early and awaited late. @throws Error unless the work fails with a
 * LoopgateError
 */
export function failureOf(work: Promise<unknown>): Promise<LoopgateError> {
  const failure = rejectionOf(work);
  failure.catch(() => undefined);
  return failure;
}

async function rejectionOf(work: Promise<unknown>): Promise<LoopgateError> {
  const [outcome] = await Promise.allSettled([work]);
  if (outcome.status === 'fulfilled') throw new Error(`it did not fail: ${JSON.stringify(outcome.value)}`);
  if (outcome.reason instanceof LoopgateError) return outcome.reason;
  throw outcome.reason;
}

/** The parameters of a login page's address. */
export function parametersOf(opened: string): Record<string, string> {
  return Object.fromEntries(new URL(opened).searchParams);
}

/** The only stored account. @throws Error when there is none */
export function storedAccountOf(vault: TestVault): StoredAccount {
  const account = vault.state?.accounts[0];
  if (!account) throw new Error('no account is stored');
  return account;
}

/** A vault that was written `milliseconds` ago, with an access token that has just ended: the morning after. */
export function withEndedAccessToken(vault: TestVault): TestVault {
  const { state } = vault;
  if (!state) throw new Error('nothing is stored');
  const accounts = state.accounts.map((account) => ({ ...account, expiresAt: Date.now() - 1 }));
  return new TestVault({ ...state, accounts });
}

type Parameters = Readonly<Record<string, string>>;

interface ScriptedRequest {
  readonly path: string;
  readonly parameters: Parameters;
}

const keys = generateKeyPair('RS256', { extractable: true });
const otherKeys = generateKeyPair('RS256', { extractable: true });

/** An identity provider without sockets. It is honest until a test changes something; each test makes it lie in one way. */
export class ScriptedProvider {
  readonly issuer: string;
  readonly requests: ScriptedRequest[] = [];
  /** Changes to the metadata; undefined removes a member. */
  metadata: Record<string, unknown> = {};
  /** Changes to the ID token's claims; undefined removes one. */
  claims: Record<string, unknown> = {};
  /** Changes to the token answer; undefined removes a member. */
  tokens: Record<string, unknown> = {};
  /** Changes to the UserInfo answer. */
  profile: Record<string, unknown> = {};
  /** Changes to the parameters that the browser brings back from the login; undefined removes one, a list repeats it. */
  response: Record<string, string | string[] | undefined> = {};
  /** Signs the ID token, honestly by default. */
  sign: (claims: JWTPayload) => Promise<string> = signedBy(keys);
  /** Answers a path instead of the provider. It gets the request, with the signal that ends the waiting. */
  readonly answers = new Map<string, (asked: RequestInit) => Response | Promise<Response>>();
  /** The refresh tokens that it has issued; without this, each is valid for ever. */
  grants: Grants | undefined;
  /** The provider's clock, in milliseconds since the epoch. */
  now: () => number = Date.now;
  #nonce = '';
  #issued = 0;

  constructor(issuer = 'https://tenant.example/') {
    this.issuer = issuer;
  }

  count(path: string): number {
    return this.requests.filter((request) => request.path === path).length;
  }

  /** Undoes every change. */
  beHonest(): void {
    this.metadata = {};
    this.claims = {};
    this.tokens = {};
    this.profile = {};
    this.response = {};
    this.sign = signedBy(keys);
    this.answers.clear();
  }

  /** The person signs in, and the browser brings these parameters. */
  readonly login: Login = async (opened, _name, { deny }) => {
    const { state = '', nonce = '' } = parametersOf(opened);
    this.#nonce = nonce;
    const outcome: Record<string, string> = deny
      ? { error: 'access_denied', error_description: 'User denied the request' }
      : { code: `code-${++this.#issued}` };
    const brought = Object.entries({ ...outcome, state, iss: this.issuer, ...this.response });
    return new URLSearchParams(
      brought.flatMap(([name, value = []]) => [value].flat().map((one): [string, string] => [name, one])),
    );
  };

  readonly fetch: PlatformFetch = async (url, asked) => {
    const { pathname: path } = new URL(url);
    const parameters = Object.fromEntries(new URLSearchParams(String(asked.body ?? '')));
    this.requests.push({ path, parameters });
    const answer = this.answers.get(path);
    if (answer) return await answer(asked);
    if (path.endsWith('/.well-known/openid-configuration')) return Response.json(without(this.#metadata()));
    if (path === '/jwks.json') {
      const { publicKey } = await keys;
      return Response.json({ keys: [{ ...(await exportJWK(publicKey)), kid: 'one', use: 'sig', alg: 'RS256' }] });
    }
    if (path === '/oauth/token') return await this.#grant(parameters);
    if (path === '/userinfo') return Response.json(without({ sub: ada, name: 'Ada Lovelace', ...this.profile }));
    if (path === '/oauth/revoke') {
      this.grants?.revoke(parameters.token ?? '', parameters.client_id ?? '');
      return new Response(null, { status: 200 });
    }
    return new Response('not found', { status: 404 });
  };

  #metadata(): Record<string, unknown> {
    const { origin } = new URL(this.issuer);
    return {
      issuer: this.issuer,
      authorization_endpoint: `${origin}/authorize`,
      token_endpoint: `${origin}/oauth/token`,
      userinfo_endpoint: `${origin}/userinfo`,
      revocation_endpoint: `${origin}/oauth/revoke`,
      jwks_uri: `${origin}/jwks.json`,
      response_types_supported: ['code'],
      response_modes_supported: ['query', 'fragment', 'form_post'],
      id_token_signing_alg_values_supported: ['RS256'],
      subject_types_supported: ['public'],
      authorization_response_iss_parameter_supported: true,
      ...this.metadata,
    };
  }

  async #grant({ grant_type: type, refresh_token: spent, client_id: clientId = '' }: Parameters): Promise<Response> {
    const { grants } = this;
    if (!grants) return Response.json(without(await this.#tokens(type)));
    const known = spent === undefined ? undefined : grants.spend(spent);
    if (spent !== undefined && !known) return Response.json({ error: 'invalid_grant' }, { status: 400 });
    const tokens = without(await this.#tokens(type, known));
    const { sub: subject = ada, sid } = this.claims;
    const token = String(tokens.refresh_token);
    if (spent === undefined) {
      grants.issue(token, { subject: String(subject), clientId, ...(sid !== undefined && { sid: String(sid) }) });
    } else grants.rotate(spent, token);
    return Response.json(tokens);
  }

  async #tokens(grantType: string | undefined, grant?: Grant): Promise<Record<string, unknown>> {
    const now = Math.floor(this.now() / 1000);
    const honest = {
      iss: this.issuer,
      sub: ada,
      aud: 'loopgate-demo',
      iat: now,
      exp: now + 36_000,
      // OIDC Core §12.2: the ID token of a refresh should not contain a nonce.
      ...(grantType === 'authorization_code' && { nonce: this.#nonce }),
    };
    const number = ++this.#issued;
    return {
      access_token: `access-${number}`,
      refresh_token: `refresh-${number}`,
      token_type: 'Bearer',
      expires_in: 3600,
      scope: 'openid profile email offline_access',
      id_token: await this.sign(
        without({ ...honest, ...this.claims, ...(grant && { sub: grant.subject, sid: grant.sid }) }),
      ),
      ...this.tokens,
    };
  }
}

/** Signs with a key pair, as RS256 under the key id `one`. */
function signedBy(pair: typeof keys, header: Record<string, unknown> = {}): (claims: JWTPayload) => Promise<string> {
  return (claims) => signedText(JSON.stringify(claims), pair, header);
}

/** Signs a payload unchanged, by default with the honest provider's key. */
export async function signedText(payload: string, pair = keys, header: Record<string, unknown> = {}): Promise<string> {
  return await new CompactSign(new TextEncoder().encode(payload))
    .setProtectedHeader({ alg: 'RS256', kid: 'one', ...header })
    .sign((await pair).privateKey);
}

/** Ways to sign an ID token that the broker must reject (T1). */
export const forgedSignatures = {
  'wrong RS256 signature': signedBy(otherKeys),
  'no RS256 signature': async (claims: JWTPayload) => (await signedBy(keys)(claims)).replace(/[^.]*$/, ''),
  'unknown kid': signedBy(keys, { kid: 'two' }),
  'alg none': async (claims: JWTPayload) => `${encoded({ alg: 'none' })}.${encoded(claims)}.`,
  'HS256 with the public key': async (claims: JWTPayload) => {
    const secret = new TextEncoder().encode(await exportSPKI((await keys).publicKey));
    return await new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid: 'one' }).sign(secret);
  },
  'a key that the token brings itself': async (claims: JWTPayload) =>
    await signedBy(otherKeys, { jwk: await exportJWK((await otherKeys).publicKey) })(claims),
} satisfies Record<string, (claims: JWTPayload) => Promise<string>>;

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function without(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined));
}
