import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { inflateSync } from 'node:zlib';
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import * as oauth from 'openid-client';
import { afterEach, expect, test, vi } from 'vitest';
import { BrowserDouble, type Callback } from './person.ts';
import { type IdentityProvider, type IdentityProviderOptions, startIdentityProvider } from './provider.ts';

const redirectUri = 'http://localhost:1000/pkce/response/code';
const allScopes = 'openid profile email offline_access';
const cleanups: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function start(options: IdentityProviderOptions = {}): Promise<IdentityProvider> {
  const provider = await startIdentityProvider(options);
  cleanups.push(async () => {
    await provider.close();
    expect(provider.errors).toEqual([]);
  });
  return provider;
}

async function clientOf(provider: IdentityProvider): Promise<oauth.Configuration> {
  return oauth.discovery(new URL(provider.issuer), provider.clientId, undefined, oauth.None(), {
    execute: [oauth.allowInsecureRequests, oauth.enableNonRepudiationChecks],
    // No pooled connection: after a restart on the same port it would be a dead one.
    [oauth.customFetch]: (url, { body, headers, ...rest }) =>
      fetch(url, { ...rest, body: body ?? null, headers: { ...headers, connection: 'close' } }),
  });
}

interface Authorization {
  url: string;
  verifier: string;
  state: string;
  nonce: string;
}

async function authorization(config: oauth.Configuration, extra: Record<string, string> = {}): Promise<Authorization> {
  const verifier = oauth.randomPKCECodeVerifier();
  const state = oauth.randomState();
  const nonce = oauth.randomNonce();
  const url = oauth.buildAuthorizationUrl(config, {
    redirect_uri: redirectUri,
    scope: allScopes,
    response_mode: 'form_post',
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
    ...extra,
  });
  return { url: url.href, verifier, state, nonce };
}

function asRequest({ mode, action, fields }: Callback): Request | URL {
  if (mode === 'query') return new URL(`${action}?${new URLSearchParams(fields)}`);
  return new Request(action, { method: 'POST', body: new URLSearchParams(fields) });
}

type Tokens = oauth.TokenEndpointResponse & oauth.TokenEndpointResponseHelpers;

async function exchange(config: oauth.Configuration, asked: Authorization, callback: Callback): Promise<Tokens> {
  return oauth.authorizationCodeGrant(config, asRequest(callback), {
    pkceCodeVerifier: asked.verifier,
    expectedState: asked.state,
    expectedNonce: asked.nonce,
    idTokenExpected: true,
  });
}

async function signIn(
  config: oauth.Configuration,
  extra: Record<string, string> = {},
  browser = new BrowserDouble(),
  name = 'Ada Lovelace',
): Promise<Tokens> {
  const asked = await authorization(config, extra);
  return exchange(config, asked, await browser.signInAs(asked.url, name, { deliver: false }));
}

function refreshTokenOf(tokens: Tokens): string {
  expect(tokens.refresh_token).toBeTypeOf('string');
  return tokens.refresh_token ?? '';
}

