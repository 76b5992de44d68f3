/** A broker in front of a provider that remembers what it gave, and may end more than the token that it is told to revoke. */
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

/** Laid out like Keycloak: nothing is where Auth0 has it. */
const notAuth0 = {
  authorization_endpoint: 'https://login.tenant.example/authorize',
  token_endpoint: 'https://login.tenant.example/oauth/token',
};

/**
 * A double: the real providers that end more are services, or too large to be started for each of thousands of steps.
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

/** The program is started again, with the same provider and what is on disk, or with other settings. */
export async function nextStart(
  last: GrantWorld,
  { vault = last.vault, settings }: Pick<GrantWorldOptions, 'vault' | 'settings'> = {},
): Promise<GrantWorld> {
  await last.broker.close({ handOver: true });
  const { provider, clock } = last;
  return await grantWorld(last.grants.ends, { provider, clock, vault, ...(settings && { settings }) });
}

/** Signs somebody in as a program does, from this session in the browser. */
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

/** The refresh tokens that are stored to be revoked. */
export function waitingIn(vault: TestVault): string[] | undefined {
  return vault.state?.revocations.map(({ token }) => token);
}

/** All that was started unasked has had its turn. */
export async function settled({ clock }: ScriptedWorld, turns = 30): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(0);
  }
}

/** What a request meets while the network is gone. */
export const unreachable = () => Promise.reject(new TypeError('fetch failed', { cause: { code: 'ENETUNREACH' } }));
