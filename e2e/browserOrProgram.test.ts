import { execFile } from 'node:child_process';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { request } from 'node:http';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { BrowserDouble } from '../demo/identity-provider/person.ts';
import { type Pair, printedLogin, startPair } from './support/client.ts';

/** A redirect URI of a program's own, as the setting lists it. Nothing listens there. */
const ownRedirectUri = 'http://localhost:9/callback';

/** A navigation typed into a browser, which Node's fetch cannot pretend: it overwrites Sec-Fetch-Mode. */
function navigate(address: string): Promise<{ status: number; location: string; body: string }> {
  return new Promise((resolve, reject) => {
    const headers = {
      Accept: 'text/html',
      'Sec-Fetch-Site': 'none',
      'Sec-Fetch-Mode': 'navigate',
      'Sec-Fetch-Dest': 'document',
    };
    request(address, { headers }, (response) => {
      let body = '';
      response.on('data', (chunk) => {
        body += String(chunk);
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, location: response.headers.location ?? '', body }),
      );
    })
      .on('error', reject)
      .end();
  });
}

/** W5: the same paths, asked by a browser and by a program. */
describe('a browser that comes by itself', () => {
  let pair: Pair;
  beforeAll(async () => {
    pair = await startPair({
      provider: { clients: [{ clientId: 'second', redirectUris: [ownRedirectUri] }] },
      host: { environment: { LOOPGATE_REDIRECT_URIS: ownRedirectUri, LOOPGATE_CLIENTS: 'second' } },
    });
  });
  afterAll(() => pair.stop());

  const authorizeAddress = (changes: Record<string, string>) =>
    `${pair.host.address}/authorize?${new URLSearchParams({
      audience: pair.provider.audience,
      scope: 'openid profile',
      response_type: 'code',
      client_id: pair.provider.clientId,
      code_challenge_method: 'S256',
      code_challenge: createHash('sha256').update(randomBytes(32)).digest('base64url'),
      response_mode: 'form_post',
      ...changes,
    })}`;

  test('/authorize with the state of a prepared sign-in: sent to the provider, and the program gets the code', async () => {
    const { address } = pair.host;
    const prepared = (await (await fetch(`${address}/pkce/challenge`)).json()) as {
      challenge: { state: string; challenge: string };
    };
    const { state, challenge } = prepared.challenge;
    const sent = await navigate(authorizeAddress({ state, code_challenge: challenge }));
    expect(sent.status).toBe(303);
    expect(new URL(sent.location).origin).toBe(new URL(pair.provider.issuer).origin);
    expect((await new BrowserDouble().signInAs(sent.location, 'Ada Lovelace')).status).toBe(200);
    const answer = await fetch(`${address}/pkce/code`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({
        response_type: 'code',
        state,
        nonce: state,
        code_challenge: challenge,
        code_challenge_method: 'S256',
        scope: ['openid', 'profile'],
        client_id: pair.provider.clientId,
        audience: pair.provider.audience,
      }),
    });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ result: { state } });
  });

  test('/authorize with nothing prepared: 400, and nothing is started', async () => {
    const seen = pair.provider.count('/authorize');
    const { status, body } = await navigate(authorizeAddress({ state: randomUUID() }));
    expect(status).toBe(400);
    expect(JSON.parse(body)).toMatchObject({ error: 'invalid_request' });
    expect(pair.provider.count('/authorize')).toBe(seen);
  });

  test('/authorize with a redirect_uri of the list: sent to the provider, in the mode that was asked for [R10]', async () => {
    const { status, location } = await navigate(
      authorizeAddress({ client_id: 'second', redirect_uri: ownRedirectUri, response_mode: 'fragment' }),
    );
    expect(status).toBe(303);
    const { searchParams } = new URL(location);
    expect(searchParams.get('redirect_uri')).toBe(ownRedirectUri);
    expect(searchParams.get('response_mode')).toBe('fragment');
  });

  test('/v2/logout: sent to the provider’s logout; a returnTo that is not listed is refused [T11]', async () => {
    const sent = await navigate(`${pair.host.address}/v2/logout`);
    expect(sent.status).toBe(303);
    expect(sent.location).toBe(`${pair.provider.issuer}v2/logout?client_id=${pair.provider.clientId}`);
    const refused = await navigate(`${pair.host.address}/v2/logout?returnTo=https%3A%2F%2Fattacker.example%2F`);
    expect(refused.status).toBe(400);
  });

  test('a program that accepts text/html is no browser: /v2/logout answers 200 with the page as a text', async () => {
    const response = await fetch(`${pair.host.address}/v2/logout`, {
      headers: { Accept: 'text/html' },
      redirect: 'manual',
    });
    expect(response.status).toBe(200);
    expect(await response.text()).toContain('You are signed out');
  });
});

describe('over SSH, where the browser cannot come back', () => {
  const curl = async (...argv: string[]) => JSON.parse((await promisify(execFile)('curl', ['-s', ...argv])).stdout);

  test.each(['GET', 'POST'])(
    'curl relays the callback by %s to the sign-in that curl waits for [R4]',
    async (method) => {
      const { host, stop } = await startPair();
      onTestFinished(() => stop());
      const waiting = curl('-X', 'POST', `${host.address}/os/sign_in`);
      const login = await printedLogin(host);
      const { action, fields } = await new BrowserDouble().signInAs(login, 'Ada Lovelace', { deliver: false });
      const answer = new URLSearchParams(fields).toString();
      const relayed = method === 'GET' ? curl(`${action}?${answer}`) : curl('-d', answer, action);
      expect(await relayed).not.toHaveProperty('error');
      expect(await waiting).toMatchObject({ name: 'Ada Lovelace' });
    },
  );
});
