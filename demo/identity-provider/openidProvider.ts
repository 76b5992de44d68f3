import type { Adapter, Context, Provider, ResponseMode, Token } from 'oidc-provider';
import { claimsOf, claimsOfScope } from './account.ts';
import type { Accounts } from './accounts.ts';
import { deviceCodePage, deviceConfirmationPage, deviceConnectedPage, errorPage } from './pages.ts';
import type { State } from './state.ts';

type OidcProviderModule = typeof import('oidc-provider');

/** The settings of `startIdentityProvider`, including every default. */
export interface OpenidSettings {
  issuer: string;
  clients: readonly { clientId: string; redirectUris: readonly string[] }[];
  anyLoopbackCallback: boolean;
  audiences: readonly string[];
  refreshAudiences: readonly string[];
  announceIss: boolean;
  sendIss: boolean;
  formPost: boolean;
  offlineAccess: boolean;
  accessTokenSeconds: number;
  idTokenSeconds: number;
  refreshTokenSeconds: number;
  deviceFlow: boolean;
  deviceIntervalSeconds: number;
  revocationDeletesGrant: boolean;
}

export const paths = {
  authorization: '/authorize',
  token: '/oauth/token',
  userinfo: '/userinfo',
  revocation: '/oauth/revoke',
  jwks: '/.well-known/jwks.json',
  discovery: '/.well-known/openid-configuration',
  deviceAuthorization: '/oauth/device/code',
  deviceVerification: '/activate',
  login: '/u/login',
  logout: '/v2/logout',
} as const;

const scopes = ['openid', 'profile', 'email', 'offline_access'];
const anyLoopbackCallback = /^http:\/\/localhost:\d{1,5}\/pkce\/response\/code$/;
const secondsOfTwoWeeks = 14 * 24 * 3600;
const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code';
const extraParametersOfAuth0 = [
  'access_type',
  'connection',
  'connection_scope',
  'invitation',
  'organization',
  'screen_hint',
];

/** Browsers share cookies between the ports of localhost: the port in the name separates two providers. */
export function cookiePrefix(issuer: string): string {
  return `auth0_${new URL(issuer).port}`;
}

let loading: Promise<OidcProviderModule> | undefined;

/** Loads oidc-provider without its warning about the age of Node. */
function loadOidcProvider(): Promise<OidcProviderModule> {
  loading ??= (async () => {
    const { warn } = console;
    console.warn = (...words: unknown[]) => {
      if (!String(words[0]).includes('Unsupported runtime')) warn(...words);
    };
    try {
      return await import('oidc-provider');
    } finally {
      console.warn = warn;
    }
  })();
  return loading;
}

/**
 * oidc-provider with Auth0's paths and behaviour: no consent page, a separate grant for each authorization, profile claims in
 * the ID token, and a JWT access token when an audience was requested.
 */
export async function createOpenidProvider(
  settings: OpenidSettings,
  state: State,
  accounts: Accounts,
): Promise<Provider> {
  const module = await loadOidcProvider();

  class DressedProvider extends module.Provider {
    override registerResponseMode(name: string, handler: ResponseMode): void {
      if (name === 'form_post' && !settings.formPost) return;
      super.registerResponseMode(name, (context, redirectUri, { iss, ...payload }) =>
        handler(context, redirectUri, settings.sendIss && iss !== undefined ? { ...payload, iss } : payload),
      );
    }
  }

  const provider = new DressedProvider(settings.issuer, configurationOf(settings, state, accounts, module));
  // The front reports the protocol of the issuer.
  provider.proxy = true;
  if (settings.anyLoopbackCallback) acceptAnyLoopbackCallback(provider);
  letRefreshesNameAudiences(provider, settings.refreshAudiences);
  provider.use(async (context, next) => {
    await next();
    if (context.path === paths.discovery) context.body = announcedMetadata(context.body, settings);
    if (context.path === paths.deviceAuthorization) context.body = withInterval(context.body, settings);
  });
  return provider;
}

