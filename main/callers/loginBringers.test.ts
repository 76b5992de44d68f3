import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { scriptedWorld } from '../../testing/brokerWorld.ts';
import { arrivedAt } from '../../testing/loginAddress.ts';
import { testGate } from '../../testing/testGate.ts';
import { createApi } from '../api/server.ts';
import { listen } from '../listener/listen.ts';
import { deferred } from '../system/deferred.ts';
import { type CallerLookup, callerWith } from './caller.ts';

/** A login that waits behind an API whose look-up says what a test wants, and whoever asks for its address. */
async function stage(mayBringLogin: CallerLookup['mayBringLogin']) {
  const { broker, log } = await scriptedWorld({ person: null });
  const asked = broker.authorize('program', {});
  asked.catch(() => undefined);
  await expect.poll(() => broker.state().waiting?.id).toBeDefined();
  const address = broker.newLoginAddress(broker.state().waiting?.id ?? '') ?? '';
  const api = createApi({
    broker,
    gate: testGate(),
    callers: { find: async () => callerWith(async () => undefined), mayBringLogin },
    now: () => 0,
    log: Object.assign(log, { debug: () => undefined }),
    instance: { id: 'any', version: '1.2.3', compatibleVersion: '12.3.4' },
    commandKey: 'unused',
    docsFolder: 'unused',
  });
  const listening = await listen({ port: 0, ...api });
  onTestFinished(async () => {
    await Promise.all([api.close(), listening.close()]);
  });
  const request = `GET ${new URL(address).pathname} HTTP/1.1\r\nHost: localhost:${listening.port}\r\nAccept: text/html\r\n\r\n`;
  const client = connect(listening.port, '127.0.0.1', () => client.write(request));
  client.on('error', () => undefined).resume();
  return { broker, address, client };
}

// The look-up then finds the ports again, and they may be those of another connection.
test.each<[string, (client: ReturnType<typeof connect>) => Promise<void>]>([
  [
    'reset',
    async (client) => {
      client.resetAndDestroy();
      await once(client, 'close');
    },
  ],
  [
    'ended',
    async (client) => {
      client.end();
      await once(client, 'finish');
    },
  ],
])(
  'a connection that was %s before the answer of the look-up brings nothing, whatever that says [R16]',
  async (_how, end) => {
    const looked = deferred();
    let client: ReturnType<typeof connect> | undefined;
    const staged = await stage(async () => {
      if (client) await end(client);
      looked.resolve();
      return true;
    });
    client = staged.client;
    await looked.promise;
    // What is asked later is answered later.
    await expect.poll(() => staged.client.destroyed).toBe(true);
    expect(arrivedAt(staged.broker, staged.address)).toContain('/authorize?');
  },
);

test('a failed look-up lets no browser bring a login [R16]', async () => {
  const { broker, address, client } = await stage(() => Promise.reject(new Error('EMFILE')));
  await once(client, 'close');
  expect(arrivedAt(broker, address)).toContain('/authorize?');
});
