import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BrowserDouble } from '../demo/identity-provider/person.ts';
import { type Pair, printedLogin, startPair } from './support/client.ts';

interface ApiError {
  error: string;
  error_description: string;
}

const challengeOf = (verifier: string) => createHash('sha256').update(verifier).digest('base64url');

/** A person who is slow: their sign-in waits in the browser while everybody else does something wrong. */
describe('a sign-in that waits', () => {
  let pair: Pair;
  beforeAll(async () => {
    pair = await startPair({ host: { environment: { LOOPGATE_LOG_LEVEL: 'silent' } } });
  });
  afterAll(() => pair.stop());

  const authorizeQuery = (changes: Record<string, string> = {}) =>
    new URLSearchParams({
      audience: pair.provider.audience,
      scope: 'openid profile',
      response_type: 'code',
      client_id: pair.provider.clientId,
      code_challenge_method: 'S256',
      code_challenge: challengeOf(randomBytes(32).toString('base64url')),
      response_mode: 'form_post',
      state: randomUUID(),
      ...changes,
    });
  const authorize = async (changes: Record<string, string>) => {
    const response = await fetch(`${pair.host.address}/authorize?${authorizeQuery(changes)}`);
    return { status: response.status, body: (await response.json()) as ApiError };
  };
  const callback = (fields: Record<string, string>) =>
    fetch(`${pair.host.address}/pkce/response/code`, { method: 'POST', body: new URLSearchParams(fields) });

  /** Starts a sign-in, lets something else happen, and shows that the person can still finish. */
  async function undisturbedBy(attack: (waiting: { state: string; address: string }) => Promise<void>): Promise<void> {
    const { address } = pair.host;
    const state = randomUUID();
    const verifier = randomBytes(32).toString('base64url');
    const waiting = fetch(`${address}/authorize?${authorizeQuery({ state, code_challenge: challengeOf(verifier) })}`);
    const login = await printedLogin(pair.host, state);
    await attack({ state, address: login });
    const person = new BrowserDouble();
    const page = await person.signInAs(login, 'Ada Lovelace');
    expect(page.status).toBe(200);
    expect(await page.text()).toContain('return to your editor');
    const answer = await waiting;
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ state });
  }

  test('an unknown state is refused and disturbs nothing [R4]', async () => {
    await undisturbedBy(async () => {
      const response = await callback({ code: 'x', state: randomUUID() });
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ error: 'unknown_state' });
    });
  });

  test('a browser that brings an unknown state reads a page that explains [R9]', async () => {
    await undisturbedBy(async () => {
      const response = await fetch(`${pair.host.address}/pkce/response/code`, {
        method: 'POST',
        headers: { Accept: 'text/html' },
        body: new URLSearchParams({ code: 'x', state: randomUUID() }),
      });
      expect(response.status).toBe(400);
      expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
      expect(await response.text()).toContain('No sign-in was waiting');
    });
  });

  test('a doubled state is refused and disturbs nothing [R4]', async () => {
    await undisturbedBy(async ({ state }) => {
      const response = await fetch(`${pair.host.address}/pkce/response/code`, {
        method: 'POST',
        body: new URLSearchParams([
          ['code', 'x'],
          ['state', state],
          ['state', state],
        ]),
      });
      expect(response.status).toBe(400);
    });
  });

  test('plain is refused [R2]', async () => {
    await undisturbedBy(async () => {
      const { status, body } = await authorize({ code_challenge_method: 'plain' });
      expect([status, body.error]).toEqual([400, 'invalid_request']);
      expect(body.error_description).toContain('S256');
    });
  });

  test('a foreign redirect_uri is refused, and nothing is opened [R7]', async () => {
    await undisturbedBy(async () => {
      const before = pair.host.output();
      const { status, body } = await authorize({ redirect_uri: 'https://attacker.example/callback' });
      expect([status, body.error]).toEqual([400, 'invalid_request']);
      expect(body.error_description).toContain('redirect_uri');
      expect(pair.host.output()).toBe(before);
    });
  });

  test('an unknown client_id is refused [W12]', async () => {
    await undisturbedBy(async () => {
      const { status, body } = await authorize({ client_id: 'somebody-else' });
      expect([status, body.error]).toEqual([400, 'invalid_request']);
      expect(body.error_description).toContain('client_id');
    });
  });

  test('denying another sign-in ends that one alone [R13]', async () => {
    await undisturbedBy(async () => {
      const state = randomUUID();
      const denied = authorize({ state });
      const page = await new BrowserDouble().signInAs(await printedLogin(pair.host, state), 'Eve', { deny: true });
      expect(page.status).toBe(403);
      expect(await page.text()).toContain('The sign-in was denied');
      const { status, body } = await denied;
      expect([status, body.error]).toEqual([403, 'access_denied']);
    });
  });

  test('a replayed callback is refused, and the first code stays good [R4]', async () => {
    const { address } = pair.host;
    const state = randomUUID();
    const verifier = randomBytes(32).toString('base64url');
    const waiting = fetch(`${address}/authorize?${authorizeQuery({ state, code_challenge: challengeOf(verifier) })}`);
    const person = new BrowserDouble();
    const answer = await person.signInAs(await printedLogin(pair.host, state), 'Ada Lovelace', { deliver: false });
    expect((await person.deliver(answer)).status).toBe(200);
    const { code } = (await (await waiting).json()) as { code: string };
    const replay = await person.deliver(answer);
    expect(replay.status).toBe(400);
    expect(await replay.text()).toContain('already used');
    const token = await fetch(`${address}/oauth/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        client_id: pair.provider.clientId,
        code,
        redirect_uri: `${address}/pkce/response/code`,
        code_verifier: verifier,
      }),
    });
    expect(token.status).toBe(200);
  });

  test('a wrong verifier and a wrong redirect_uri are refused before the provider sees the code [W7]', async () => {
    const { address } = pair.host;
    const state = randomUUID();
    const verifier = randomBytes(32).toString('base64url');
    const waiting = fetch(`${address}/authorize?${authorizeQuery({ state, code_challenge: challengeOf(verifier) })}`);
    await new BrowserDouble().signInAs(await printedLogin(pair.host, state), 'Ada Lovelace');
    const { code } = (await (await waiting).json()) as { code: string };
    const asked = pair.provider.count('/oauth/token');
    const exchange = async (changes: Record<string, string>) => {
      const response = await fetch(`${address}/pkce/token`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({
          grant_type: 'authorization_code',
          client_id: pair.provider.clientId,
          code,
          redirect_uri: `${address}/pkce/response/code`,
          code_verifier: verifier,
          ...changes,
        }),
      });
      return [response.status, ((await response.json()) as ApiError).error];
    };
    expect(await exchange({ code_verifier: randomBytes(32).toString('base64url') })).toEqual([400, 'invalid_grant']);
    expect(await exchange({ redirect_uri: 'http://localhost:1/pkce/response/code' })).toEqual([400, 'invalid_grant']);
    expect(pair.provider.count('/oauth/token')).toBe(asked);
    expect((await exchange({}))[0]).toBe(200);
  });

  test('a login that is not finished ends with authorization_timeout [R15]', async () => {
    const short = await startPair({ host: { environment: { LOOPGATE_SIGN_IN_TIMEOUT: '5' } } });
    try {
      const waiting = fetch(`${short.host.address}/pkce/code`, { method: 'POST' });
      const login = await printedLogin(short.host);
      const response = await waiting;
      expect(response.status).toBe(504);
      expect(await response.json()).toMatchObject({ error: 'authorization_timeout' });
      const late = await new BrowserDouble().signInAs(login, 'Ada Lovelace');
      expect(late.status).toBe(400);
      expect((await fetch(`${short.host.address}/userinfo`)).status).toBe(401);
    } finally {
      await short.stop();
    }
  });

  test('a provider without form_post is answered by query, with a 303 to a clean address [R10]', async () => {
    const plain = await startPair({ provider: { formPost: false } });
    try {
      const waiting = fetch(`${plain.host.address}/pkce/code`, { method: 'POST' });
      const page = await new BrowserDouble().signInAs(await printedLogin(plain.host), 'Ada Lovelace');
      expect(page.status).toBe(303);
      const clean = page.headers.get('location') ?? '';
      expect(clean).toMatch(/^\/pkce\/response\/result\/[0-9a-f-]{36}$/);
      const shown = await fetch(`${plain.host.address}${clean}`);
      expect(await shown.text()).toContain('return to your editor');
      expect((await waiting).status).toBe(200);
    } finally {
      await plain.stop();
    }
  });

  test('a response with a wrong iss ends that sign-in [R6]', async () => {
    const state = randomUUID();
    const waiting = authorize({ state });
    const person = new BrowserDouble();
    const answer = await person.signInAs(await printedLogin(pair.host, state), 'Ada Lovelace', { deliver: false });
    const page = await person.deliver({ ...answer, fields: { ...answer.fields, iss: 'https://attacker.example/' } });
    expect(page.status).toBe(502);
    const { status, body } = await waiting;
    expect([status, body.error]).toEqual([502, 'provider_error']);
  });
});
