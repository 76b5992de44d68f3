import { defaultCollection, secretService } from '../secretService.ts';
import { inTime, SessionBus } from '../sessionBus.ts';

/** How long the bus and the Secret Service may take to answer, and how long a person may take at the prompt. Milliseconds. */
const answerPatience = 10_000;
const personPatience = 5 * 60_000;

const target = 'org.freedesktop.Secret.Prompt';

/**
 * Has the Secret Service ask the person for the password of its default keyring, in its own window (freedesktop.org's Secret
 * Service API, Unlock and Prompt). Over a connection of its own: the prompt belongs to it and goes with it. safeStorage of
 * older Electrons would hold up the whole main process.
 * Resolves when the person has answered, or nothing was locked. @throws Error when nobody could be asked
 */
export async function promptToUnlock(environment: NodeJS.ProcessEnv = process.env): Promise<void> {
  const bus = await SessionBus.open(environment, answerPatience);
  try {
    const collection = await defaultCollection(bus);
    if (collection === '/') throw new Error('there is no keyring');
    const unlocked = await bus.call({ ...secretService, member: 'Unlock', values: [[collection]], answer: 'aoo' });
    unlocked.texts();
    const prompt = unlocked.text();
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
      inTime(answered, personPatience),
    ]);
  } finally {
    bus.close();
  }
}
