import { UnusableBus } from '../system/dbusMessages.ts';
import { SessionBus } from '../system/sessionBus.ts';

/** How long the Secret Service may take to answer, also when the bus starts it first; in milliseconds. */
const defaultTimeout = 5_000;

/**
 * What the Secret Service says of its default collection. `empty`: it runs and has none, as one does whose only database is
 * closed. `unknown`: it cannot be asked, because the session bus is of a kind that Loopgate does not speak with.
 */
export type SecretServiceState = 'unlocked' | 'locked' | 'empty' | 'absent' | 'unknown';

/**
 * Looks at the Secret Service (freedesktop.org's Secret Service API) over D-Bus, without a prompt: whoever asks it for a
 * secret while it is locked makes it ask the person for a password.
 * @param timeout - in milliseconds; for tests
 */
export async function secretServiceState(
  environment: NodeJS.ProcessEnv = process.env,
  timeout = defaultTimeout,
): Promise<SecretServiceState> {
  let bus: SessionBus | undefined;
  try {
    bus = await SessionBus.open(environment, timeout);
    const collection = await defaultCollection(bus);
    if (!collection.startsWith(`${secretService.path}/`)) return 'empty';
    const { destination } = secretService;
    const isLocked = await bus.booleanProperty(destination, collection, 'org.freedesktop.Secret.Collection', 'Locked');
    return isLocked ? 'locked' : 'unlocked';
  } catch (error) {
    return error instanceof UnusableBus ? 'unknown' : 'absent';
  } finally {
    bus?.close();
  }
}

/** Where it is on the bus. */
export const secretService = {
  destination: 'org.freedesktop.secrets',
  path: '/org/freedesktop/secrets',
  target: 'org.freedesktop.Secret.Service',
} as const;

/** The object's path of the default collection; `/` when there is none. @throws Error as {@link SessionBus.call} does */
export async function defaultCollection(bus: SessionBus): Promise<string> {
  return (await bus.call({ ...secretService, member: 'ReadAlias', values: ['default'], answer: 'o' })).text();
}
