/** A broker with a provider that remembers its tokens, and may end more tokens than the one that it should revoke. */
import {
  ada,
  editor,
  exchangeOf,
  ScriptedProvider,
  type ScriptedWorld,
  scriptedWorld,
  type TestVault,
  type WorldOptions,
} from './brokerWorld.ts';
import { Grants, type RevocationEnds } from './grants.ts';

export interface GrantWorld extends ScriptedWorld {
  readonly grants: Grants;
}

interface GrantWorldOptions extends WorldOptions {
  readonly provider?: ScriptedProvider;
  /** Changes the provider before the broker starts. */
  readonly before?: (provider: ScriptedProvider) => void;
}

/** Laid out like Keycloak: no path is where Auth0 has it. */
const notAuth0 = {
  authorization_endpoint: 'https://login.tenant.example/authorize',
  token_endpoint: 'https://login.tenant.example/oauth/token',
};

/**
 * A double: the real providers that end more tokens are services, or too large to start for each of thousands of steps.
 * @param ends - `person` is laid out like Auth0, the others are not
 */
export async function grantWorld(
  ends: RevocationEnds,
  { before, ...options }: GrantWorldOptions = {},
): Promise<GrantWorld> {
  const provider = options.provider ?? new ScriptedProvider();
  const grants = provider.grants ?? new Grants(ends);
  provider.grants = grants;
  if (grants.ends !== 'person') provider.metadata = { ...notAuth0, ...provider.metadata };
  before?.(provider);
  const world = await scriptedWorld({ ...options, provider });
  provider.now = () => world.clock.now();
  return { ...world, grants };
}

/** Restarts the program with the same provider and stored state, or with other settings. */
export async function nextStart(
  last: GrantWorld,
  { vault = last.vault, settings }: Pick<GrantWorldOptions, 'vault' | 'settings'> = {},
): Promise<GrantWorld> {
  await last.broker.close({ handOver: true });
  const { provider, clock } = last;
  return await grantWorld(last.grants.ends, { provider, clock, vault, ...(settings && { settings }) });
}

/** Signs a person in as a program does, from this browser session. */
export async function signsIn(
  world: GrantWorld,
  { subject = ada, sid }: { subject?: string; sid?: string | undefined } = {},
): Promise<void> {
  world.provider.claims = { sub: subject, ...(sid !== undefined && { sid }) };
  world.provider.profile = { sub: subject };
  const result = await world.broker.authorize(editor, {});
  const { clientId = '', audience } = world.settings;
  await world.broker.token(editor, exchangeOf(result, { clientId, ...(audience !== undefined && { audience }) }));
}

/** The stored refresh tokens that wait for revocation. */
export function waitingIn(vault: TestVault): string[] | undefined {
  return vault.state?.revocations.map(({ token }) => token);
}

/** Resolves when all background work has had its turn. */
export async function settled({ clock }: ScriptedWorld, turns = 30): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(0);
  }
}

/** The error of a request while the network is down. */
export const unreachable = () => Promise.reject(new TypeError('fetch failed', { cause: { code: 'ENETUNREACH' } }));
