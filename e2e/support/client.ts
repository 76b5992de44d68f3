import { Auth0Api, Configuration, PKCEApi } from '@pieces.app/pieces-os-client';
import type { IdentityProvider } from '../identity-provider/provider.ts';
import { type IdentityProviderOptions, startIdentityProvider } from '../identity-provider/provider.ts';
import { type Headless, type HeadlessOptions, startHeadless, testBrowser } from './headless.ts';

/** The published client, unmodified, at a host of ours: no key, no patch. */
export function publishedClient(address: string): { pkce: PKCEApi; auth0: Auth0Api } {
  const configuration = new Configuration({ basePath: address });
  return { pkce: new PKCEApi(configuration), auth0: new Auth0Api(configuration) };
}

/** A provider and a headless host that uses it. */
export interface Pair {
  readonly provider: IdentityProvider;
  readonly host: Headless;
  stop(): Promise<void>;
}

/** What makes a host use a provider. */
export function providerEnvironment(provider: IdentityProvider): NodeJS.ProcessEnv {
  return {
    LOOPGATE_ISSUER: provider.issuer,
    LOOPGATE_CLIENT_ID: provider.clientId,
    LOOPGATE_AUDIENCE: provider.audience,
  };
}

/**
 * Starts both. Without a `BROWSER` in the environment nobody opens the login: the host prints its address, and the test
 * plays the person.
 */
export async function startPair(
  options: { provider?: IdentityProviderOptions; host?: HeadlessOptions; browser?: boolean } = {},
): Promise<Pair> {
  // Where there is device authorization, a host without a browser signs in by that and prints no address.
  const provider = await startIdentityProvider({ anyLoopbackCallback: true, deviceFlow: false, ...options.provider });
  const host = await startHeadless({
    ...options.host,
    environment: {
      ...providerEnvironment(provider),
      ...(options.browser === true && { BROWSER: testBrowser }),
      ...options.host?.environment,
    },
  });
  return {
    provider,
    host,
    async stop() {
      await host.stop();
      await provider.close();
    },
  };
}

/** The address that the host prints for the person when there is no `$BROWSER`; the newest one. */
export async function printedLogin(host: Headless, state?: string): Promise<string> {
  const pattern = state === undefined ? /^http\S+\/authorize\?/ : new RegExp(`^http\\S+/authorize\\?.*state=${state}`);
  return await host.waitForLine(pattern);
}
