import { Auth0Api, Configuration, PKCEApi } from '@pieces.app/pieces-os-client';
import type { IdentityProvider } from '../../demo/identity-provider/provider.ts';
import { type IdentityProviderOptions, startIdentityProvider } from '../../demo/identity-provider/provider.ts';
import { isLoginAddress, loginPageBehind } from '../../testing/loginAddress.ts';
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

/** The one-time addresses of logins that the host has printed for the person, because there is no `$BROWSER`. */
export function printedAddresses(host: Headless): string[] {
  return host.output().split('\n').filter(isLoginAddress);
}

/** The login pages behind the addresses that were followed: each can be once. */
const followed = new WeakMap<Headless, Map<string, Promise<string | undefined>>>();

/**
 * The provider's login page behind the first address that the host has printed for the person, or prints now.
 * @param state - of the login that is meant, where there are several
 * @param others - states of logins that are not meant
 */
export async function printedLogin(host: Headless, state?: string, others: readonly string[] = []): Promise<string> {
  for (let count = 0; ; count += 1) {
    await host.waitForOutput(() => printedAddresses(host).length > count);
    const page = await loginPageOf(host, printedAddresses(host)[count] ?? '');
    if (page === undefined) continue;
    const found = new URL(page).searchParams.get('state') ?? '';
    if (state === undefined ? !others.includes(found) : found === state) return page;
  }
}

/** The one behind the last address that it has printed. */
export async function newestLogin(host: Headless): Promise<string> {
  const address = printedAddresses(host).at(-1);
  return (address === undefined ? undefined : await loginPageOf(host, address)) ?? (await printedLogin(host));
}

/** The states of the logins that the host has printed addresses of, as far as these were followed in time. */
export async function printedStates(host: Headless): Promise<string[]> {
  const pages = await Promise.all(printedAddresses(host).map((address) => loginPageOf(host, address)));
  const states = pages.flatMap((page) => (page === undefined ? [] : [new URL(page).searchParams.get('state') ?? '']));
  return [...new Set(states)];
}

function loginPageOf(host: Headless, address: string): Promise<string | undefined> {
  const known = followed.get(host) ?? new Map<string, Promise<string | undefined>>();
  followed.set(host, known);
  const page = known.get(address) ?? loginPageBehind(address);
  known.set(address, page);
  return page;
}
