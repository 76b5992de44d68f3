import { decodeJwt } from 'jose';
import * as openid from 'openid-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Pair, startPair } from './support/client.ts';

/** Loopgate, asked by clients that were written for OpenID Connect or Auth0 and know nothing of it. */
describe('a client of OpenID Connect or Auth0', () => {
  let pair: Pair;
  let accessToken: string;
  beforeAll(async () => {
    pair = await startPair({ browser: true });
    expect((await fetch(`${pair.host.address}/os/sign_in`, { method: 'POST' })).status).toBe(200);
    accessToken = await (await fetch(`${pair.host.address}/user/access_token`)).text();
  });
  afterAll(() => pair.stop());

  test('OpenID Core 5.3.2: openid-client reads who is signed in, and finds the subject that it expects', async () => {
    const { host, provider } = pair;
    const configuration = new openid.Configuration(
      { issuer: provider.issuer, userinfo_endpoint: `${host.address}/userinfo` },
      provider.clientId,
      undefined,
      openid.None(),
    );
    openid.allowInsecureRequests(configuration);
    const subject = decodeJwt(accessToken).sub ?? '';
    const person = await openid.fetchUserInfo(configuration, accessToken, subject);
    expect(person).toMatchObject({ sub: 'auth0|ada-lovelace', user_id: 'auth0|ada-lovelace', name: 'Ada Lovelace' });
    await expect(openid.fetchUserInfo(configuration, accessToken, 'auth0|another')).rejects.toThrow();
  });

  /** As auth0-python posts it, or in another type. */
  async function token(body: string, type = 'application/json'): Promise<{ status: number; answer: unknown }> {
    const asked = await fetch(`${pair.host.address}/oauth/token`, {
      method: 'POST',
      headers: { 'Content-Type': type },
      body,
    });
    return { status: asked.status, answer: await asked.json() };
  }

  test('/oauth/token takes JSON, and answers as for the same form [W3]', async () => {
    const fields = { client_id: pair.provider.clientId, grant_type: 'refresh_token', scope: '' };
    const asJson = await token(JSON.stringify({ ...fields, code: null, audience: '' }));
    const asForm = await token(new URLSearchParams(fields).toString(), 'application/x-www-form-urlencoded');
    expect(asJson).toMatchObject({ status: 200, answer: { token_type: 'Bearer', access_token: expect.any(String) } });
    expect(Object.keys(asJson.answer as object)).toEqual(Object.keys(asForm.answer as object));
  });

  test('a code is exchanged as JSON too, once, with the verifier that it was asked with [W3]', async () => {
    const { challenge } = (await (await fetch(`${pair.host.address}/pkce/challenge`)).json()) as {
      challenge: { state: string; challenge: string; verifier: string };
    };
    const redirectUri = `${pair.host.address}/pkce/response/code`;
    const query = new URLSearchParams({
      audience: pair.provider.audience,
      scope: 'openid profile',
      response_type: 'code',
      client_id: pair.provider.clientId,
      code_challenge_method: 'S256',
      code_challenge: challenge.challenge,
      response_mode: 'form_post',
      state: challenge.state,
      redirect_uri: redirectUri,
    });
    const { code } = (await (await fetch(`${pair.host.address}/authorize?${query}`)).json()) as { code: string };
    const exchange = { grant_type: 'authorization_code', client_id: pair.provider.clientId, code };
    const wrong = await token(
      JSON.stringify({ ...exchange, redirect_uri: redirectUri, code_verifier: 'w'.repeat(43) }),
    );
    expect(wrong).toMatchObject({ status: 400, answer: { error: 'invalid_grant' } });
    const right = { ...exchange, redirect_uri: redirectUri, code_verifier: challenge.verifier };
    expect(await token(JSON.stringify(right))).toMatchObject({ status: 200, answer: { token_type: 'Bearer' } });
  });

  test.each([
    ['no object', '["refresh_token"]', 'is not what it should be'],
    ['null', 'null', 'grant_type must be'],
    ['a nested value', '{"grant_type":"refresh_token","client_id":{"a":1}}', 'client_id is not what it should be'],
  ])('as JSON, %s is refused with what is wrong', async (_, body, words) => {
    const { status, answer } = await token(body);
    expect([status, answer]).toEqual([
      400,
      { error: 'invalid_request', error_description: expect.stringContaining(words) },
    ]);
  });

  test.each([
    ['/oauth/token', 'Send it as application/x-www-form-urlencoded or application/json.'],
    ['/pkce/token', 'Send it as application/json.'],
    ['/pkce/response/code', 'Send it as application/x-www-form-urlencoded.'],
  ])('the refusal of another type at %s names what is taken there, and nothing else', async (path, words) => {
    const address = `${pair.host.address}${path}`;
    const refused = await fetch(address, { method: 'POST', headers: { 'Content-Type': 'text/plain' }, body: '{}' });
    expect(refused.status).toBe(415);
    const { error_description: description } = (await refused.json()) as { error_description: string };
    expect(description.endsWith(`takes. ${words}`)).toBe(true);
  });
});
