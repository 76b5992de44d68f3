import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { idleBroker, scriptedWorld } from '../../testing/brokerWorld.ts';
import { latch } from '../../testing/latch.ts';
import { arrivedAt } from '../../testing/loginAddress.ts';
import { testGate } from '../../testing/testGate.ts';
import { type Program, unknownProgram } from '../access/program.ts';
import { type Operation, text } from '../api/operation.ts';
import { createApi } from '../api/server.ts';
import type { Broker } from '../broker/broker.ts';
import { listen } from '../listener/listen.ts';
import { type CallerLookup, callerWith } from './caller.ts';

const editor: Program = { id: '/usr/bin/ed', name: 'ed', path: '/usr/bin/ed', kind: 'program', lasting: 'always' };

/** A body that nobody takes yet: Node does not read on behind it, and so learns of nothing. */
const behindABody = `POST /act HTTP/1.1\r\nHost: HOST\r\nContent-Length: 30000\r\n\r\n${'x'.repeat(29_000)}`;
const ways: [string, string][] = [
  ['one request', ''],
  ['requests that Node does not read to their end', behindABody],
];

/** An API whose look-ups a test makes, and a client that asks it on one connection. */
async function stage(broker: Broker, callers: CallerLookup, host: string) {
  const acts: Program[] = [];
  const act: Operation = {
    method: 'GET',
    path: '/act',
    needs: 'nothing',
    async handle({ requester }) {
      acts.push(await requester.caller.program());
      return text('done');
    },
  };
  const nothing = () => undefined;
  const api = createApi({
    broker,
    gate: testGate(),
    callers,
    now: () => 0,
    log: { debug: nothing, info: nothing, warn: nothing, error: nothing },
    instance: { id: 'any', version: '1.2.3', compatibleVersion: '12.3.4' },
    commandKey: 'unused',
    docsFolder: 'unused',
    furtherOperations: [act],
  });
  const listening = await listen({ port: 0, ...api });
  onTestFinished(async () => {
    await Promise.all([api.close(), listening.close()]);
  });
  const client = connect(listening.port, host);
  client.on('error', nothing).resume();
  await once(client, 'connect');
  const ask = (path: string, behind: string) => {
    const head = `GET ${path} HTTP/1.1\r\nHost: HOST\r\nAccept: text/html\r\n\r\n`;
    client.write(`${head}${behind}`.replaceAll('HOST', `localhost:${listening.port}`));
  };
  return { acts, client, ask };
}

/** Done when the kernel has told the other end. */
async function reset(client: Socket): Promise<void> {
  client.resetAndDestroy();
  await once(client, 'close');
}

/** What is under way is over: longer than any answer here takes. */
const settled = async () => {
  for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

// Whoever resets their connection leaves its ports to others: the look-up then finds the next program that got them. Which that
// is no test can say, so that the look-up here finds an editor.
describe.each(['127.0.0.1', '::1'])('a connection from %s that was reset is nobody’s [C2]', (host) => {
  it.each(ways)('%s, reset before its caller is found', async (_way, behind) => {
    const asked = latch();
    const found = latch();
    const callers: CallerLookup = {
      async find() {
        asked.open();
        await found.opened;
        return callerWith(async () => editor);
      },
      mayBringLogin: async () => false,
    };
    const { acts, client, ask } = await stage(idleBroker(), callers, host);
    ask('/act', behind);
    await asked.opened;
    await reset(client);
    found.open();
    await settled();
    expect(acts).toEqual([]);
  });

  it.each(ways)('%s, reset before its program is found', async (_way, behind) => {
    const asked = latch();
    const found = latch();
    const program = async () => {
      asked.open();
      await found.opened;
      return editor;
    };
    const callers: CallerLookup = { find: async () => callerWith(program), mayBringLogin: async () => false };
    const { acts, client, ask } = await stage(idleBroker(), callers, host);
    ask('/act', behind);
    await asked.opened;
    await reset(client);
    found.open();
    await expect.poll(() => acts).toEqual([unknownProgram]);
  });

  it.each(ways)('%s, reset before it is known who may bring a login [R16]', async (_way, behind) => {
    const asked = latch();
    const found = latch();
    const callers: CallerLookup = {
      // Who sends what is behind is never found out.
      find: () => new Promise(() => undefined),
      async mayBringLogin() {
        asked.open();
        await found.opened;
        return true;
      },
    };
    const { broker } = await scriptedWorld({ person: null });
    broker.authorize('program', {}).catch(() => undefined);
    await expect.poll(() => broker.state().waiting?.id).toBeDefined();
    const address = broker.newLoginAddress(broker.state().waiting?.id ?? '') ?? '';
    const { client, ask } = await stage(broker, callers, host);
    ask(new URL(address).pathname, behind);
    await asked.opened;
    await reset(client);
    found.open();
    await settled();
    // Nothing has used it up.
    expect(arrivedAt(broker, address)).toContain('/authorize?');
  });
});
