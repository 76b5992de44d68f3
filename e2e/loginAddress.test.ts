import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { BrowserDouble } from '../demo/identity-provider/person.ts';
import { askForLogin, isLoginAddress, navigation } from '../testing/loginAddress.ts';
import { type Pair, printedAddresses, startPair } from './support/client.ts';

describe('the one-time address of a login', () => {
  let pair: Pair;
  beforeAll(async () => {
    pair = await startPair();
  });
  afterAll(() => pair.stop());

  /** A login that waits, and the address that was printed for it. */
  async function waitingLogin(): Promise<{ address: string; answer: Promise<Response> }> {
    const { host } = pair;
    const printed = printedAddresses(host).length;
    const answer = fetch(`${host.address}/pkce/code`, { method: 'POST' });
    await host.waitForOutput(() => printedAddresses(host).length > printed);
    onTestFinished(async () => {
      await fetch(`${host.address}/pkce/clear`, { method: 'POST' });
      await answer;
    });
    return { address: printedAddresses(host).at(-1) ?? '', answer };
  }

  test('is all that is printed and logged of it: the state, nonce and challenge of the request are nowhere [R16]', async () => {
    const { address } = await waitingLogin();
    expect(address).toSatisfy(isLoginAddress);
    const { headers } = await askForLogin(address);
    const { searchParams } = new URL(headers.location ?? '');
    for (const name of ['state', 'nonce', 'code_challenge']) {
      const value = searchParams.get(name) ?? '';
      expect(value.length).toBeGreaterThan(20);
      expect(pair.host.output() + pair.host.errors()).not.toContain(value);
    }
    // The log has what was asked for, and not the ticket.
    await pair.host.waitForLine(/"path":"\/login\/:ticket"/);
    expect(pair.host.errors()).not.toContain(new URL(address).pathname);
  });

  test('leads the first browser to the provider, stored by nobody, told to nobody [R16]', async () => {
    const { address } = await waitingLogin();
    const { status, headers, body } = await askForLogin(address);
    expect(status).toBe(303);
    expect(headers.location).toMatch(new RegExp(`^${pair.provider.issuer}authorize\\?`));
    expect(headers['cache-control']).toBe('no-store');
    expect(headers['referrer-policy']).toBe('no-referrer');
    expect(body).toBe('');
  });

  // A browser sends the cookies of 127.0.0.1 to every port, so another program can read what this one leaves there.
  test('leads there once, and leaves nothing in the browser that would open it again [R16]', async () => {
    const { address, answer } = await waitingLogin();
    const first = await askForLogin(address);
    const left = (first.headers['set-cookie'] ?? []).map((line) => line.split(';')[0]).join('; ');
    for (const headers of [{}, { Cookie: left }]) {
      const again = await askForLogin(address, { ...navigation, ...headers });
      expect(again.status).toBe(403);
      expect(again.headers.location).toBeUndefined();
      expect(again.body).toContain('This address was already used');
      expect(again.body).toContain('Open again');
    }
    expect(left).toBe('');
    await new BrowserDouble().signInAs(first.headers.location ?? '', 'Ada Lovelace');
    expect((await answer).status).toBe(200);
    const late = await askForLogin(address);
    expect(late.status).toBe(403);
    expect(late.body).toContain('This address opens no login');
  });

  test.each(['/pkce/code', '/os/sign_in'])(
    'that was used is replaced, on the terminal, when %s asks for the same login again [R16]',
    async (path) => {
      const { host } = pair;
      const { address, answer } = await waitingLogin();
      expect((await askForLogin(address)).status).toBe(303);
      const printed = printedAddresses(host).length;
      const leaves = new AbortController();
      const joined = fetch(`${host.address}${path}`, { method: 'POST', signal: leaves.signal }).catch(() => undefined);
      await host.waitForOutput(() => printedAddresses(host).length > printed);
      await new BrowserDouble().signInAs(printedAddresses(host).at(-1) ?? '', 'Ada Lovelace');
      expect((await answer).status).toBe(200);
      leaves.abort();
      await joined;
    },
  );

  test('of two that come for it in one moment, one is led there [R16]', async () => {
    const { address } = await waitingLogin();
    const answers = await Promise.all([askForLogin(address), askForLogin(address)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([303, 403]);
  });

  // What a browser's history, a restored tab or a terminal still has.
  test('leads nowhere when its login was cancelled, and begins and disturbs none [R16]', async () => {
    const { host } = pair;
    const { address, answer } = await waitingLogin();
    await fetch(`${host.address}/pkce/clear`, { method: 'POST' });
    expect((await answer).status).toBe(409);
    const next = await waitingLogin();
    const printed = host.output();
    const late = await askForLogin(address);
    expect([late.status, late.headers.location]).toEqual([403, undefined]);
    expect(late.body).toContain('This address opens no login');
    expect(host.output()).toBe(printed);
    await new BrowserDouble().signInAs(next.address, 'Ada Lovelace');
    expect((await next.answer).status).toBe(200);
  });

  test.each<[string, number, Record<string, string>, string?]>([
    ['a HEAD', 405, navigation, 'HEAD'],
    ['a POST', 405, navigation, 'POST'],
    ['a program', 404, { Accept: '*/*' }],
    ['a program that takes anything but a page', 404, { Accept: 'application/json' }],
    ['a script of a page', 404, { ...navigation, 'Sec-Fetch-Mode': 'cors', 'Sec-Fetch-Dest': 'empty' }],
    ['a frame that somebody typed', 404, { ...navigation, 'Sec-Fetch-Dest': 'iframe' }],
    ['a frame of another site', 403, { ...navigation, 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Dest': 'iframe' }],
    [
      'an image of another site',
      403,
      { ...navigation, 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'no-cors', 'Sec-Fetch-Dest': 'image' },
    ],
    ['a browser that looks ahead', 403, { ...navigation, 'Sec-Purpose': 'prefetch' }],
    ['one that draws ahead', 403, { ...navigation, 'Sec-Purpose': 'prefetch;prerender' }],
    ['an older one that looks ahead', 403, { ...navigation, Purpose: 'prefetch' }],
    ['an old Firefox that looks ahead', 403, { ...navigation, 'X-Moz': 'prefetch' }],
    ['an old Safari that shows a preview', 403, { ...navigation, 'X-Purpose': 'preview' }],
  ])('%s gets %i, learns nothing, and uses nothing up [R16]', async (_who, status, headers, method) => {
    const { address } = await waitingLogin();
    const answer = await askForLogin(address, headers, method);
    expect(answer.status).toBe(status);
    expect(answer.headers.location).toBeUndefined();
    expect(answer.headers['set-cookie']).toBeUndefined();
    expect((await askForLogin(address)).status).toBe(303);
  });

  test.each<[string, Record<string, string>]>([
    ['a page of another site', { ...navigation, 'Sec-Fetch-Site': 'cross-site' }],
    ['a browser that says nothing of the kind', { Accept: navigation.Accept }],
  ])('a navigation from %s is the person’s [L3]', async (_where, headers) => {
    const { address } = await waitingLogin();
    expect((await askForLogin(address, headers)).status).toBe(303);
  });

  test('equal requests share one address [R16]', async () => {
    const { host } = pair;
    const { address, answer } = await waitingLogin();
    const joined = fetch(`${host.address}/pkce/code`, { method: 'POST' });
    // Whoever asks later is answered later: by then the request has been joined.
    await fetch(`${host.address}/.well-known/health`);
    await new BrowserDouble().signInAs(address, 'Ada Lovelace');
    const codes = await Promise.all([answer, joined].map(async (one) => (await one).text()));
    expect(codes[0]).toBe(codes[1]);
    expect(printedAddresses(host).at(-1)).toBe(address);
  });
});
