import { defaultCollection, secretService } from '../../storage/secretService.ts';
import type { BusCall } from '../../system/dbusMessages.ts';
import { busValue } from '../../system/dbusValues.ts';
import { inTime, SessionBus } from '../../system/sessionBus.ts';

/** How long the bus and the Secret Service may take to answer, and how long a person may take at the prompt. Milliseconds. */
const answerTimeout = 10_000;
const personTimeout = 5 * 60_000;

const target = 'org.freedesktop.Secret.Prompt';

/** The name that the system's own programs give the first keyring. */
const label = 'Default keyring';

/**
 * Makes the Secret Service ask the person for the password of its default keyring, in its own window (freedesktop.org's
 * Secret Service API, Unlock and Prompt). The prompt ends with its connection, so it gets one of its own. The safeStorage of
 * older Electrons would block the whole main process. Resolves when the person has answered, or when the keyring was not
 * locked. @throws Error when the prompt could not be shown
 */
export async function promptToUnlock(environment: NodeJS.ProcessEnv = process.env): Promise<void> {
  await withBus(environment, async (bus) => {
    const collection = await defaultCollection(bus);
    if (collection === '/') throw new Error('there is no keyring');
    await prompted(bus, { ...secretService, member: 'Unlock', values: [[collection]], answer: 'aoo' });
  });
}

/**
 * Makes the Secret Service ask the person for a password for a new default keyring (CreateCollection and Prompt). If there is
 * one already, this creates no other. Resolves when the person has answered, or when there is one. @throws Error when the
 * prompt could not be shown
 */
export async function promptToCreate(environment: NodeJS.ProcessEnv = process.env): Promise<void> {
  await withBus(environment, async (bus) => {
    if ((await defaultCollection(bus)) !== '/') return;
    const properties = busValue.dictionary({ 'org.freedesktop.Secret.Collection.Label': label });
    const values = [properties, 'default'];
    await prompted(bus, { ...secretService, member: 'CreateCollection', values, answer: 'oo' });
  });
}

async function withBus(environment: NodeJS.ProcessEnv, ask: (bus: SessionBus) => Promise<void>): Promise<void> {
  const bus = await SessionBus.open(environment, answerTimeout);
  try {
    await ask(bus);
  } finally {
    bus.close();
  }
}

/** Makes a call that may need a prompt; if it does, shows the prompt and waits for the answer. */
async function prompted(bus: SessionBus, call: BusCall): Promise<void> {
  const done = await bus.call(call);
  // The service did it without a prompt.
  if (call.answer === 'aoo') done.texts();
  else done.text();
  const prompt = done.text();
  if (prompt === '/') return;
  const answered = new Promise<void>((resolve, reject) => {
    bus.onSignal(({ path, member }) => {
      if (path === prompt && member === 'Completed') resolve();
    });
    void bus.ended.then(reject);
  });
  await Promise.all([
    // Some services send the signal to all listeners, not only to the caller.
    bus.match(`type='signal',path='${prompt}',interface='${target}',member='Completed'`),
    bus.call({ destination: secretService.destination, path: prompt, target, member: 'Prompt', values: [''] }),
    inTime(answered, personTimeout),
  ]);
}
