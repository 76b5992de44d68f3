import { randomUUID } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import { idleBroker } from '../../testing/brokerWorld.ts';
import { testGate } from '../../testing/testGate.ts';
import { createApi } from '../api/server.ts';
import { listen } from '../listener/listen.ts';
import type { CallerLookup } from './caller.ts';

/** The API over a look-up that never comes to an end. */
async function stage(lookup: Partial<CallerLookup>): Promise<string> {
  const nothing = () => undefined;
  const api = createApi({
    broker: idleBroker(),
    gate: testGate(),
    callers: { find: () => new Promise(() => undefined), mayBringLogin: async () => true, ...lookup },
    now: () => 0,
    log: { debug: nothing, info: nothing, warn: nothing, error: nothing },
    instance: { id: randomUUID(), version: '1.2.3', compatibleVersion: '12.3.4' },
    commandKey: 'unused',
    docsFolder: 'unused',
  });
  const { port, close } = await listen({ port: 0, handler: api.handler, onUpgrade: api.onUpgrade });
  onTestFinished(async () => {
    await Promise.all([api.close(), close()]);
  });
  return `http://localhost:${port}`;
}

/** A status, or `waits` when there is none within the 100 ms that probing clients give. */
async function probe(address: string, method = 'GET'): Promise<number | 'waits'> {
  return await fetch(address, { method, signal: AbortSignal.timeout(100) }).then(
    ({ status }) => status,
    () => 'waits' as const,
  );
}

test('where a look-up takes seconds, a probe is answered without it, and nothing else is [C12]', async () => {
  const slow = await stage({ isSlow: true });
  // A first connection warms up what takes its time at its first use.
  await fetch(`${slow}/.well-known/health`);
  expect(await probe(`${slow}/.well-known/health`)).toBe(200);
  expect(await probe(`${slow}/.well-known/health`, 'HEAD')).toBe(200);
  for (const path of ['/.well-known/health?x', '/.well-known/version', '/user', '/pkce/challenge', '/docs']) {
    expect(await probe(`${slow}${path}`), path).toBe('waits');
  }
});

test('where it does not, a probe of another user is refused too [L5]', async () => {
  expect(await probe(`${await stage({ find: async () => undefined })}/.well-known/health`)).toBe(403);
});
