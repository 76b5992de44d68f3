import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { dbusSend } from './systemPrograms.ts';

/** How long the Secret Service may take to answer, also when the bus starts it first; in milliseconds. */
const patience = 5_000;

/**
 * What the Secret Service says of its default collection. `empty`: it runs and has none, as one does whose only database is
 * closed. `unknown`: it cannot be asked, because the system has no `dbus-send`.
 */
export type SecretServiceState = 'unlocked' | 'locked' | 'empty' | 'absent' | 'unknown';

/**
 * Looks at the Secret Service (freedesktop.org's Secret Service API) over D-Bus, without a prompt: whoever asks it for a
 * secret while it is locked makes it ask the person for a password.
 * @param program - `dbus-send`; for tests
 */
export async function secretServiceState(
  environment: NodeJS.ProcessEnv = process.env,
  program: string = dbusSend,
): Promise<SecretServiceState> {
  if (!hasSessionBus(environment)) return 'absent';
  if (!existsSync(program)) return 'unknown';
  const call = async (path: string, ...method: string[]) => {
    const addressing = ['--session', '--print-reply=literal', `--reply-timeout=${patience}`];
    const destination = '--dest=org.freedesktop.secrets';
    const { stdout } = await promisify(execFile)(program, [...addressing, destination, path, ...method], {
      env: environment,
      timeout: 2 * patience,
    });
    return stdout.trim();
  };
  try {
    const service = '/org/freedesktop/secrets';
    const collection = await call(service, 'org.freedesktop.Secret.Service.ReadAlias', 'string:default');
    if (!collection.startsWith(`${service}/`)) return 'empty';
    const ofCollection = 'string:org.freedesktop.Secret.Collection';
    const locked = await call(collection, 'org.freedesktop.DBus.Properties.Get', ofCollection, 'string:Locked');
    return /\btrue$/.test(locked) ? 'locked' : 'unlocked';
  } catch {
    return 'absent';
  }
}

/** Whether a session bus is known. Where none is, the library that asks for it would start one of its own, or wait for a screen. */
export function hasSessionBus({
  DBUS_SESSION_BUS_ADDRESS: address,
  XDG_RUNTIME_DIR: folder,
}: NodeJS.ProcessEnv): boolean {
  if (address !== undefined && address !== '') return true;
  return folder !== undefined && folder !== '' && existsSync(join(folder, 'bus'));
}
