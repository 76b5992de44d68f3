/** T19, whatever a person, their programs, the network and the provider do, in any order. */
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { day, minute } from '../../../testing/durations.ts';
import type { RevocationEnds } from '../../../testing/grants.ts';
import { type GrantWorld, grantWorld, nextStart, settled, signsIn, unreachable } from '../../../testing/grantWorld.ts';

const runs = 60;
const empty = { accounts: [], revocations: [] };
const people = ['auth0|ada-lovelace', 'auth0|grace-hopper'];
/** Two APIs of one application: the same person may be signed in for both, each with its own settings. */
const audiences = [undefined, 'https://api.example/'];

type Step =
  | { readonly does: 'sign in'; readonly who: number; readonly sid: string | undefined }
  | { readonly does: 'sign out' | 'sign out another' | 'renew' | 'restart' | 'lose the provider' | 'regain it' }
  | { readonly does: 'lose its revocations' | 'change the settings' }
  | { readonly does: 'end the sessions of'; readonly who: number }
  | { readonly does: 'let time pass'; readonly minutes: number };

const who = fc.nat(people.length - 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      does: fc.constant('sign in' as const),
      who,
      sid: fc.constantFrom(undefined, 'one', 'one', 'two'),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      does: fc.constantFrom(
        'sign out',
        'sign out',
        'sign out another',
        'renew',
        'restart',
        'lose the provider',
        'regain it',
        'regain it',
        'lose its revocations',
        'change the settings',
      ),
    }),
  },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('end the sessions of' as const), who }) },
  {
    weight: 2,
    arbitrary: fc.record({ does: fc.constant('let time pass' as const), minutes: fc.integer({ min: 1, max: 90 }) }),
  },
);

/** Fails when the world refuses, as it does for a person: the provider is away, or no account is signed in. */
const tried = (work: Promise<unknown>) => work.catch(() => undefined);

async function take(world: GrantWorld, one: Step): Promise<GrantWorld> {
  const { broker, provider, clock, grants } = world;
  // The broker lets no program start more than some logins a minute.
  clock.advance(10_000);
  switch (one.does) {
    case 'sign in':
      await tried(signsIn(world, { subject: people[one.who] ?? '', sid: one.sid }));
      return world;
    case 'sign out':
      await broker.signOut();
      return world;
    case 'sign out another':
      await tried(broker.signOutAccount(broker.state().others[0]?.account ?? ''));
      return world;
    case 'renew':
      await tried(broker.renew());
      return world;
    case 'restart':
      return await nextStart(world, { settings: world.settings });
    case 'change the settings': {
      const audience = audiences.find((other) => other !== world.settings.audience);
      return await nextStart(world, audience === undefined ? {} : { settings: { audience } });
    }
    case 'lose the provider':
      for (const path of ['/oauth/token', '/oauth/revoke', '/userinfo']) provider.answers.set(path, unreachable);
      return world;
    case 'lose its revocations':
      provider.answers.set('/oauth/revoke', () => new Response('<html>', { status: 502 }));
      return world;
    case 'regain it':
      provider.answers.clear();
      return world;
    case 'end the sessions of':
      grants.endAll(people[one.who] ?? '');
      return world;
    case 'let time pass':
      for (let minutes = 0; minutes < one.minutes; minutes += 10) {
        clock.advance(10 * minute);
        await settled(world, 3);
      }
      return world;
  }
}

/** The refresh tokens of stored accounts that a revocation has ended. */
function endedByUs({ vault, grants }: GrantWorld): string[] {
  return (vault.state?.accounts ?? [])
    .map(({ refreshToken = '' }) => refreshToken)
    .filter((token) => grants.wasEndedByRevocation(token));
}

/** With each of the settings, all accounts sign out while the provider can be reached. */
async function signEverybodyOut(last: GrantWorld): Promise<GrantWorld> {
  last.provider.answers.clear();
  let world = last;
  for (const audience of audiences) {
    world = await nextStart(world, audience === undefined ? {} : { settings: { audience } });
    await world.broker.signOut();
    for (const { account } of world.broker.state().others) await world.broker.signOutAccount(account);
    await settled(world);
  }
  return world;
}

test.each(['family', 'session', 'person'] as const satisfies readonly RevocationEnds[])(
  'no session that is kept is ended by us, and what is given up is revoked in the end: a revocation ends the %s [T19]',
  async (ends) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        let world = await grantWorld(ends);
        let ended: string[] = [];
        // Checked at each revocation: tokens that are stored later do not count.
        world.grants.onRevoked = () => {
          ended = [...ended, ...endedByUs(world)];
        };
        for (const one of steps) {
          world = await take(world, one);
          await settled(world, 3);
        }
        world = await signEverybodyOut(world);
        await vi.waitFor(async () => {
          world.clock.advance(day);
          await settled(world);
          expect(world.vault.state ?? empty).toMatchObject({ accounts: [], revocations: [] });
        });
        expect(ended).toEqual([]);
        expect(world.grants.live).toEqual([]);
      }),
      { numRuns: runs, seed: 20_261_201 },
    );
  },
);
