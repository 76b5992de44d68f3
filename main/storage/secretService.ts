import { UnusableBus } from '../system/dbusMessages.ts';
import { SessionBus } from '../system/sessionBus.ts';

/** How long the Secret Service may take to answer, even when the bus has to start it; in milliseconds. */
const defaultTimeout = 5_000;

/**
 * The state of the Secret Service's default collection. `empty`: the service runs without one; a service whose only database
 * is closed looks the same. `unknown`: Loopgate cannot ask it, because it does not support this kind of session bus.
 */
export type SecretServiceState = 'unlocked' | 'locked' | 'empty' | 'absent' | 'unknown';

/**
 * Checks the Secret Service (freedesktop.org's Secret Service API) over D-Bus, without a prompt. Requesting a secret while it
 * is locked would prompt the person for a password.
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

/** Its address on the bus. */
export const secretService = {
  destination: 'org.freedesktop.secrets',
  path: '/org/freedesktop/secrets',
  target: 'org.freedesktop.Secret.Service',
} as const;

/** The object path of the default collection; `/` when there is none. @throws Error as {@link SessionBus.call} does */
export async function defaultCollection(bus: SessionBus): Promise<string> {
  return (await bus.call({ ...secretService, member: 'ReadAlias', values: ['default'], answer: 'o' })).text();
}
