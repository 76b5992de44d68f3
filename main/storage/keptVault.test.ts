import { expect, test } from 'vitest';
import { verbatim } from '../../preload/texts/messages.ts';
import { scriptedWorld, storedAccountOf, TestVault } from '../../testing/brokerWorld.ts';
import { type StoredState, VaultUnreadable } from '../broker/session/vault.ts';
import { deferred } from '../system/deferred.ts';
import { KeptVault } from './keptVault.ts';

const nobody: StoredState = { version: 1, accounts: [], revocations: [] };
const ended = (why: string): StoredState => ({ ...nobody, ended: why });

test('it is read once; the next broker gets what was last to be saved [T4]', async () => {
  const vault = new TestVault(ended('first'));
  const kept = new KeptVault(vault);
  expect(kept.state).toBeUndefined();
  expect(await kept.load()).toEqual(ended('first'));
  await kept.save(ended('second'));
  await vault.save(ended('somebody else'));
  expect(await kept.load()).toEqual(ended('second'));
});

test('what a disk has refused is not lost, and is written when the next broker begins [T4]', async () => {
  const vault = new TestVault(nobody);
  const kept = new KeptVault(vault);
  await kept.load();
  vault.saveFailure = new Error('full');
  await expect(kept.save(ended('unsaved'))).rejects.toThrow('full');
  vault.saveFailure = undefined;
  expect(await kept.load()).toEqual(ended('unsaved'));
  expect(vault.state).toEqual(ended('unsaved'));
});

test('what was set aside is not read again; another failure is tried again', async () => {
  const vault = new TestVault(ended('stored'));
  const kept = new KeptVault(vault);
  vault.loadFailure = new Error('busy');
  await expect(kept.load()).rejects.toThrow('busy');
  vault.loadFailure = new VaultUnreadable(verbatim('damaged'));
  await expect(kept.load()).rejects.toThrow('damaged');
  expect(await kept.load()).toBeUndefined();
});

test('after a hand-over the old broker renews, writes and revokes nothing more [T4, T10]', async () => {
  const old = await scriptedWorld();
  await old.broker.signIn();
  const vault = new TestVault(old.vault.state);
  const before = storedAccountOf(old.vault).refreshToken;
  await old.broker.close({ handOver: true });
  const [saves, requests] = [old.vault.saves.length, old.provider.requests.length];
  old.clock.advance(7 * 24 * 3600_000);
  await old.broker.close({ handOver: true });
  expect([old.vault.saves.length, old.provider.requests.length]).toEqual([saves, requests]);

  const next = await scriptedWorld({ vault, provider: old.provider });
  expect(next.broker.state().person?.subject).toBeDefined();
  expect(storedAccountOf(vault).refreshToken).toBe(before);
});

test('a renewal that is under way is waited for, longer than a quitting app would [T4]', async () => {
  const world = await scriptedWorld();
  await world.broker.signIn();
  const answer = deferred<Response>();
  const asked = deferred();
  world.provider.answers.set('/oauth/token', () => {
    asked.resolve();
    return answer.promise;
  });
  const renewing = world.broker.renew().catch(() => undefined);
  world.clock.advance(24 * 3600_000);
  await asked.promise;
  let isClosed = false;
  const closing = world.broker.close({ handOver: true }).then(() => {
    isClosed = true;
  });
  world.clock.advance(6_000);
  await new Promise((resolve) => setImmediate(resolve));
  expect(isClosed).toBe(false);
  answer.resolve(Response.json({ error: 'temporarily_unavailable' }, { status: 503 }));
  await closing;
  await renewing;
});
