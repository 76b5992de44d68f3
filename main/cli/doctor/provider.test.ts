import { afterEach, describe, expect, it, vi } from 'vitest';
import { checkClock, discover } from './provider.ts';

/** A double: a provider that calls itself so, and sends no Date, like Keycloak. */
function providerCalled(issuer: string): void {
  const endpoint = 'https://login.example/authorize';
  vi.stubGlobal('fetch', async () =>
    Response.json({ issuer, authorization_endpoint: endpoint, token_endpoint: endpoint }),
  );
}

afterEach(() => vi.unstubAllGlobals());

const entra = 'https://login.microsoftonline.com';
const tenant = '11111111-2222-4333-8444-555555555555';

describe('the issuer that the doctor takes is the one that a sign-in takes [T14]', () => {
  it.each([
    ['the same', 'https://login.example/', 'https://login.example/'],
    ['without its final slash', 'https://login.example', 'https://login.example/'],
    ['with a final slash', 'https://login.example/realms/a/', 'https://login.example/realms/a'],
    ['of all tenants at Entra', `${entra}/{tenantid}/v2.0`, `${entra}/common/v2.0`],
    ['of the organizations at Entra', `${entra}/{tenantid}/v2.0`, `${entra}/organizations/v2.0`],
    ['of a tenant by its name at Entra', `${entra}/${tenant}/v2.0`, `${entra}/contoso.onmicrosoft.com/v2.0`],
  ])('%s', async (_, found, configured) => {
    providerCalled(found);
    expect(await discover(configured, new AbortController().signal)).not.toHaveProperty('failure');
  });

  it.each([
    ['https://evil.example/', 'https://login.example/'],
    [`${entra}/{tenantid}/v2.0`, 'https://login.example/'],
    ['https://login.example/realms/a', 'https://login.example/realms/b'],
  ])('not %s for %s', async (found, configured) => {
    providerCalled(found);
    const { failure } = await discover(configured, new AbortController().signal);
    expect(failure).toBe(`it calls itself ${JSON.stringify(found)}`);
  });
});

it('a provider that answers without a Date is said to [T15]', async () => {
  providerCalled('https://login.example/');
  const discovered = await discover('https://login.example/', new AbortController().signal);
  expect(checkClock(discovered)).toMatchObject({ outcome: 'note', found: 'The provider answers without its time.' });
  expect(checkClock(undefined)).toMatchObject({ outcome: 'note', found: 'No provider answered.' });
});
