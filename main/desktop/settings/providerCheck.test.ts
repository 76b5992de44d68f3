import { describe, expect, test } from 'vitest';
import { FakeClock, ScriptedProvider } from '../../../testing/brokerWorld.ts';
import type { PlatformFetch } from '../../broker/provider/providerFetch.ts';
import { ProviderChecker } from './providerCheck.ts';

const checker = (fetch: PlatformFetch) => new ProviderChecker(fetch, new FakeClock());
const answering =
  (response: Response): PlatformFetch =>
  async () =>
    response;
const refused: PlatformFetch = () => Promise.reject(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }));
const lying = new ScriptedProvider();
lying.metadata = { token_endpoint: 'http://tenant.example/oauth/token' };

describe('Welcome: the provider is looked for by its metadata', () => {
  test('a domain alone is enough', async () => {
    const provider = new ScriptedProvider();
    expect(await checker(provider.fetch).check(' tenant.example')).toEqual({ ok: true, host: 'tenant.example' });
  });

  test.each([
    ['http://tenant.example', refused, 'not_an_address', /^Expected an https address/],
    ['two words', refused, 'not_an_address', /^Expected an address such as/],
    ['tenant.example', refused, 'unreachable', /cannot be reached \(ECONNREFUSED\)/],
    ['tenant.example', answering(new Response('', { status: 503 })), 'unreachable', /status 503/],
    ['tenant.example', answering(new Response('', { status: 404 })), 'not_a_provider', /status 404/],
    ['tenant.example', answering(new Response('<p>hello')), 'not_a_provider', /not JSON/],
    ['tenant.example', answering(Response.json({ issuer: 'https://other.example/' })), 'not_a_provider', /issuer/],
    ['tenant.example', lying.fetch, 'not_a_provider', /token_endpoint/],
  ] as const)('%s is refused with a clear word', async (text, fetch, reason, message) => {
    const found = await checker(fetch).check(text);
    expect(found).toEqual({ ok: false, reason, message: expect.stringMatching(message) });
  });

  test.each([
    ['is one', { error: 'invalid_grant' }, 'known'],
    ['is none', { error: 'access_denied' }, 'unknown'],
    ['cannot be told', { error: 'server_error' }, 'untested'],
  ])('whether a client ID %s there', async (_, answer, expected) => {
    const provider = new ScriptedProvider();
    provider.metadata = { jwks_uri: 'https://tenant.example/.well-known/jwks.json' };
    provider.answers.set('/oauth/token', () => Response.json(answer, { status: 403 }));
    const redirectUri = 'http://localhost:1000/pkce/response/code';
    expect(await checker(provider.fetch).checkClient('https://tenant.example/', 'one', redirectUri)).toBe(expected);
    const { parameters } = provider.requests.find(({ path }) => path === '/oauth/token') ?? {};
    expect(parameters).toMatchObject({ client_id: 'one', redirect_uri: redirectUri });
    expect(await checker(refused).checkClient('https://tenant.example/', 'one', redirectUri)).toBe('untested');
  });

  test('while typing, a newer address ends the look for the older one', async () => {
    const provider = new ScriptedProvider();
    const signals: AbortSignal[] = [];
    const slow: PlatformFetch = (url, options) => {
      if (url.startsWith('https://tenant.example/')) return provider.fetch(url, options);
      return new Promise((_, reject) => {
        const { signal } = options;
        if (!signal) return;
        signals.push(signal);
        signal.addEventListener('abort', () => reject(signal.reason));
      });
    };
    const checking = checker(slow);
    const older = checking.whileTyping('tenant.exa');
    expect(await checking.whileTyping('tenant.example')).toEqual({ ok: true, host: 'tenant.example' });
    expect(await older).toMatchObject({ ok: false, reason: 'replaced' });
    expect(signals.every(({ aborted }) => aborted)).toBe(true);
  });
});
