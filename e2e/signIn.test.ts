import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Pair, printedLogin, publishedClient, startPair } from './support/client.ts';

/** The published TypeScript client against the headless host, with a `$BROWSER` that signs in as Ada Lovelace. */
describe('the published client, unmodified', () => {
  let pair: Pair;
  beforeAll(async () => {
    pair = await startPair({ browser: true });
  });
  afterAll(() => pair.stop());

  test('getChallenge → generateCode → generateToken → getAuth0UserInfo → auth0Logout', async () => {
    const { host, provider } = pair;
    const { pkce, auth0 } = publishedClient(host.address);

    const { challenge } = await pkce.getChallenge();
    if (!challenge) throw new Error('no challenge');
    expect(challenge.nonce).toBe(challenge.state);

    const code = await pkce.generateCode({
      seededPKCE: {
        responseType: 'code',
        state: challenge.state,
        nonce: challenge.nonce,
        codeChallenge: challenge.challenge,
        codeChallengeMethod: 'S256',
        scope: ['openid', 'profile', 'email'],
        clientId: provider.clientId,
        audience: provider.audience,
      },
    });
    expect(code.result?.state).toBe(challenge.state);
    expect(code.seed?.scope).toEqual(['openid', 'profile', 'email']);

    const answer = await pkce.generateToken({
      tokenizedPKCE: {
        grantType: 'authorization_code',
        clientId: provider.clientId,
        code: code.result?.code ?? '',
        redirectUri: `${host.address}/pkce/response/code`,
        codeVerifier: challenge.verifier,
      },
    });
    expect(answer.auth0?.user?.name).toBe('Ada Lovelace');
    expect(answer.auth0?.oAuth.token?.tokenType).toBe('Bearer');
    // The client asked for no offline_access; the session has it all the same (W15), and keeps it to itself.
    expect(answer.auth0?.oAuth.token?.scope).toContain('offline_access');
    expect(answer.auth0?.oAuth.token?.refreshToken).toBeUndefined();

    expect(await auth0.getAuth0UserInfo()).toMatchObject({ name: 'Ada Lovelace', userId: 'auth0|ada-lovelace' });

    const page = await auth0.auth0Logout();
    expect(page).toContain('You are signed out');
    const { parameters } = await provider.waitFor(({ path }) => path === '/oauth/revoke');
    expect(parameters.token_type_hint).toBe('refresh_token');
    await provider.waitFor(({ path }) => path === '/v2/logout');
    await expect(auth0.getAuth0UserInfo()).rejects.toMatchObject({ response: { status: 401 } });
  });

  test('authorizeAuth0 → exchangeForAuth0Token, with a verifier that the client keeps to itself', async () => {
    const { host, provider } = pair;
    const { auth0 } = publishedClient(host.address);
    const verifier = randomBytes(32).toString('base64url');
    const state = randomBytes(32).toString('hex');
    const result = await auth0.authorizeAuth0({
      audience: provider.audience,
      scope: ['openid', 'profile', 'email', 'offline_access'],
      responseType: 'code',
      clientId: provider.clientId,
      codeChallengeMethod: 'S256',
      codeChallenge: createHash('sha256').update(verifier).digest('base64url'),
      responseMode: 'form_post',
      state,
    });
    expect(result.state).toBe(state);
    const token = await auth0.exchangeForAuth0Token({
      grantType: 'authorization_code',
      clientId: provider.clientId,
      code: result.code,
      redirectUri: `${host.address}/pkce/response/code`,
      codeVerifier: verifier,
    });
    expect(token.tokenType).toBe('Bearer');
    expect(Number.isInteger(token.expiresIn)).toBe(true);
    expect(await auth0.getAuth0UserInfo()).toMatchObject({ name: 'Ada Lovelace' });
  });

  test('signed in, and the client signs in again at a provider that ends all with one revocation: it renews, for all [T19]', async () => {
    const again = await startPair({ browser: true, provider: { revocationDeletesGrant: true } });
    try {
      const { host, provider } = again;
      const signedIn = await fetch(`${host.address}/os/sign_in`, { method: 'POST' });
      expect(signedIn.status).toBe(200);
      const { pkce } = publishedClient(host.address);
      await pkce.generateCode();
      expect((await pkce.generateToken()).auth0?.oAuth.token?.tokenType).toBe('Bearer');
      const renewed = await fetch(`${host.address}/oauth/token`, {
        method: 'POST',
        body: new URLSearchParams({ grant_type: 'refresh_token', client_id: provider.clientId }),
      });
      expect(renewed.status).toBe(200);
      expect((await fetch(`${host.address}/user/refresh`)).status).toBe(200);
      expect(provider.count('/oauth/revoke')).toBe(0);
      await fetch(`${host.address}/os/sign_out`, { method: 'POST' });
      const revoked = () => provider.requests.filter(({ path, status }) => path === '/oauth/revoke' && status === 200);
      await expect.poll(() => revoked().length).toBe(2);
      expect(provider.revokeAll()).toBe(0);
    } finally {
      await again.stop();
    }
  });

  test('clearPKCE answers 204 and ends a request that waits with authorization_cleared', async () => {
    // Nobody opens this login: the host has no browser.
    const quiet = await startPair();
    try {
      const { pkce } = publishedClient(quiet.host.address);
      const waiting = pkce.generateCode().catch(async (error: { response: Response }) => error.response);
      await printedLogin(quiet.host);
      await pkce.clearPKCE();
      const response = await waiting;
      if (!(response instanceof Response)) throw new Error('it was not refused');
      expect(response.status).toBe(409);
      expect(await response.json()).toMatchObject({ error: 'authorization_cleared' });
    } finally {
      await quiet.stop();
    }
  });

  test('without any body: POST /pkce/code, POST /pkce/token, GET /userinfo', async () => {
    const { host } = pair;
    const code = await fetch(`${host.address}/pkce/code`, { method: 'POST' });
    const answered = (await code.json()) as { challenge?: { verifier: string }; result: { code: string } };
    expect(code.status).toBe(200);
    expect(answered.challenge?.verifier).toMatch(/^[A-Za-z0-9_-]{43}$/);
    const token = await fetch(`${host.address}/pkce/token`, { method: 'POST' });
    expect(token.status).toBe(200);
    expect(token.headers.get('cache-control')).toBe('no-store');
    expect(JSON.stringify(await token.json())).not.toContain('refresh_token');
    expect(await (await fetch(`${host.address}/userinfo`)).json()).toMatchObject({ name: 'Ada Lovelace' });
  });

  test('grant_type=refresh_token gives a fresh token of the session, through the published client', async () => {
    const { host, provider } = pair;
    const { auth0 } = publishedClient(host.address);
    await fetch(`${host.address}/pkce/code`, { method: 'POST' });
    await fetch(`${host.address}/pkce/token`, { method: 'POST' });
    const renew = () =>
      auth0.exchangeForAuth0Token({
        grantType: 'refresh_token',
        clientId: provider.clientId,
        code: randomUUID(),
        redirectUri: `${host.address}/pkce/response/code`,
        codeVerifier: randomUUID(),
      });
    const first = await renew();
    const second = await renew();
    expect(second.accessToken).not.toBe(first.accessToken);
    expect(second.refreshToken).toBeUndefined();
    const info = await fetch(`${provider.issuer}userinfo`, {
      headers: { Authorization: `Bearer ${second.accessToken}` },
    });
    expect(info.status).toBe(200);
  });
});
