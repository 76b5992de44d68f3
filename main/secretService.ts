import { SessionBus, UnusableBus } from './sessionBus.ts';

/** How long the Secret Service may take to answer, also when the bus starts it first; in milliseconds. */
const defaultPatience = 5_000;

/**
 * What the Secret Service says of its default collection. `empty`: it runs and has none, as one does whose only database is
 * closed. `unknown`: it cannot be asked, because the session bus is of a kind that Loopgate does not speak with.
 */
export type SecretServiceState = 'unlocked' | 'locked' | 'empty' | 'absent' | 'unknown';

/**
 * Looks at the Secret Service (freedesktop.org's Secret Service API) over D-Bus, without a prompt: whoever asks it for a
 * secret while it is locked makes it ask the person for a password.
 * @param patience - in milliseconds; for tests
 */
export async function secretServiceState(
  environment: NodeJS.ProcessEnv = process.env,
  patience = defaultPatience,
): Promise<SecretServiceState> {
  let bus: SessionBus | undefined;
  try {
    bus = await SessionBus.open(environment, patience);
    const destination = 'org.freedesktop.secrets';
    const service = '/org/freedesktop/secrets';
    const alias = await bus.call({
      destination,
      path: service,
      target: 'org.freedesktop.Secret.Service',
      member: 'ReadAlias',
      values: ['default'],
      answer: 'o',
    });
    const collection = alias.text();
    if (!collection.startsWith(`${service}/`)) return 'empty';
    const locked = await bus.call({
      destination,
      path: collection,
      target: 'org.freedesktop.DBus.Properties',
      member: 'Get',
      values: ['org.freedesktop.Secret.Collection', 'Locked'],
      answer: 'v',
    });
    return locked.booleanVariant() ? 'locked' : 'unlocked';
  } catch (error) {
    return error instanceof UnusableBus ? 'unknown' : 'absent';
  } finally {
    bus?.close();
  }
}
