import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { on } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import {
  Auth0Api,
  type AuthorizeAuth0Request,
  type ChallengedPKCE,
  Configuration,
  type ConfigurationParameters,
  ConnectorApi,
  FetchError,
  OSApi,
  PKCEApi,
  RequiredError,
  type RespondWithCodeRequest,
  ResponseError,
  type SeededPKCE,
  UserApi,
  UserProfileFromJSON,
  WellKnownApi,
} from '@pieces.app/pieces-os-client';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { BrowserDouble } from '../demo/identity-provider/person.ts';
import { checkedFetch, readUserFrame } from '../testing/strictReader.ts';
import { type Pair, printedLogin, startPair } from './support/client.ts';

/** The published TypeScript client as it comes from npm: every operation that it shares with Loopgate. */
function clientAt(address: string, options: ConfigurationParameters = {}) {
  const configuration = new Configuration({ basePath: address, ...options });
  return {
    pkce: new PKCEApi(configuration),
    auth0: new Auth0Api(configuration),
    wellKnown: new WellKnownApi(configuration),
    connector: new ConnectorApi(configuration),
    os: new OSApi(configuration),
    user: new UserApi(configuration),
  };
}

/** The failure of a call, as the client throws it. @throws Error when it did not fail by an answer */
async function responseErrorOf(call: Promise<unknown>): Promise<{ status: number; body: string }> {
  const error: unknown = await call.then(
    (value) => new Error(`it did not fail: ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  );
  if (!(error instanceof ResponseError)) throw error;
  return { status: error.response.status, body: await error.response.text() };
}

/** Its status and code, when it is the one JSON error. */
async function codeOf(call: Promise<unknown>): Promise<[number, unknown]> {
  const { status, body } = await responseErrorOf(call);
  const { error, error_description: description } = JSON.parse(body) as Record<string, unknown>;
  expect(description).toMatch(/\. [A-Z]/);
  return [status, error];
}

const profile = { id: 'auth0|ada-lovelace', name: 'Ada Lovelace', email: 'ada-lovelace@example.test' };
const application = { name: 'VS_CODE', version: '1.9.1', platform: 'LINUX' } as const;

describe('the published TypeScript client, with a browser that signs in', () => {
  let pair: Pair;
  let client: ReturnType<typeof clientAt>;
  beforeAll(async () => {
    pair = await startPair({ browser: true });
    client = clientAt(pair.host.address);
  });
  afterAll(() => pair.stop());

  const redirectUri = () => `${pair.host.address}/pkce/response/code`;
  const seedOf = (challenge: ChallengedPKCE): SeededPKCE => ({
    responseType: 'code',
    state: challenge.state,
    nonce: challenge.nonce,
    codeChallenge: challenge.challenge,
    codeChallengeMethod: 'S256',
    scope: ['openid', 'profile', 'email', 'offline_access'],
    clientId: pair.provider.clientId,
    audience: pair.provider.audience,
  });
  const signedIn = () => client.os.signIntoOS();
  const signedOut = () => client.user.clearUser();

  describe('PKCEApi', () => {
    test('getChallenge: a challenge whose verifier fits, and whose nonce is the state', async () => {
      const { challenge } = await client.pkce.getChallenge();
      expect(challenge).toMatchObject({ method: 'S256', nonce: challenge?.state });
      expect(createHash('sha256').update(String(challenge?.verifier)).digest('base64url')).toBe(challenge?.challenge);
    });

    test('generateCode with a seed → generateToken with the verifier', async () => {
      const { challenge } = await client.pkce.getChallenge();
      if (!challenge) throw new Error('no challenge');
      const answer = await client.pkce.generateCode({ seededPKCE: seedOf(challenge) });
      expect(answer.result?.state).toBe(challenge.state);
      expect(answer.seed).toMatchObject({ state: challenge.state, scope: seedOf(challenge).scope });
      const { auth0 } = await client.pkce.generateToken({
        tokenizedPKCE: {
          grantType: 'authorization_code',
          clientId: pair.provider.clientId,
          code: answer.result?.code ?? '',
          redirectUri: redirectUri(),
          codeVerifier: challenge.verifier,
        },
      });
      expect(auth0).toMatchObject({
        client: pair.provider.clientId,
        audience: pair.provider.audience,
        domain: new URL(pair.provider.issuer).host,
        redirects: {},
        user: { name: 'Ada Lovelace', userId: 'auth0|ada-lovelace', emailVerified: true, updatedAt: expect.any(Date) },
      });
      expect(auth0?.oAuth.token).toMatchObject({ tokenType: 'Bearer', expiresIn: expect.any(Number) });
      expect(auth0?.oAuth.token?.refreshToken).toBeUndefined();
    });

    test('generateCode and generateToken without an argument', async () => {
      const answer = await client.pkce.generateCode();
      expect(answer.result?.code).toBeTruthy();
      const { auth0 } = await client.pkce.generateToken();
      expect(auth0?.oAuth.token?.tokenType).toBe('Bearer');
      expect(auth0?.user?.name).toBe('Ada Lovelace');
    });

    test('clearPKCE: nothing comes back', async () => {
      expect(await client.pkce.clearPKCE()).toBeUndefined();
    });

    test('generateToken with a code that nobody gave: ResponseError with a body that can be read', async () => {
      const call = client.pkce.generateToken({
        tokenizedPKCE: {
          grantType: 'authorization_code',
          clientId: pair.provider.clientId,
          code: 'none',
          redirectUri: redirectUri(),
          codeVerifier: randomBytes(32).toString('base64url'),
        },
      });
      expect(await codeOf(call)).toEqual([400, 'invalid_grant']);
    });

    test('respondWithCode for a state that nobody waits for: ResponseError with a body that can be read', async () => {
      const call = client.pkce.respondWithCode({ code: 'none', state: randomUUID() });
      expect(await codeOf(call)).toEqual([400, 'unknown_state']);
    });
  });

  describe('Auth0Api', () => {
    test('authorizeAuth0 → exchangeForAuth0Token, with the client’s own verifier', async () => {
      const verifier = randomBytes(32).toString('base64url');
      const asked: AuthorizeAuth0Request = {
        audience: pair.provider.audience,
        scope: ['openid', 'profile', 'email', 'offline_access'],
        responseType: 'code',
        clientId: pair.provider.clientId,
        codeChallengeMethod: 'S256',
        codeChallenge: createHash('sha256').update(verifier).digest('base64url'),
        responseMode: 'form_post',
        state: randomBytes(32).toString('hex'),
      };
      const { code, state } = await client.auth0.authorizeAuth0(asked);
      expect(state).toBe(asked.state);
      const token = await client.auth0.exchangeForAuth0Token({
        grantType: 'authorization_code',
        clientId: pair.provider.clientId,
        code,
        redirectUri: redirectUri(),
        codeVerifier: verifier,
        schema: { migration: 0, semantic: 'MAJOR_0_MINOR_0_PATCH_1' },
        audience: pair.provider.audience,
      });
      expect(token).toMatchObject({ tokenType: 'Bearer', scope: expect.stringContaining('openid') });
      expect(token.expiresIn).toBeGreaterThan(3000);
      expect(Number.isInteger(token.expiresIn)).toBe(true);
    });

    test('exchangeForAuth0Token with grant_type=refresh_token', async () => {
      await signedIn();
      const token = await client.auth0.exchangeForAuth0Token({
        grantType: 'refresh_token',
        clientId: pair.provider.clientId,
        code: 'none',
        redirectUri: redirectUri(),
        codeVerifier: 'none',
      });
      expect(token.accessToken).toBe(await client.user.userAccessToken());
    });

    test('getAuth0UserInfo: without a token, and with the token that the client sends raw', async () => {
      await signedIn();
      const expected = { name: 'Ada Lovelace', userId: 'auth0|ada-lovelace', emailVerified: true };
      expect(await client.auth0.getAuth0UserInfo()).toMatchObject(expected);
      const accessToken = await client.user.userAccessToken();
      const own = clientAt(pair.host.address, { accessToken });
      expect(await own.auth0.getAuth0UserInfo()).toMatchObject(expected);
    });

    test('getAuth0UserInfo with a wrong token: ResponseError with a body that can be read', async () => {
      const own = clientAt(pair.host.address, { accessToken: 'wrong' });
      expect(await codeOf(own.auth0.getAuth0UserInfo())).toEqual([401, 'invalid_token']);
    });

    test('auth0Logout: the page as a string, and nobody is signed in any more', async () => {
      await signedIn();
      expect(await client.auth0.auth0Logout({ clientId: pair.provider.clientId })).toContain('You are signed out');
      expect(await codeOf(client.auth0.getAuth0UserInfo())).toEqual([401, 'not_signed_in']);
    });

    test('auth0Logout with a returnTo that is not listed: ResponseError, and the session stays', async () => {
      await signedIn();
      const call = client.auth0.auth0Logout({ returnTo: 'https://attacker.example/' });
      expect(await codeOf(call)).toEqual([400, 'invalid_request']);
      expect((await client.user.userSnapshot()).user?.name).toBe('Ada Lovelace');
    });

    test('authorizeAuth0 with an unknown client_id: ResponseError with a body that can be read', async () => {
      const call = client.auth0.authorizeAuth0({
        audience: pair.provider.audience,
        scope: ['openid'],
        responseType: 'code',
        clientId: 'somebody-else',
        codeChallengeMethod: 'S256',
        codeChallenge: 'x'.repeat(43),
        responseMode: 'form_post',
      });
      expect(await codeOf(call)).toEqual([400, 'invalid_request']);
    });
  });

  describe('WellKnownApi', () => {
    test('getWellKnownHealth begins with ok', async () => {
      expect(await client.wellKnown.getWellKnownHealth()).toMatch(/^ok:[0-9a-f-]{36}$/);
    });

    test('getWellKnownVersion', async () => {
      expect(await client.wellKnown.getWellKnownVersion()).toMatch(/^\d+\.\d+\.\d+([-.].+)?$/);
    });
  });

  describe('ConnectorApi', () => {
    test('connect → onboarded; later calls carry the application header', async () => {
      await signedIn();
      const context = await client.connector.connect({ seededConnectorConnection: { application } });
      expect(context.application).toMatchObject({ ...application, privacy: 'OPEN' });
      expect(context.user).toMatchObject(profile);
      expect(await client.wellKnown.getWellKnownHealth()).toBe(`ok:${context.health.os.id}`);
      const { id } = context.application;
      const later = clientAt(pair.host.address, { headers: { application: id } });
      expect(await later.connector.onboarded({ application: id, body: true })).toBeTruthy();
      const again = await later.connector.connect({ seededConnectorConnection: { application } });
      expect(again.application).toMatchObject({ id, onboarded: true });
    });

    test('onboarded without connect: ResponseError 401 with a text', async () => {
      const call = client.connector.onboarded({ application: randomUUID(), body: true });
      expect(await responseErrorOf(call)).toEqual({ status: 401, body: expect.stringContaining('/connect') });
    });

    test('connect without an argument: ResponseError with a body that can be read', async () => {
      expect(await codeOf(client.connector.connect())).toEqual([400, 'invalid_request']);
    });
  });

  describe('OSApi and UserApi', () => {
    test('signIntoOS waits for the browser and gives the profile; signOutOfOS says who is left', async () => {
      await signedOut();
      expect(await client.os.signIntoOS()).toMatchObject({ ...profile, aesthetics: { theme: { dark: false } } });
      expect(await client.os.signOutOfOS()).toEqual({ schema: undefined, iterable: [] });
      expect((await client.user.userSnapshot()).user).toBeUndefined();
    });

    test('userSnapshot, refreshUser and userAccessToken of who is signed in', async () => {
      await signedIn();
      expect((await client.user.userSnapshot()).user).toMatchObject(profile);
      expect(await client.user.refreshUser()).toMatchObject({ ...profile, updated: { value: expect.any(Date) } });
      const token = await client.user.userAccessToken();
      const info = await fetch(`${pair.provider.issuer}userinfo`, { headers: { Authorization: `Bearer ${token}` } });
      expect(info.status).toBe(200);
    });

    test('clearUser forgets the session; then refreshUser and userAccessToken are ResponseErrors', async () => {
      await signedIn();
      expect(await client.user.clearUser()).toBeUndefined();
      expect(await codeOf(client.user.refreshUser())).toEqual([401, 'not_signed_in']);
      expect(await codeOf(client.user.userAccessToken())).toEqual([401, 'not_signed_in']);
    });

    test('streamUser: the client’s own call is no WebSocket and is told so', async () => {
      expect(await codeOf(client.user.streamUser())).toEqual([400, 'invalid_request']);
    });

    test('/user/stream by WebSocket: nobody, then the profile, then nobody', async () => {
      await signedOut();
      const socket = new WebSocket(`${pair.host.address.replace('http', 'ws')}/user/stream`);
      onTestFinished(() => socket.terminate());
      const messages = on(socket, 'message');
      /** The next frame of that kind: a profile may be told several times, as its details come. */
      const frameWhere = async (isMeant: (frame: string) => boolean) => {
        for (;;) {
          const next = await messages.next();
          const frame = String((next.value as readonly unknown[])[0]);
          if (isMeant(frame)) return frame;
        }
      };
      const isNobody = (frame: string) => frame === '';
      const isNamed = (frame: string) => frame !== '' && UserProfileFromJSON(readUserFrame(frame)).name !== undefined;
      await frameWhere(isNobody);
      await signedIn();
      const ada = await frameWhere(isNamed);
      expect(UserProfileFromJSON(JSON.parse(ada))).toMatchObject(profile);
      await client.os.signOutOfOS();
      await frameWhere(isNobody);
    });
  });

  test('the whole way with every answer read strictly, by the client’s own fetchApi', async () => {
    const strict = clientAt(pair.host.address, { fetchApi: checkedFetch });
    await strict.wellKnown.getWellKnownHealth();
    await strict.wellKnown.getWellKnownVersion();
    const { application: connected } = await strict.connector.connect({ seededConnectorConnection: { application } });
    await strict.connector.onboarded({ application: connected.id, body: false });
    const { challenge } = await strict.pkce.getChallenge();
    if (!challenge) throw new Error('no challenge');
    const { result } = await strict.pkce.generateCode({ seededPKCE: seedOf(challenge) });
    const { auth0 } = await strict.pkce.generateToken({
      tokenizedPKCE: {
        grantType: 'authorization_code',
        clientId: pair.provider.clientId,
        code: result?.code ?? '',
        redirectUri: redirectUri(),
        codeVerifier: challenge.verifier,
      },
    });
    expect(auth0?.user?.name).toBe('Ada Lovelace');
    expect((await strict.auth0.getAuth0UserInfo()).name).toBe('Ada Lovelace');
    expect((await strict.user.userSnapshot()).user).toMatchObject(profile);
    expect(await strict.user.refreshUser()).toMatchObject(profile);
    expect(await strict.user.userAccessToken()).toBeTruthy();
    expect(await strict.os.signIntoOS()).toMatchObject(profile);
    expect(await strict.auth0.auth0Logout()).toContain('You are signed out');
    expect(await strict.os.signOutOfOS()).toMatchObject({ iterable: [] });
    await strict.pkce.clearPKCE();
    await strict.user.clearUser();
    expect(await codeOf(strict.auth0.getAuth0UserInfo())).toEqual([401, 'not_signed_in']);
  });
});

describe('the published TypeScript client, with a person who takes their time', () => {
  let pair: Pair;
  let client: ReturnType<typeof clientAt>;
  beforeAll(async () => {
    // The client relays code and state alone, so the provider must not announce `iss` (R6).
    pair = await startPair({ provider: { announceIss: false } });
    client = clientAt(pair.host.address);
  });
  afterAll(() => pair.stop());

  /** A login that waits, and its address. */
  async function waitingLogin() {
    const { challenge } = await client.pkce.getChallenge();
    if (!challenge) throw new Error('no challenge');
    const waiting = client.pkce.generateCode();
    waiting.catch(() => undefined);
    return { waiting, state: challenge.state, address: await printedLogin(pair.host, challenge.state) };
  }

  test('respondWithCode relays a code, with and without schema, to the request that waits', async () => {
    for (const more of [{}, { schema: { migration: 0, semantic: 'MAJOR_0_MINOR_0_PATCH_1' } } as const]) {
      const { waiting, state, address } = await waitingLogin();
      const { fields } = await new BrowserDouble().signInAs(address, 'Ada Lovelace', { deliver: false });
      const code = fields.code ?? '';
      const { result } = await client.pkce.respondWithCode({ code, state, ...more });
      expect(result).toMatchObject({ code, state });
      expect((await waiting).result).toMatchObject({ code, state });
    }
  });

  test('clearPKCE ends the request that waits: ResponseError with a body that can be read', async () => {
    const { waiting } = await waitingLogin();
    await client.pkce.clearPKCE();
    expect(await codeOf(waiting)).toEqual([409, 'authorization_cleared']);
  });

  test('a person who denies: ResponseError with a body that can be read', async () => {
    const { waiting, address } = await waitingLogin();
    await new BrowserDouble().signInAs(address, 'Ada Lovelace', { deny: true });
    expect(await codeOf(waiting)).toEqual([403, 'access_denied']);
  });
});

describe('the published TypeScript client’s other errors', () => {
  test('RequiredError: a missing parameter is found before anything is sent', async () => {
    const { pkce } = clientAt('http://localhost:1');
    const partial: Partial<RespondWithCodeRequest> = { code: 'a-code' };
    const call = pkce.respondWithCode(partial as RespondWithCodeRequest);
    await expect(call).rejects.toBeInstanceOf(RequiredError);
    await expect(call).rejects.toMatchObject({ field: 'state' });
  });

  test('FetchError: nothing listens', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    await expect(clientAt(`http://127.0.0.1:${port}`).pkce.getChallenge()).rejects.toBeInstanceOf(FetchError);
  });
});
