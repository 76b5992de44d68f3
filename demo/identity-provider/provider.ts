import type { RequestListener } from 'node:http';
import { Accounts } from './accounts.ts';
import type { Fault } from './faults.ts';
import { Front } from './front.ts';
import { isAddressInUse, type LoopbackListener, listenOnLoopback } from './listen.ts';
import { createOpenidProvider, type OpenidSettings } from './openidProvider.ts';
import type { RecordedRequest } from './requestLog.ts';
import { State } from './state.ts';

export type { Fault } from './faults.ts';
export type { RecordedRequest } from './requestLog.ts';

export interface ClientRegistration {
  clientId: string;
  /** Matched exactly. */
  redirectUris: readonly string[];
}

export interface IdentityProviderOptions {
  /** The port on loopback; 0, the default, takes any (with `stateFile`: the last run's port, if it is free). */
  port?: number;
  /**
   * The public address, such as `https://login.company.example/`, if a TLS proxy forwards its requests to the port; default
   * `http://localhost:<port>/`.
   */
  issuer?: string;
  /** Default `loopgate-demo`. */
  clientId?: string;
  /** Exact matches for that client; default `http://localhost:{1000,5323,39300…39303}/pkce/response/code`. */
  redirectUris?: readonly string[];
  /** Accepts `http://localhost:<any port>/pkce/response/code` too, for every client. */
  anyLoopbackCallback?: boolean;
  /** Additional public clients. */
  clients?: readonly ClientRegistration[];
  /** Absolute URIs; default `https://api.loopgate.test/`. Another audience is `access_denied`, "Service not found". */
  audiences?: readonly string[];
  /**
   * Additional APIs for which a refresh may get a token, whatever the sign-in was for (Auth0's multi-resource refresh
   * tokens); absolute URIs, default none. Rotation and reuse detection work as with any refresh.
   */
  refreshAudiences?: readonly string[];
  /** Where `/v2/logout` may send the browser; exact matches, default none. */
  logoutUrls?: readonly string[];
  /** Default true; false leaves `authorization_response_iss_parameter_supported` out of the metadata. */
  announceIss?: boolean;
  /** Whether the response carries `iss`; default as `announceIss`. */
  sendIss?: boolean;
  /** Default true; false for a provider that neither announces nor accepts `response_mode=form_post`. */
  formPost?: boolean;
  /** Default true; false never grants `offline_access`. */
  offlineAccess?: boolean;
  /** Default 3600. */
  accessTokenSeconds?: number;
  /** Default 36000. */
  idTokenSeconds?: number;
  /** Counted from the sign-in, including rotations; default 30 days. */
  refreshTokenSeconds?: number;
  /** Default true; false for a provider without device authorization (RFC 8628). */
  deviceFlow?: boolean;
  /** The device flow's `interval`; default 5. */
  deviceIntervalSeconds?: number;
  /**
   * True for a tenant with "Refresh Token Revocation Deletes Grant", as tenants from before 2021 have it: the revocation of
   * one refresh token ends all tokens of that person at that application. Default false: it ends those of its own sign-in.
   */
  revocationDeletesGrant?: boolean;
  /** Absolute path. The file (0600) keeps keys, grants, tokens, sessions and the port, so that they survive a restart. */
  stateFile?: string;
}

export interface IdentityProvider {
  /** `http://localhost:<port>/`, or the `issuer` option; with a slash at its end, as at Auth0. */
  readonly issuer: string;
  readonly port: number;
  readonly clientId: string;
  /** The first of `audiences`. */
  readonly audience: string;
  /** Every request in the order of arrival, with its parameters. */
  readonly requests: readonly RecordedRequest[];
  /** Internal errors of the provider: empty unless there is a bug. */
  readonly errors: readonly Error[];
  /** The number of requests for this path. */
  count(path: string): number;
  /**
   * The first matching request, either past or future.
   * @param timeoutMs - default 5000
   * @throws Error with the list of requests, after the timeout
   */
  waitFor(predicate: (request: RecordedRequest) => boolean, timeoutMs?: number): Promise<RecordedRequest>;
  /** Forgets the requests so far. */
  clearRequests(): void;
  /** Adds a fault to a path. @returns a function that lifts it; requests that it held then continue */
  fault(path: string, fault: Fault): () => void;
  /** Lifts all faults. */
  clearFaults(): void;
  /**
   * Revokes all grants and their tokens, of one person (`auth0|…`) or of all: the next refresh is `invalid_grant`. @returns
   * the number of revoked refresh tokens. A JWT access token stays valid until it expires, as at Auth0.
   */
  revokeAll(sub?: string): number;
  /** Stops listening and closes every socket at once. */
  close(): Promise<void>;
}

