import { randomUUID } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import { idleBroker } from '../../testing/brokerWorld.ts';
import { latch } from '../../testing/latch.ts';
import { testGate } from '../../testing/testGate.ts';
import { callerWith } from '../callers/caller.ts';
import { LoopgateError } from '../errors/errors.ts';
import { listen } from '../listener/listen.ts';
import { type Operation, text } from './operation.ts';
import { type ApiOptions, createApi } from './server.ts';

/** An API with an operation more, and its port. */
async function apiWith(operation: Operation, told: Pick<ApiOptions, 'onCrowd' | 'onThousand'>): Promise<number> {
  const nothing = () => undefined;
  const api = createApi({
    broker: idleBroker(),
    gate: testGate(),
    callers: { find: async () => callerWith(async () => undefined), mayBringLogin: async () => true },
    now: () => 0,
    log: { debug: nothing, info: nothing, warn: nothing, error: nothing },
    instance: { id: randomUUID(), version: '1.2.3', compatibleVersion: '12.3.4' },
    commandKey: 'unused',
    docsFolder: 'unused',
    furtherOperations: [operation],
    ...told,
  });
  const { port, close } = await listen({ port: 0, handler: api.handler });
  onTestFinished(async () => {
    await Promise.all([api.close(), close()]);
  });
  return port;
}

test('performance: each thousandth request is told', async () => {
  let thousands = 0;
  const quick: Operation = { method: 'GET', path: '/quick', needs: 'nothing', handle: () => text('there') };
  const port = await apiWith(quick, { onThousand: () => (thousands += 1) });
  const ask = async (times: number) => {
    for (let time = 0; time < times; time += 1) await (await fetch(`http://localhost:${port}/quick`)).text();
  };
  await ask(999);
  expect(thousands).toBe(0);
  await ask(1_001);
  expect(thousands).toBe(2);
});

test('performance: the heap may grow while twenty wait at once, and not before or after', async () => {
  const answering = latch();
  const told: string[] = [];
  let waiting = 0;
  const slow: Operation = {
    method: 'GET',
    path: '/slow',
    needs: 'nothing',
    async handle() {
      waiting += 1;
      const place = waiting;
      told.push(String(place));
      await answering.opened;
      // Whoever is refused does not wait any more either.
      if (place > 60) throw new LoopgateError('not_signed_in');
      return text('there');
    },
  };
  const port = await apiWith(slow, { onCrowd: (isCrowded) => told.push(isCrowded ? 'crowded' : 'over') });
  const ask = () => fetch(`http://localhost:${port}/slow`).then(({ status }) => status);
  const asked = Array.from({ length: 120 }, ask);
  await expect.poll(() => waiting, { timeout: 20_000 }).toBe(120);
  expect(told.filter((one) => one === 'crowded' || one === 'over')).toEqual(['crowded']);
  expect(told.indexOf('crowded')).toBeGreaterThanOrEqual(20);
  answering.open();
  await Promise.all(asked);
  expect(told.filter((one) => one === 'crowded' || one === 'over')).toEqual(['crowded', 'over']);
});
