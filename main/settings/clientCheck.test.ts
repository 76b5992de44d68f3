import { describe, expect, onTestFinished, test } from 'vitest';
import { startIdentityProvider } from '../../demo/identity-provider/provider.ts';
import { type ClientAnswer, type ClientCheckMetadata, checkClient, clientAnswer } from './clientCheck.ts';

const auth0: ClientCheckMetadata = {
  issuer: 'https://tenant.eu.auth0.com/',
  token_endpoint: 'https://tenant.eu.auth0.com/oauth/token',
  jwks_uri: 'https://tenant.eu.auth0.com/.well-known/jwks.json',
};
const keycloak: ClientCheckMetadata = {
  issuer: 'https://login.example.com/realms/team',
  token_endpoint: 'https://login.example.com/realms/team/protocol/openid-connect/token',
};
const entra: ClientCheckMetadata = {
  issuer: 'https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0',
  token_endpoint: 'https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/oauth2/v2.0/token',
};
const okta: ClientCheckMetadata = {
  issuer: 'https://team.okta.com/oauth2/default',
  token_endpoint: 'https://team.okta.com/oauth2/default/v1/token',
};
const oktaOrganisation: ClientCheckMetadata = {
  issuer: 'https://team.okta.com',
  token_endpoint: 'https://team.okta.com/oauth2/v1/token',
};
const other: ClientCheckMetadata = {
  issuer: 'https://op.example.com',
  token_endpoint: 'https://op.example.com/connect/token',
};

const oauth = (error: string, description = '') => ({ error, error_description: description });
const aadsts = (error: string, code: number) => ({ ...oauth(error, `AADSTS${code}: …`), error_codes: [code] });

/**
 * The answers of providers to an invented code, and where each is known from. "tried": from that provider's own program.
 * "recorded": such an answer in a public program or its tests. "documented": in the provider's reference or the RFC. "issue":
 * an answer that people quote in public issues.
 */
const table: [
  provider: string,
  metadata: ClientCheckMetadata,
  source: string,
  status: number,
  body: object,
  ClientAnswer,
][] = [
  // A secret scanner tells real credentials by these two: a dummy code, with the right and with a wrong client.
  ['Auth0', auth0, 'recorded', 403, oauth('invalid_grant', 'Invalid authorization code'), 'known'],
  ['Auth0', auth0, 'recorded, issue', 401, oauth('access_denied', 'Unauthorized'), 'unknown'],
  ['Auth0', auth0, 'documented', 401, oauth('invalid_client'), 'unknown'],
  ['Auth0', auth0, 'documented', 403, oauth('unauthorized_client'), 'unknown'],
  ['Auth0', auth0, 'documented', 429, oauth('access_denied', 'Too many requests'), 'untested'],
  // Keycloak 26.7.3: a public client, none, one that is switched off, one with a secret.
  ['Keycloak', keycloak, 'tried', 400, oauth('invalid_grant', 'Code not valid'), 'known'],
  [
    'Keycloak',
    keycloak,
    'tried',
    401,
    oauth('invalid_client', 'Invalid client or Invalid client credentials'),
    'unknown',
  ],
  [
    'Keycloak',
    keycloak,
    'tried',
    401,
    oauth('unauthorized_client', 'Invalid client or Invalid client credentials'),
    'secret',
  ],
  // A scanner's tests have Entra's answer to a client ID and a code that are both made up: it does not get to the client.
  ['Entra', entra, 'recorded, issue', 400, aadsts('invalid_grant', 9002313), 'untested'],
  ['Entra', entra, 'documented, issue', 400, aadsts('unauthorized_client', 700016), 'unknown'],
  ['Entra', entra, 'documented, issue', 401, aadsts('invalid_client', 7000218), 'secret'],
  ['Entra', entra, 'documented, issue', 400, aadsts('invalid_grant', 70000), 'untested'],
  // The same scanner's tests, and other programs', have Okta's answer to a client ID that is made up: in a form of its own.
  [
    'Okta',
    okta,
    'recorded',
    400,
    { errorCode: 'invalid_client', errorSummary: "Invalid value for 'client_id' parameter." },
    'unknown',
  ],
  ['Okta', oktaOrganisation, 'recorded', 401, { errorCode: 'invalid_client', errorCauses: [] }, 'unknown'],
  ['Okta', okta, 'documented', 401, oauth('invalid_client', 'The client secret supplied …'), 'unknown'],
  [
    'Okta',
    okta,
    'documented, recorded',
    400,
    oauth('invalid_grant', 'The authorization code is invalid or has expired.'),
    'known',
  ],
  // RFC 6749 §5.2. Some others look for the code first: their invalid_grant says nothing of the client.
  ['another', other, 'documented', 401, oauth('invalid_client'), 'unknown'],
  ['another', other, 'issue', 400, oauth('invalid_grant', 'invalid code'), 'untested'],
  ['another', other, 'documented', 400, oauth('unauthorized_client'), 'untested'],
  [
    'another',
    { ...auth0, jwks_uri: 'https://tenant.eu.auth0.com/oauth/discovery/keys' },
    '–',
    403,
    oauth('invalid_grant'),
    'untested',
  ],
  ['another', other, '–', 500, oauth('invalid_client'), 'untested'],
  ['another', other, '–', 200, oauth('invalid_client'), 'untested'],
  ['another', other, '–', 400, ['invalid_client'], 'untested'],
  ['another', other, '–', 400, { error: 7 }, 'untested'],
];

describe('whether a provider knows a client ID, by its answer to a token request that cannot succeed', () => {
  test.each(
    table.map(([provider, metadata, source, status, body, answer]) => ({
      ...{ metadata, status, body, answer },
      title: `${provider} (${source}): ${status} ${JSON.stringify(body)} is ${answer}`,
    })),
  )('$title', ({ metadata, status, body, answer }) => {
    expect(clientAnswer(metadata, status, body)).toBe(answer);
  });

  test('a real provider, laid out like Auth0: a client it knows, one it does not, and nothing is left of either', async () => {
    const provider = await startIdentityProvider({ anyLoopbackCallback: true });
    onTestFinished(() => provider.close());
    const response = await fetch(`${provider.issuer}.well-known/openid-configuration`);
    const metadata = (await response.json()) as ClientCheckMetadata;
    const redirectUri = 'http://localhost:1000/pkce/response/code';
    const asked = { metadata, redirectUri, fetch };
    expect(await checkClient({ ...asked, clientId: provider.clientId })).toBe('known');
    expect(await checkClient({ ...asked, clientId: 'wrong-client' })).toBe('unknown');
    expect(
      provider.requests.filter(({ path }) => path === '/oauth/token').map(({ parameters }) => parameters),
    ).toMatchObject([
      { grant_type: 'authorization_code', client_id: provider.clientId, redirect_uri: redirectUri },
      { grant_type: 'authorization_code', client_id: 'wrong-client', redirect_uri: redirectUri },
    ]);
  });

  test.each([
    ['nobody answers', () => Promise.reject(new TypeError('fetch failed'))],
    ['what answers is no JSON', async () => new Response('<p>hello', { status: 400 })],
  ])('it is not known where %s', async (_, fetch) => {
    const redirectUri = 'http://localhost:1000/pkce/response/code';
    expect(await checkClient({ metadata: keycloak, clientId: 'x', redirectUri, fetch })).toBe('untested');
  });
});