const loopgatePorts = [1000, 5323, 39300, 39301, 39302, 39303];

/**
 * Starts an OpenID provider that behaves like an Auth0 tenant, on 127.0.0.1 and ::1. It prints nothing.
 * @throws the system's error when `port` was given and is taken; TypeError for an audience that is not an absolute URI
 */
export async function startIdentityProvider(options: IdentityProviderOptions = {}): Promise<IdentityProvider> {
  const state = await State.open(options.stateFile);
  let handle: RequestListener = (_request, response) => response.writeHead(503).end();
  const listener = await listen(options.port ?? 0, state.port, (request, response) => handle(request, response));
  try {
    state.bind(listener.port);
    const settings = settingsOf(options, listener.port);
    const accounts = new Accounts(state);
    const openid = await createOpenidProvider(settings, state, accounts);
    const front = new Front({ settings, logoutUrls: options.logoutUrls ?? [], state, accounts, openid });
    handle = (request, response) => void front.handle(request, response);
    return faceOf(front, settings, state, listener);
  } catch (error) {
    await listener.close();
    throw error;
  }
}

/** Listens on the requested port, or else on that of the last run, or else on any. */
async function listen(asked: number, earlier: number, onRequest: RequestListener): Promise<LoopbackListener> {
  if (asked !== 0 || earlier === 0) return listenOnLoopback(asked, onRequest);
  try {
    return await listenOnLoopback(earlier, onRequest);
  } catch (error) {
    if (isAddressInUse(error)) return listenOnLoopback(0, onRequest);
    throw error;
  }
}

function settingsOf(options: IdentityProviderOptions, port: number): OpenidSettings {
  const audiences = options.audiences ?? ['https://api.loopgate.test/'];
  const refreshAudiences = options.refreshAudiences ?? [];
  for (const [name, list] of Object.entries({ audiences, refreshAudiences })) {
    const wrong = list.find((audience) => !URL.canParse(audience));
    if (wrong !== undefined) throw new TypeError(`${name}: "${wrong}" is not an absolute URI`);
  }
  const defaultClient = {
    clientId: options.clientId ?? 'loopgate-demo',
    redirectUris:
      options.redirectUris ?? loopgatePorts.map((callback) => `http://localhost:${callback}/pkce/response/code`),
  };
  const announceIss = options.announceIss ?? true;
  return {
    issuer: options.issuer ?? `http://localhost:${port}/`,
    clients: [defaultClient, ...(options.clients ?? [])],
    anyLoopbackCallback: options.anyLoopbackCallback ?? false,
    audiences,
    refreshAudiences,
    announceIss,
    sendIss: options.sendIss ?? announceIss,
    formPost: options.formPost ?? true,
    offlineAccess: options.offlineAccess ?? true,
    accessTokenSeconds: options.accessTokenSeconds ?? 3600,
    idTokenSeconds: options.idTokenSeconds ?? 36_000,
    refreshTokenSeconds: options.refreshTokenSeconds ?? 30 * 24 * 3600,
    deviceFlow: options.deviceFlow ?? true,
    deviceIntervalSeconds: options.deviceIntervalSeconds ?? 5,
    revocationDeletesGrant: options.revocationDeletesGrant ?? false,
  };
}

function faceOf(front: Front, settings: OpenidSettings, state: State, listener: LoopbackListener): IdentityProvider {
  const { log, faults, errors } = front;
  return {
    issuer: settings.issuer,
    port: listener.port,
    clientId: settings.clients[0]?.clientId ?? '',
    audience: settings.audiences[0] ?? '',
    get requests() {
      return log.requests;
    },
    errors,
    count: (path) => log.count(path),
    waitFor: (predicate, timeoutMs = 5000) => log.waitFor(predicate, timeoutMs),
    clearRequests: () => log.clear(),
    fault: (path, fault) => faults.add(path, fault),
    clearFaults: () => faults.clear(),
    revokeAll: (sub) => state.endGrants((payload) => sub === undefined || payload.accountId === sub),
    close: () => listener.close(),
  };
}
