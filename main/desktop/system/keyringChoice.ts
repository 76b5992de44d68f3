import { statSync } from 'node:fs';
import { sessionPath } from '../../storage/dataFolder.ts';
import { inTime, SessionBus } from '../../system/sessionBus.ts';

/** How long the session bus may take to answer, in milliseconds: the start of the app waits for it. */
const timeout = 1_000;

/** A keyring that Chromium can use on Linux. */
interface Keyring {
  /** Its name in Chromium's switch `password-store`. */
  readonly store: string;
  /** Its name in Electron's `getSelectedStorageBackend`, and in the name of the file that is stored under it. */
  readonly backend: string;
  /** Its name on the session bus. */
  readonly name: string;
}

const secretService: Keyring = {
  store: 'gnome-libsecret',
  backend: 'gnome_libsecret',
  name: 'org.freedesktop.secrets',
};
const kwallet6: Keyring = { store: 'kwallet6', backend: 'kwallet6', name: 'org.kde.kwalletd6' };
const kwallet5: Keyring = { store: 'kwallet5', backend: 'kwallet5', name: 'org.kde.kwalletd5' };
const keyrings = [secretService, kwallet6, kwallet5] as const;

/** The keyrings that the switch can name. Nobody has the last one any more but who names it. */
const named: readonly Keyring[] = [...keyrings, { store: 'kwallet', backend: 'kwallet', name: 'org.kde.kwalletd' }];

/** The names that the bus knows: those with an owner, and those for which it can start a program. */
export interface BusNames {
  readonly owned: ReadonlySet<string>;
  readonly activatable: ReadonlySet<string>;
}

/**
 * Chooses the keyring, as Chromium's switch `password-store` names it. Chromium itself goes only by the desktop's name, and
 * finds no keyring on sway, Hyprland, i3, niri, LXQt and others. This prefers the keyring that sessions are stored under,
 * then the desktop's own, then any that runs, then any that can be started. Whoever starts the app may name one that is there:
 * with any other value of the switch Chromium would store the sessions without a keyring.
 * @param asked - the value of the switch that the app was started with, if any
 * @returns undefined if the bus knows no keyring: then Chromium decides. If the bus cannot be asked, only the stored sessions
 * count
 */
export async function keyringStore(
  home: string,
  asked = '',
  environment: NodeJS.ProcessEnv = process.env,
): Promise<string | undefined> {
  const stored = storedUnder(home);
  const wanted = named.find(({ store }) => store === asked);
  try {
    const { owned, activatable } = await busNames(environment);
    if (wanted && (owned.has(wanted.name) || activatable.has(wanted.name))) return wanted.store;
    return chooseKeyring(stored, { owned, activatable }, environment)?.store;
  } catch {
    if (wanted) return wanted.store;
    return keyrings.find(({ backend }) => backend === stored[0])?.store;
  }
}

/** Whether the bus knows the keyring with this Electron name. @throws Error when the bus cannot be asked */
export async function isKeyringOnBus(backend: string, environment: NodeJS.ProcessEnv = process.env): Promise<boolean> {
  const { owned, activatable } = await busNames(environment);
  return keyrings.some((one) => one.backend === backend && (owned.has(one.name) || activatable.has(one.name)));
}

/** @param stored - the keyrings that sessions are stored under, by their Electron names, the latest first */
export function chooseKeyring(
  stored: readonly string[],
  { owned, activatable }: BusNames,
  environment: NodeJS.ProcessEnv,
): Keyring | undefined {
  const isThere = ({ name }: Keyring) => owned.has(name) || activatable.has(name);
  const used = stored.map((backend) => keyrings.find((one) => one.backend === backend && isThere(one)));
  const usual = usualKeyring(environment);
  return (
    used.find((one) => one !== undefined) ??
    (isThere(usual) ? usual : undefined) ??
    keyrings.find(({ name }) => owned.has(name)) ??
    keyrings.find(isThere)
  );
}

/** The desktop's keyring: KDE's own, elsewhere the Secret Service. */
function usualKeyring({
  XDG_CURRENT_DESKTOP: desktop = '',
  DESKTOP_SESSION: session = '',
  KDE_SESSION_VERSION: version,
}: NodeJS.ProcessEnv): Keyring {
  const isKde = desktop === '' ? /^(kde|plasma)/.test(session) : desktop.split(':').includes('KDE');
  if (!isKde) return secretService;
  return version === '5' ? kwallet5 : kwallet6;
}

function storedUnder(home: string): string[] {
  const found = keyrings.flatMap(({ backend }) => {
    const status = statSync(sessionPath(home, backend), { throwIfNoEntry: false });
    return status ? [{ backend, changed: status.mtimeMs }] : [];
  });
  return found.sort((a, b) => b.changed - a.changed).map(({ backend }) => backend);
}

async function busNames(environment: NodeJS.ProcessEnv): Promise<BusNames> {
  return await inTime(askBus(environment), timeout);
}

async function askBus(environment: NodeJS.ProcessEnv): Promise<BusNames> {
  const bus = await SessionBus.open(environment, timeout);
  try {
    const target = 'org.freedesktop.DBus';
    const list = async (member: string) => {
      const call = { destination: target, path: '/org/freedesktop/DBus', target, member, answer: 'as' };
      return new Set((await bus.call(call)).texts());
    };
    const [owned, activatable] = await Promise.all([list('ListNames'), list('ListActivatableNames')]);
    return { owned, activatable };
  } finally {
    bus.close();
  }
}