function configurationOf(
  settings: OpenidSettings,
  state: State,
  accounts: Accounts,
  { errors, interactionPolicy }: OidcProviderModule,
): Record<string, unknown> {
  const policy = interactionPolicy.base();
  policy.remove('consent');
  const cookie = cookiePrefix(settings.issuer);

  return {
    adapter: (model: string): Adapter => state.adapter(model),
    jwks: { keys: [state.signingKey] },
    cookies: {
      keys: [state.cookieKey],
      names: {
        session: cookie,
        interaction: `${cookie}_interaction`,
        resume: `${cookie}_resume`,
      },
    },
    clients: settings.clients.map(({ clientId, redirectUris }) => ({
      client_id: clientId,
      redirect_uris: [...redirectUris],
      // oidc-provider ignores the port for `native`; Auth0 matches it exactly (R7).
      application_type: 'web',
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token', ...(settings.deviceFlow ? [deviceGrant] : [])],
      response_types: ['code'],
    })),
    clientAuthMethods: ['none'],
    clientBasedCORS: () => false,
    clockTolerance: 0,
    responseTypes: ['code'],
    scopes,
    claims: claimsOfScope,
    conformIdTokenClaims: false,
    routes: {
      authorization: paths.authorization,
      token: paths.token,
      userinfo: paths.userinfo,
      revocation: paths.revocation,
      jwks: paths.jwks,
      device_authorization: paths.deviceAuthorization,
      code_verification: paths.deviceVerification,
    },
    ttl: {
      AccessToken: settings.accessTokenSeconds,
      IdToken: settings.idTokenSeconds,
      // Auth0: rotation does not extend the absolute lifetime.
      RefreshToken: (context: { oidc: { entities: { RotatedRefreshToken?: Token } } } | undefined) =>
        Math.max(1, context?.oidc.entities.RotatedRefreshToken?.remainingTTL ?? settings.refreshTokenSeconds),
      Grant: Math.max(settings.refreshTokenSeconds, settings.accessTokenSeconds, secondsOfTwoWeeks),
      AuthorizationCode: 600,
      DeviceCode: 900,
      Interaction: 3600,
      Session: secondsOfTwoWeeks,
    },
    interactions: {
      policy,
      url: (_context: Context, interaction: { uid: string }) => `${paths.login}/${interaction.uid}`,
    },
    extraParams: {
      ...Object.fromEntries(extraParametersOfAuth0.map((name) => [name, null])),
      audience: (context: Context, audience: string | undefined) => {
        if (audience !== undefined && !settings.audiences.includes(audience)) {
          throw new errors.AccessDenied(`Service not found: ${audience}`);
        }
        if (settings.offlineAccess) keepOfflineAccess(context);
      },
    },
    findAccount: (_context: Context, sub: string, token: Token | undefined) => {
      const account = accounts.get(sub);
      if (account === undefined) return undefined;
      const organization = accounts.organizationOf(token?.grantId);
      return { accountId: sub, claims: () => claimsOf(account, settings.issuer, organization) };
    },
    loadExistingGrant: (context: Context) => grantWhatIsAsked(context, settings, accounts),
    expiresWithSession: () => false,
    issueRefreshToken: (_context: Context, _client: unknown, source: Token) => source.scopes.has('offline_access'),
    // oidc-provider spends the token before it checks the audience; at Auth0 a refused request spends nothing.
    rotateRefreshToken: ({ oidc }: Context) =>
      oidc.params.resource === undefined || oidc.entities.RefreshToken?.resourceIndicators.has(oidc.params.resource),
    formats: {
      customizers: {
        jwt: (_context: Context, token: Token, jwt: { payload: Record<string, unknown> }) => {
          const organization = accounts.organizationOf(token.grantId);
          if (token.scopes.has('openid')) jwt.payload.aud = [jwt.payload.aud, `${settings.issuer}userinfo`];
          jwt.payload.azp = token.clientId;
          if (organization !== undefined) jwt.payload.org_id = organization;
        },
      },
    },
    features: {
      devInteractions: { enabled: false },
      dPoP: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      revocation: {
        enabled: true,
        allowedPolicy: (_context: Context, client: { clientId: string }, token: Token) =>
          token.clientId === client.clientId,
      },
      resourceIndicators: {
        enabled: true,
        useGrantedResource: () => true,
        getResourceServerInfo: (_context: Context, audience: string) => {
          if (![...settings.audiences, ...settings.refreshAudiences].includes(audience))
            throw new errors.InvalidTarget();
          return { audience, scope: scopes.join(' '), accessTokenFormat: 'jwt', jwt: { sign: { alg: 'RS256' } } };
        },
      },
      deviceFlow: {
        enabled: settings.deviceFlow,
        userCodeInputSource: (context: Context, form: string, _out: unknown, error: Error | undefined) =>
          show(context, deviceCodePage(form, error && 'That did not work. Check the code, and enter it again.')),
        userCodeConfirmSource: (
          context: Context,
          form: string,
          client: { clientId: string },
          _deviceInfo: unknown,
          userCode: string,
        ) => show(context, deviceConfirmationPage(form, client.clientId, userCode)),
        successSource: (context: Context) => show(context, deviceConnectedPage()),
      },
    },
    renderError: (context: Context, out: { error: string; error_description?: string }) =>
      show(context, errorPage(out.error, out.error_description ?? 'No more is known.')),
  };
}

