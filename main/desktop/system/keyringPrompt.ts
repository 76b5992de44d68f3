import { defaultCollection, secretService } from '../../storage/secretService.ts';
import type { BusCall } from '../../system/dbusMessages.ts';
import { busValue } from '../../system/dbusValues.ts';
import { inTime, SessionBus } from '../../system/sessionBus.ts';

/** How long the bus and the Secret Service may take to answer, and how long a person may take at the prompt. Milliseconds. */
const answerTimeout = 10_000;
const personTimeout = 5 * 60_000;

const target = 'org.freedesktop.Secret.Prompt';

/** As the system's own programs call the first keyring. */
const label = 'Default keyring';

/**
 * Has the Secret Service ask the person for the password of its default keyring, in its own window (freedesktop.org's Secret
 * Service API, Unlock and Prompt). Over a connection of its own: the prompt belongs to it and goes with it. safeStorage of
 * older Electrons would hold up the whole main process.
 * Resolves when the person has answered, or nothing was locked. @throws Error when nobody could be asked
 */
export async function promptToUnlock(environment: NodeJS.ProcessEnv = process.env): Promise<void> {
  await withBus(environment, async (bus) => {
    const collection = await defaultCollection(bus);
    if (collection === '/') throw new Error('there is no keyring');
    await prompted(bus, { ...secretService, member: 'Unlock', values: [[collection]], answer: 'aoo' });
  });
}

/**
 * Has the Secret Service ask the person for a password for a new default keyring (CreateCollection and Prompt). One that is there
 * already stays the only one.
 * Resolves when the person has answered, or there is one. @throws Error when nobody could be asked
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

/** Asks for something that may take a prompt, which is then shown and waited for. */
async function prompted(bus: SessionBus, call: BusCall): Promise<void> {
  const done = await bus.call(call);
  // What was done without a prompt.
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
    // Some services tell everybody, and not only whoever asked.
    bus.match(`type='signal',path='${prompt}',interface='${target}',member='Completed'`),
    bus.call({ destination: secretService.destination, path: prompt, target, member: 'Prompt', values: [''] }),
    inTime(answered, personTimeout),
  ]);
}