/** An application that takes callbacks and answers them with this status. */
async function application(status = 200): Promise<{ callback: string; received: Promise<[IncomingMessage, string]> }> {
  let onReceived: (request: [IncomingMessage, string]) => void = () => {};
  const received = new Promise<[IncomingMessage, string]>((resolve) => {
    onReceived = resolve;
  });
  const server = createServer(async (request, response) => {
    const chunks = await request.setEncoding('utf8').toArray();
    onReceived([request, chunks.join('')]);
    response.writeHead(status, { Location: '/done' }).end('thank you');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(async () => server.close());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { callback: `http://localhost:${address.port}/pkce/response/code`, received };
}

test('the metadata has Auth0 paths, an issuer with a slash, and announces iss', async () => {
  const { issuer } = await start();
  const answer = await fetch(`${issuer}.well-known/openid-configuration`);
  expect(await answer.json()).toMatchObject({
    response_modes_supported: expect.arrayContaining(['form_post', 'query']),
    issuer,
    authorization_endpoint: `${issuer}authorize`,
    token_endpoint: `${issuer}oauth/token`,
    userinfo_endpoint: `${issuer}userinfo`,
    revocation_endpoint: `${issuer}oauth/revoke`,
    jwks_uri: `${issuer}.well-known/jwks.json`,
    device_authorization_endpoint: `${issuer}oauth/device/code`,
    authorization_response_iss_parameter_supported: true,
    token_endpoint_auth_methods_supported: ['none'],
    code_challenge_methods_supported: ['S256'],
  });
  expect(issuer).toMatch(/^http:\/\/localhost:\d+\/$/);
});

test('answers on both loopback addresses with the same metadata', async () => {
  const { issuer, port } = await start();
  for (const host of ['127.0.0.1', '[::1]']) {
    const answer = await fetch(`http://${host}:${port}/.well-known/openid-configuration`).catch(() => undefined);
    if (answer === undefined && host === '[::1]') continue;
    expect(await answer?.json()).toMatchObject({ issuer, token_endpoint: `${issuer}oauth/token` });
  }
});

test.each(['form_post', 'query'])('signs in with openid-client by %s', async (responseMode) => {
  const provider = await start();
  const config = await clientOf(provider);
  const asked = await authorization(config, { response_mode: responseMode });
  const callback = await new BrowserDouble().signInAs(asked.url, 'Ada King Lovelace', { deliver: false });
  expect(callback).toMatchObject({ mode: responseMode, action: redirectUri });
  expect(callback.fields.iss).toBe(provider.issuer);

  const tokens = await exchange(config, asked, callback);
  expect(tokens).toMatchObject({ scope: allScopes, token_type: 'bearer', expires_in: 3600 });
  const person = {
    sub: 'auth0|ada-king-lovelace',
    name: 'Ada King Lovelace',
    nickname: 'ada-king-lovelace',
    given_name: 'Ada',
    family_name: 'King Lovelace',
    email: 'ada-king-lovelace@example.test',
    email_verified: true,
    picture: `${provider.issuer}picture/ada-king-lovelace.png`,
  };
  expect(tokens.claims()).toMatchObject({ ...person, iss: provider.issuer, aud: provider.clientId });
  expect(Date.parse(String(tokens.claims()?.updated_at))).toBeGreaterThan(Date.now() - 60_000);
  expect(() => decodeJwt(tokens.access_token)).toThrow();
  expect(await oauth.fetchUserInfo(config, tokens.access_token, person.sub)).toMatchObject(person);
});

test('fragment goes to the callback without its parameters', async () => {
  const provider = await start({ anyLoopbackCallback: true });
  const { callback, received } = await application();
  const asked = await authorization(await clientOf(provider), { response_mode: 'fragment', redirect_uri: callback });
  await new BrowserDouble().signInAs(asked.url, 'Ada');
  const [request] = await received;
  expect(request.url).toBe('/pkce/response/code');
});

test('announceIss and formPost can be off', async () => {
  const provider = await start({ announceIss: false, formPost: false });
  const config = await clientOf(provider);
  const metadata = config.serverMetadata();
  expect(metadata).not.toHaveProperty('authorization_response_iss_parameter_supported');
  expect(metadata.response_modes_supported).toEqual(['fragment', 'query']);

  const refused = await authorization(config, { response_mode: 'form_post' });
  const callback = await new BrowserDouble().signInAs(refused.url, 'Ada', { deliver: false });
  expect(callback).toMatchObject({ mode: 'query', fields: { error: 'unsupported_response_mode' } });

  const asked = await authorization(config, { response_mode: 'query' });
  const accepted = await new BrowserDouble().signInAs(asked.url, 'Ada', { deliver: false });
  expect(accepted.fields).not.toHaveProperty('iss');
  await exchange(config, asked, accepted);
});

test('PKCE with S256 is required', async () => {
  const config = await clientOf(await start());
  const { url } = await authorization(config, { response_mode: 'query' });
  const plain = new URL(url);
  plain.searchParams.set('code_challenge_method', 'plain');
  const without = new URL(url);
  without.searchParams.delete('code_challenge');
  without.searchParams.delete('code_challenge_method');
  for (const { href } of [plain, without]) {
    const callback = await new BrowserDouble().signInAs(href, 'Ada', { deliver: false });
    expect(callback.fields.error).toBe('invalid_request');
  }
});

test('redirect URIs match exactly, and any loopback port only where that is allowed', async () => {
  const strict = await clientOf(
    await start({ clients: [{ clientId: 'other', redirectUris: ['http://localhost:7/x'] }] }),
  );
  const lenient = await clientOf(await start({ anyLoopbackCallback: true }));
  const open = async (config: oauth.Configuration, uri: string): Promise<number> => {
    const { url } = await authorization(config, { redirect_uri: uri });
    return (await new BrowserDouble().openAndStop(url)).status;
  };
  expect(await open(strict, redirectUri)).toBe(200);
  expect(await open(strict, 'http://localhost:39303/pkce/response/code')).toBe(200);
  expect(await open(strict, 'http://localhost:1001/pkce/response/code')).toBe(400);
  expect(await open(strict, 'http://127.0.0.1:1000/pkce/response/code')).toBe(400);
  expect(await open(strict, `${redirectUri}/`)).toBe(400);
  expect(await open(lenient, 'http://localhost:40123/pkce/response/code')).toBe(200);
  expect(await open(lenient, 'http://localhost:40123/pkce/response/code/x')).toBe(400);
  expect(await open(lenient, 'http://evil.test:40123/pkce/response/code')).toBe(400);
  const { url } = await authorization(strict, { client_id: 'other', redirect_uri: 'http://localhost:7/x' });
  expect((await new BrowserDouble().openAndStop(url)).status).toBe(200);
});

test('a refresh token rotates, and reuse of a spent one ends its family and no other', async () => {
  const config = await clientOf(await start());
  const browser = new BrowserDouble();
  const first = await signIn(config, {}, browser);
  const otherFamily = await signIn(config, {}, browser);
  const second = await oauth.refreshTokenGrant(config, refreshTokenOf(first));
  expect(second.scope).toBe(allScopes);
  expect(second.refresh_token).not.toBe(first.refresh_token);
  expect(second.claims()?.sub).toBe('auth0|ada-lovelace');

  const invalid = { error: 'invalid_grant', status: 400 };
  await expect(oauth.refreshTokenGrant(config, refreshTokenOf(first))).rejects.toMatchObject(invalid);
  await expect(oauth.refreshTokenGrant(config, refreshTokenOf(second))).rejects.toMatchObject(invalid);
  await oauth.refreshTokenGrant(config, refreshTokenOf(otherFamily));
});

test('of two refreshes at the same time only one is honoured', async () => {
  const config = await clientOf(await start());
  const tokens = await signIn(config);
  const refresh = () => oauth.refreshTokenGrant(config, refreshTokenOf(tokens));
  const outcomes = await Promise.allSettled([refresh(), refresh(), refresh()]);
  expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected', 'rejected']);
});

test('an audience gives a JWT for it, also after a refresh, and /userinfo takes that', async () => {
  const provider = await start({ audiences: ['https://api.loopgate.test/', 'https://second.test/'] });
  const config = await clientOf(provider);
  const tokens = await signIn(config, { audience: 'https://second.test/', organization: 'org_42' });
  const audience = ['https://second.test/', `${provider.issuer}userinfo`];
  const keys = createRemoteJWKSet(new URL(`${provider.issuer}.well-known/jwks.json`));
  const { payload, protectedHeader } = await jwtVerify(tokens.access_token, keys, { issuer: provider.issuer });
  expect(protectedHeader.alg).toBe('RS256');
  expect(payload).toMatchObject({ aud: audience, sub: 'auth0|ada-lovelace', scope: allScopes, org_id: 'org_42' });
  expect(tokens.scope).toBe(allScopes);
  expect(await oauth.fetchUserInfo(config, tokens.access_token, 'auth0|ada-lovelace')).toMatchObject({
    email: 'ada-lovelace@example.test',
    org_id: 'org_42',
  });

  const refreshed = await oauth.refreshTokenGrant(config, refreshTokenOf(tokens));
  expect(decodeJwt(refreshed.access_token)).toMatchObject({ aud: audience, org_id: 'org_42' });
  expect(refreshed.claims()?.org_id).toBe('org_42');
  const named = await oauth.refreshTokenGrant(config, refreshTokenOf(refreshed), { audience: 'https://second.test/' });
  expect(decodeJwt(named.access_token).aud).toEqual(audience);
  // T12: a refresh never widens the audience.
  const wider = oauth.refreshTokenGrant(config, refreshTokenOf(named), { audience: provider.audience });
  await expect(wider).rejects.toMatchObject({ error: 'invalid_target' });
  // What was refused has spent nothing.
  await oauth.refreshTokenGrant(config, refreshTokenOf(named));

  const forged = `${tokens.access_token.slice(0, -8)}AAAAAAAA`;
  const answer = await fetch(`${provider.issuer}userinfo`, { headers: { Authorization: `Bearer ${forged}` } });
  expect(answer.status).toBe(401);
});

test('multi-resource refresh: a refresh may name another API, and gets a token for it and a rotated refresh token', async () => {
  const other = 'https://other.test/';
  const provider = await start({ refreshAudiences: [other] });
  const config = await clientOf(provider);
  for (const audience of [{}, { audience: provider.audience }]) {
    const tokens = await signIn(config, audience);
    const forOther = await oauth.refreshTokenGrant(config, refreshTokenOf(tokens), { audience: other });
    expect(decodeJwt(forOther.access_token)).toMatchObject({ sub: 'auth0|ada-lovelace', scope: allScopes });
    expect([decodeJwt(forOther.access_token).aud].flat()).toContain(other);
    expect(forOther.refresh_token).not.toBe(tokens.refresh_token);

    // The next one that names none is for the API of the sign-in again.
    const own = await oauth.refreshTokenGrant(config, refreshTokenOf(forOther));
    if ('audience' in audience) {
      expect(decodeJwt(own.access_token).aud).toEqual([audience.audience, `${provider.issuer}userinfo`]);
    } else {
      expect(() => decodeJwt(own.access_token)).toThrow('Invalid JWT');
    }
    const narrow = await oauth.refreshTokenGrant(config, refreshTokenOf(own), { audience: other, scope: 'openid' });
    expect(narrow.scope).toBe('openid');

    // Reuse of a spent one ends the family, whatever it was spent for.
    const invalid = { error: 'invalid_grant', status: 400 };
    await expect(oauth.refreshTokenGrant(config, refreshTokenOf(tokens), { audience: other })).rejects.toMatchObject(
      invalid,
    );
    await expect(oauth.refreshTokenGrant(config, refreshTokenOf(narrow))).rejects.toMatchObject(invalid);
  }
});

test('multi-resource refresh: an API that is not among them is refused, the refresh token stays, and no sign-in can name them', async () => {
  const other = 'https://other.test/';
  const provider = await start({ refreshAudiences: [other] });
  const config = await clientOf(provider);
  const tokens = await signIn(config, { audience: provider.audience });
  const refused = oauth.refreshTokenGrant(config, refreshTokenOf(tokens), { audience: 'https://third.test/' });
  await expect(refused).rejects.toMatchObject({ error: 'access_denied', status: 403 });
  await oauth.refreshTokenGrant(config, refreshTokenOf(tokens), { audience: other });
  const { url } = await authorization(config, { audience: other });
  const { fields } = await new BrowserDouble().signInAs(url, 'Ada Lovelace', { deliver: false });
  expect(fields).toMatchObject({ error: 'access_denied', error_description: `Service not found: ${other}` });
  await expect(startIdentityProvider({ refreshAudiences: ['other-api'] })).rejects.toThrow(
    'refreshAudiences: "other-api" is not an absolute URI',
  );
});

test('an unknown audience is "Service not found"', async () => {
  const config = await clientOf(await start());
  const unknown = { error: 'access_denied', error_description: 'Service not found: my-api' };
  const { url } = await authorization(config, { audience: 'my-api' });
  const callback = await new BrowserDouble().signInAs(url, 'Ada', { deliver: false });
  expect(callback.fields).toMatchObject(unknown);
  const tokens = await signIn(config);
  const refresh = oauth.refreshTokenGrant(config, refreshTokenOf(tokens), { audience: 'my-api' });
  await expect(refresh).rejects.toMatchObject(unknown);
});

test('offlineAccess: false grants no refresh token', async () => {
  const tokens = await signIn(await clientOf(await start({ offlineAccess: false })));
  expect(tokens.refresh_token).toBeUndefined();
  expect(tokens.scope).toBe('openid profile email');
});

test('only what is asked for is granted', async () => {
  const config = await clientOf(await start());
  const tokens = await signIn(config, { scope: 'openid' });
  expect(tokens.scope).toBe('openid');
  expect(tokens.refresh_token).toBeUndefined();
  expect(tokens.claims()).not.toHaveProperty('email');
  expect(await oauth.fetchUserInfo(config, tokens.access_token, 'auth0|ada-lovelace')).toEqual({
    sub: 'auth0|ada-lovelace',
  });
});

test('Deny ends with access_denied', async () => {
  const asked = await authorization(await clientOf(await start()));
  const callback = await new BrowserDouble().signInAs(asked.url, 'Ada', { deny: true, deliver: false });
  expect(callback.fields).toMatchObject({
    error: 'access_denied',
    error_description: 'User denied the request',
    state: asked.state,
  });
  expect(callback.fields).not.toHaveProperty('code');
});

test('the login page works without script, says what it is, and asks again for an empty name', async () => {
  const provider = await start();
  const { url } = await authorization(await clientOf(provider), { login_hint: '"><script>' });
  const page = await (await new BrowserDouble().openAndStop(url)).text();
  expect(page).not.toContain('<script');
  expect(page).toContain('value="&quot;&gt;&lt;script&gt;"');
  expect(page).toContain('Demo identity provider – nothing leaves this machine');
  expect(page).toContain('color-scheme: light dark');
  expect(page).toContain('Your name');
  await expect(new BrowserDouble().signInAs(url, '  ')).rejects.toThrow('Enter a name');
});

test.each([
  ['Zoë Ångström', 'auth0|zoe-angstrom'],
  ['北京', 'auth0|person-68c77e15'],
  [`"Bobby" <script>alert('x')</script>`, 'auth0|bobby-script-alert-x-script'],
])('the name %s signs in', async (name, sub) => {
  const tokens = await signIn(await clientOf(await start()), {}, new BrowserDouble(), name);
  expect(tokens.claims()?.name).toBe(name);
  expect(tokens.claims()?.sub).toBe(sub);
});

test('the picture is a PNG', async () => {
  const { issuer } = await start();
  const answer = await fetch(`${issuer}picture/ada-lovelace.png`);
  const image = Buffer.from(await answer.arrayBuffer());
  expect(answer.headers.get('content-type')).toBe('image/png');
  expect(image.subarray(1, 4).toString()).toBe('PNG');
  expect([image.readUInt32BE(16), image.readUInt32BE(20)]).toEqual([128, 128]);
  const pixels = inflateSync(image.subarray(41, 41 + image.readUInt32BE(33)));
  expect(pixels.length).toBe(128 * (1 + 3 * 128));
});

test('a session signs in without the page, prompt=login asks again, prompt=none never asks', async () => {
  const provider = await start();
  const config = await clientOf(provider);
  const browser = new BrowserDouble();
  const pages = () => provider.requests.filter(({ path }) => path.startsWith('/u/login/')).length;

  const silent = await authorization(config, { prompt: 'none' });
  const refused = await browser.signInAs(silent.url, 'nobody', { deliver: false });
  expect(refused.fields.error).toBe('login_required');

  await signIn(config, {}, browser, 'Ada');
  const before = pages();
  expect((await signIn(config, {}, browser, 'Grace')).claims()?.name).toBe('Ada');
  expect((await signIn(config, { prompt: 'none' }, browser, 'Grace')).claims()?.name).toBe('Ada');
  expect(pages()).toBe(before);
  expect((await signIn(config, { prompt: 'login' }, browser, 'Grace')).claims()?.name).toBe('Grace');
  expect((await signIn(config, {}, browser, 'Ada')).claims()?.name).toBe('Grace');
  expect((await signIn(config, { prompt: 'select_account' }, browser, 'Ada')).claims()?.name).toBe('Ada');
  expect((await signIn(config, { prompt: 'consent' }, browser, 'Grace')).claims()?.name).toBe('Ada');
});

test('two logins in one browser do not disturb each other', async () => {
  const config = await clientOf(await start());
  const browser = new BrowserDouble();
  const first = await authorization(config);
  await browser.openAndStop(first.url);
  const second = await authorization(config);
  await browser.openAndStop(second.url);
  const tokens = await exchange(config, first, await browser.signInAs(first.url, 'Ada', { deliver: false }));
  expect(tokens.claims()?.name).toBe('Ada');
});

test('/v2/logout ends the session and goes only to allowed addresses', async () => {
  const returnTo = 'http://localhost:1000/signed-out';
  const provider = await start({ logoutUrls: [returnTo] });
  const config = await clientOf(provider);
  const browser = new BrowserDouble();
  await signIn(config, {}, browser, 'Ada');
  const logout = `${provider.issuer}v2/logout?client_id=${provider.clientId}`;

  const refused = await browser.openAndStop(`${logout}&returnTo=${encodeURIComponent('http://evil.test/"<b>')}`);
  expect(refused.status).toBe(400);
  expect(await refused.text()).toContain('http://evil.test/&quot;&lt;b&gt;');
  expect((await signIn(config, {}, browser, 'Grace')).claims()?.name).toBe('Ada');

  expect(await (await browser.openAndStop(logout)).text()).toContain('You are signed out');
  expect((await signIn(config, {}, browser, 'Grace')).claims()?.name).toBe('Grace');
  const allowed = await fetch(`${logout}&returnTo=${encodeURIComponent(returnTo)}`, { redirect: 'manual' });
  expect(allowed.headers.get('location')).toBe(returnTo);
  expect(provider.requests.at(-1)?.parameters).toEqual({ client_id: provider.clientId, returnTo });
});

test('revocation and revokeAll end the refresh token', async () => {
  const provider = await start();
  const config = await clientOf(provider);
  const [ada, second, grace] = await Promise.all([
    signIn(config),
    signIn(config),
    signIn(config, {}, new BrowserDouble(), 'Grace'),
  ]);
  await oauth.tokenRevocation(config, refreshTokenOf(ada));
  const invalid = { error: 'invalid_grant' };
  await expect(oauth.refreshTokenGrant(config, refreshTokenOf(ada))).rejects.toMatchObject(invalid);
  expect(provider.requests.at(-2)).toMatchObject({
    path: '/oauth/revoke',
    parameters: { token: ada.refresh_token, client_id: provider.clientId },
  });

  expect(provider.revokeAll('auth0|ada-lovelace')).toBe(1);
  await expect(oauth.refreshTokenGrant(config, refreshTokenOf(second))).rejects.toMatchObject(invalid);
  const later = await oauth.refreshTokenGrant(config, refreshTokenOf(grace));
  expect(provider.revokeAll()).toBe(1);
  await expect(oauth.refreshTokenGrant(config, refreshTokenOf(later))).rejects.toMatchObject(invalid);
});

test('where revocation deletes the grant, it ends all tokens of that person and application, and no others', async () => {
  const provider = await start({ revocationDeletesGrant: true });
  const config = await clientOf(provider);
  const [ada, second, grace] = await Promise.all([
    signIn(config),
    signIn(config),
    signIn(config, {}, new BrowserDouble(), 'Grace'),
  ]);
  await oauth.tokenRevocation(config, refreshTokenOf(ada));
  for (const ended of [ada, second]) {
    await expect(oauth.refreshTokenGrant(config, refreshTokenOf(ended))).rejects.toMatchObject({
      error: 'invalid_grant',
    });
  }
  await oauth.refreshTokenGrant(config, refreshTokenOf(grace));
});

test('the requests are recorded, counted and waited for', async () => {
  const provider = await start();
  const config = await clientOf(provider);
  const came = provider.waitFor(({ parameters }) => parameters.grant_type === 'authorization_code');
  await signIn(config, { connection: 'github', screen_hint: 'signup', invitation: 'inv' });
  expect((await came).parameters).toMatchObject({ client_id: 'loopgate-demo', redirect_uri: redirectUri });
  const authorize = await provider.waitFor(({ path }) => path === '/authorize');
  expect(authorize).toMatchObject({
    method: 'GET',
    parameters: { connection: 'github', screen_hint: 'signup', invitation: 'inv', scope: allScopes },
    headers: { 'sec-fetch-mode': 'navigate' },
  });
  expect(provider.count('/oauth/token')).toBe(1);
  await expect(provider.waitFor(({ path }) => path === '/never', 1)).rejects.toThrow('POST /oauth/token');
  provider.clearRequests();
  expect(provider.requests).toEqual([]);
});

test('faults: a status, a dropped socket, and back to normal', async () => {
  const provider = await start();
  const address = `${provider.issuer}.well-known/openid-configuration`;
  const path = '/.well-known/openid-configuration';
  provider.fault(path, { status: 503, body: { error: 'busy' }, headers: { 'Retry-After': '7' }, times: 1 });
  provider.fault(path, { drop: true, times: 1 });
  provider.fault(path, { respond: (_request, response) => response.end('<html>'), times: 1 });
  const busy = await fetch(address);
  expect(busy.status).toBe(503);
  expect(busy.headers.get('retry-after')).toBe('7');
  expect(await busy.json()).toEqual({ error: 'busy' });
  await expect(fetch(address)).rejects.toThrow();
  expect(await (await fetch(address)).text()).toBe('<html>');
  expect((await fetch(address)).status).toBe(200);
  const lift = provider.fault(path, { status: 500 });
  expect((await fetch(address)).status).toBe(500);
  lift();
  expect((await fetch(address)).status).toBe(200);
});

test('a request that hangs goes on when the fault is lifted', async () => {
  const provider = await start();
  provider.fault('/userinfo', { hang: true });
  const answer = fetch(`${provider.issuer}userinfo`);
  await provider.waitFor(({ path }) => path === '/userinfo');
  expect(provider.requests.at(-1)).not.toHaveProperty('status');
  provider.clearFaults();
  expect((await answer).status).toBe(401);
});

test('an answer can be lost after the work was done', async () => {
  const provider = await start();
  const config = await clientOf(provider);
  const tokens = await signIn(config);
  provider.fault('/oauth/token', { loseAnswer: true, times: 1 });
  await expect(oauth.refreshTokenGrant(config, refreshTokenOf(tokens))).rejects.toThrow();
  const again = oauth.refreshTokenGrant(config, refreshTokenOf(tokens));
  await expect(again).rejects.toMatchObject({ error: 'invalid_grant', error_description: expect.anything() });
});

test('with a state file a restart honours what was granted', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'identity-provider-'));
  cleanups.push(() => rm(folder, { recursive: true }));
  const stateFile = join(folder, 'state.json');
  const browser = new BrowserDouble();

  const first = await startIdentityProvider({ stateFile });
  const tokens = await signIn(await clientOf(first), { organization: 'org_1' }, browser);
  await first.close();
  expect((await stat(stateFile)).mode & 0o777).toBe(0o600);

  const second = await startIdentityProvider({ stateFile });
  expect(second.issuer).toBe(first.issuer);
  const config = await clientOf(second);
  const refreshed = await oauth.refreshTokenGrant(config, refreshTokenOf(tokens));
  expect(refreshed.claims()).toMatchObject({ name: 'Ada Lovelace', org_id: 'org_1' });
  await signIn(config, { prompt: 'none' }, browser);
  await oauth.fetchUserInfo(config, tokens.access_token, 'auth0|ada-lovelace');

  // While the port is taken the next run has another issuer, for which the old tokens are nothing.
  const third = await start({ stateFile });
  await second.close();
  expect(third.issuer).not.toBe(first.issuer);
  const foreign = oauth.refreshTokenGrant(await clientOf(third), refreshTokenOf(refreshed));
  await expect(foreign).rejects.toMatchObject({ error: 'invalid_grant' });
  expect(await readFile(stateFile, 'utf8')).not.toContain(refreshTokenOf(refreshed));
});