/**
 * Grants each authorization as requested, in a separate grant: the reuse of a spent refresh token then ends only the family
 * of this sign-in, not those of other sign-ins in the same browser.
 */
async function grantWhatIsAsked(context: Context, settings: OpenidSettings, accounts: Accounts): Promise<unknown> {
  const { account, client, params, resourceServers, provider } = context.oidc;
  const grant = new provider.Grant({ accountId: account.accountId, clientId: client.clientId });
  const asked = (params.scope ?? '').split(' ').filter((scope) => scopes.includes(scope));
  grant.addOIDCScope(asked.join(' '));
  for (const audience of [...Object.keys(resourceServers), ...settings.refreshAudiences]) {
    grant.addResourceScope(audience, asked.join(' '));
  }
  const grantId = await grant.save();
  if (params.organization !== undefined) {
    accounts.rememberOrganization(grantId, params.organization, settings.refreshTokenSeconds + secondsOfTwoWeeks);
  }
  return grant;
}

/** oidc-provider drops `offline_access` unless `prompt=consent` (OIDC Core §11); Auth0 does not require that. */
function keepOfflineAccess(context: Context): void {
  const { params } = context.oidc;
  const asked = context.query.scope;
  if (typeof asked !== 'string' || !asked.split(' ').includes('offline_access')) return;
  if (params.scope?.split(' ').includes('offline_access')) return;
  params.scope = params.scope === undefined ? 'offline_access' : `${params.scope} offline_access`;
}

function acceptAnyLoopbackCallback(provider: Provider): void {
  const { prototype } = provider.Client;
  const isRegistered = prototype.redirectUriAllowed;
  prototype.redirectUriAllowed = function (redirectUri) {
    return anyLoopbackCallback.test(redirectUri) || isRegistered.call(this, redirectUri);
  };
}

/** With oidc-provider a refresh token is only for the APIs of its sign-in; Auth0's may be for others as well. */
function letRefreshesNameAudiences(provider: Provider, audiences: readonly string[]): void {
  const { prototype } = provider.RefreshToken;
  Object.defineProperty(prototype, 'resourceIndicators', {
    get(this: { resource?: string | string[] }) {
      return new Set([this.resource ?? [], audiences].flat());
    },
  });
}

function announcedMetadata(body: unknown, settings: OpenidSettings): unknown {
  if (!isRecord(body) || !Array.isArray(body.response_modes_supported)) return body;
  const { authorization_response_iss_parameter_supported: iss, ...metadata } = body;
  return {
    ...metadata,
    ...(settings.announceIss ? { authorization_response_iss_parameter_supported: iss } : {}),
    response_modes_supported: body.response_modes_supported.filter((mode) => settings.formPost || mode !== 'form_post'),
  };
}

function withInterval(body: unknown, settings: OpenidSettings): unknown {
  return isRecord(body) && 'device_code' in body ? { ...body, interval: settings.deviceIntervalSeconds } : body;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function show(context: Context, html: string): void {
  context.type = 'html';
  context.body = html;
}