test('a port that was asked for and is taken is an error', async () => {
  const { port } = await start();
  await expect(startIdentityProvider({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
});

test('the lifetimes are those of the options', async () => {
  const provider = await start({ accessTokenSeconds: 7, idTokenSeconds: 11, refreshTokenSeconds: 1000 });
  const config = await clientOf(provider);
  const tokens = await signIn(config, { audience: provider.audience });
  expect(tokens.expires_in).toBe(7);
  const { iat = 0, exp = 0 } = tokens.claims() ?? {};
  expect(exp - iat).toBe(11);
  vi.useFakeTimers({ toFake: ['Date'] });
  try {
    vi.setSystemTime(Date.now() + 600_000);
    const rotated = await oauth.refreshTokenGrant(config, refreshTokenOf(tokens));
    vi.setSystemTime(Date.now() + 600_000);
    const late = oauth.refreshTokenGrant(config, refreshTokenOf(rotated));
    await expect(late).rejects.toMatchObject({ error: 'invalid_grant' });
  } finally {
    vi.useRealTimers();
  }
});

test('the device flow: pending, approved, denied', async () => {
  const provider = await start({ deviceIntervalSeconds: 1 });
  const config = await clientOf(provider);
  const request = () => oauth.initiateDeviceAuthorization(config, { scope: allScopes, audience: provider.audience });
  const poll = (deviceCode: string) =>
    oauth.genericGrantRequest(config, 'urn:ietf:params:oauth:grant-type:device_code', { device_code: deviceCode });

  const device = await request();
  expect(device.interval).toBe(1);
  await expect(poll(device.device_code)).rejects.toMatchObject({ error: 'authorization_pending' });
  await new BrowserDouble().approveDevice(device.verification_uri_complete ?? '', 'Ada Lovelace');
  const tokens = await poll(device.device_code);
  expect(decodeJwt(tokens.access_token)).toMatchObject({ sub: 'auth0|ada-lovelace' });
  expect(tokens.refresh_token).toBeTypeOf('string');
  expect(decodeJwt(tokens.id_token ?? '').name).toBe('Ada Lovelace');

  const denied = await request();
  await new BrowserDouble().approveDevice(denied.verification_uri_complete ?? '', 'Ada', { deny: true });
  await expect(poll(denied.device_code)).rejects.toMatchObject({ error: 'access_denied' });

  const atShortPath = await fetch(`${provider.issuer}device/code`, {
    method: 'POST',
    body: new URLSearchParams({ client_id: provider.clientId, scope: 'openid' }),
  });
  expect(await atShortPath.json()).toHaveProperty('user_code');
});

test('/oauth/token takes JSON, as Auth0 does', async () => {
  const provider = await start();
  const tokens = await signIn(await clientOf(provider));
  const answer = await fetch(`${provider.issuer}oauth/token`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({
      grant_type: 'refresh_token',
      client_id: provider.clientId,
      refresh_token: refreshTokenOf(tokens),
    }),
  });
  expect(answer.headers.get('cache-control')).toBe('no-store');
  expect(await answer.json()).toMatchObject({ token_type: 'Bearer', scope: allScopes });
});

test('the browser double brings the callback as a browser does', async () => {
  const provider = await start({ anyLoopbackCallback: true });
  const config = await clientOf(provider);
  const { callback, received } = await application(303);
  const asked = await authorization(config, { redirect_uri: callback });
  const answer = await new BrowserDouble().signInAs(asked.url, 'Ada');
  expect(answer.status).toBe(303);
  const [request, body] = await received;
  expect(request.method).toBe('POST');
  expect(new URLSearchParams(body).get('state')).toBe(asked.state);
  expect(request.headers).toMatchObject({
    accept: expect.stringContaining('text/html'),
    origin: provider.issuer.slice(0, -1),
    'sec-fetch-site': 'cross-site',
    'sec-fetch-mode': 'navigate',
    'sec-fetch-dest': 'document',
  });
  expect(request.headers).not.toHaveProperty('cookie');

  const inQuery = await application();
  const other = await authorization(config, { redirect_uri: inQuery.callback, response_mode: 'query' });
  await new BrowserDouble().signInAs(other.url, 'Ada');
  const [get] = await inQuery.received;
  expect(get.method).toBe('GET');
  expect(get.url).toContain(`state=${other.state}`);
  expect(get.headers).toMatchObject({ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' });
  expect(get.headers).not.toHaveProperty('origin');
});

const run = promisify(execFile);
const script = join(import.meta.dirname, 'browser.ts');

test('browser.ts signs in, denies, and fails with the callback; the provider prints nothing', async () => {
  const provider = await start({ anyLoopbackCallback: true });
  const config = await clientOf(provider);
  const browse = async (callback: string, env: NodeJS.ProcessEnv) => {
    const { url } = await authorization(config, { redirect_uri: callback });
    return run(process.execPath, ['--import', 'tsx', script, url], { env: { ...process.env, ...env } });
  };
  const good = await application();
  expect(await browse(good.callback, { LOOPGATE_TEST_PERSON: 'Grace Hopper' })).toEqual({ stdout: '', stderr: '' });
  expect((await good.received)[1]).toContain('code=');
  const denied = await application();
  await browse(denied.callback, { LOOPGATE_TEST_DENY: '1' });
  expect((await denied.received)[1]).toContain('error=access_denied');
  const bad = await application(400);
  await expect(browse(bad.callback, {})).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('400') });

  const program = `import { startIdentityProvider } from ${JSON.stringify(join(import.meta.dirname, 'provider.ts'))};
    const provider = await startIdentityProvider();
    await fetch(provider.issuer + 'authorize?client_id=unknown');
    await fetch(provider.issuer + 'oauth/token', { method: 'POST', headers: { Origin: 'http://evil.test' } });
    await provider.close();`;
  const arguments_ = ['--import', 'tsx', '--input-type=module', '-e', program];
  expect(await run(process.execPath, arguments_)).toEqual({ stdout: '', stderr: '' });
}, 30_000);

test('close takes away sockets with a request under way', async () => {
  const provider = await startIdentityProvider();
  provider.fault('/userinfo', { hang: true });
  const request = httpRequest(`${provider.issuer}userinfo`, { agent: false });
  const failed = once(request, 'error');
  request.end();
  await provider.waitFor(({ path }) => path === '/userinfo');
  await provider.close();
  const [error] = await failed;
  expect(error).toMatchObject({ code: 'ECONNRESET' });
});
