/**
 * What packing and the end-to-end tests need of the system, beyond npm: Electron's libraries, a screen, a bus, a keyring, a panel,
 * notifications, a browser.
 */

import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** Debian's package, and the program by which its presence is seen. */
const PROGRAMS: Readonly<Record<string, string>> = {
  xvfb: 'Xvfb',
  'dbus-daemon': 'dbus-daemon',
  'gnome-keyring': 'gnome-keyring-daemon',
  'xfce4-panel': 'xfce4-panel',
  dunst: 'dunst',
  chromium: 'chromium',
  'libglib2.0-bin': 'gdbus',
  imagemagick: 'import',
  xdotool: 'xdotool',
  'xdg-utils': 'xdg-open',
  'util-linux': 'setpriv',
  // The lines of docs/reference/operations.md are pasted into a shell.
  curl: 'curl',
  procps: 'ps',
  'libnss3-tools': 'certutil',
  // A network of its own for what needs port 1000, and who opens that for others.
  iproute2: 'ip',
  systemd: 'systemd-socket-activate',
  'openssh-client': 'ssh',
  'openssh-server': 'sshd',
};

/**
 * Debian's package, and the library in it that Electron is linked with. It only looks for libnotify; with it a call of Electron's
 * that waits for the notification service is seen to wait.
 */
const LIBRARIES: Readonly<Record<string, string>> = {
  'libgtk-3-0': 'libgtk-3.so.0',
  libnss3: 'libnss3.so',
  libasound2: 'libasound.so.2',
  libgbm1: 'libgbm.so.1',
  libnotify4: 'libnotify.so.4',
};

/** The same for what a few tests need: where one is missing, those tests alone are skipped and say so. */
const OPTIONAL_PROGRAMS: Readonly<Record<string, string>> = {
  neovim: 'nvim',
  'emacs-nox': 'emacs',
  // Hostile pages, in a second engine.
  'firefox-esr': 'firefox-esr',
  // The completion of the command.
  zsh: 'zsh',
  fish: 'fish',
  // A file system that a program of the user's serves.
  bindfs: 'bindfs',
  // examples/scripts
  python3: 'python3',
  'golang-go': 'go',
  rustc: 'rustc',
  'default-jdk-headless': 'javac',
};

export interface SystemPackages {
  /** Debian's names of the packages that are still missing. */
  readonly missing: readonly string[];
  /** What a person types to get them. */
  readonly installLine: string;
}

/**
 * Sees to it that everything is there: where this process is root and there is apt-get, it installs what is missing.
 * Otherwise, and where that fails, it returns what is missing. Only for Linux.
 *
 * @param announce Takes each line that the person should read.
 */
export function ensureSystemPackages(announce: (line: string) => void): Promise<SystemPackages> {
  return ensure('the desktop tests need', findMissing, announce);
}

/**
 * The same for Electron's libraries alone, without which it does not even say its version.
 * @throws Error saying what is missing, and how to get it
 */
export async function requireElectronLibraries(announce: (line: string) => void): Promise<void> {
  refuseMissing(await ensure('Electron needs', findMissingLibraries, announce));
}

/** The same for whom nothing goes without them. @throws Error saying what is missing, and how to get it */
export async function requireSystemPackages(announce: (line: string) => void): Promise<void> {
  refuseMissing(await ensureSystemPackages(announce));
}

/** Installs what is optional and missing, where that can be done. Whatever comes of it: its tests look for themselves. */
export async function ensureOptionalPackages(announce: (line: string) => void): Promise<void> {
  const missing = await findMissingPrograms(OPTIONAL_PROGRAMS);
  if (missing.length === 0 || !(await canInstall())) return;
  announce(`Installing what some tests need: ${missing.join(' ')} …`);
  await install(missing).catch((error: unknown) => announce(`apt-get failed: ${lastLine(error)}`));
}

/** Why the tests of an optional program are skipped; undefined when it is there. */
export async function whyNoProgram(program: string): Promise<string | undefined> {
  return (await isProgram(program)) ? undefined : `${program} is not installed`;
}

/** Only looks. The names of Debian's packages. */
export async function findMissing(): Promise<string[]> {
  return [...(await findMissingPrograms(PROGRAMS)), ...(await findMissingLibraries())];
}

async function findMissingPrograms(programs: Readonly<Record<string, string>>): Promise<string[]> {
  const missing: string[] = [];
  for (const [name, program] of Object.entries(programs)) {
    if (!(await isProgram(program))) missing.push(name);
  }
  return missing;
}

async function findMissingLibraries(): Promise<string[]> {
  const known = await knownLibraries();
  return Object.entries(LIBRARIES).flatMap(([name, library]) => (known.includes(`\t${library} `) ? [] : [name]));
}

async function ensure(
  what: string,
  findMissing: () => Promise<string[]>,
  announce: (line: string) => void,
): Promise<SystemPackages> {
  const missing = await findMissing();
  if (missing.length === 0 || !(await canInstall())) return stateOf(missing);
  announce(`Installing what ${what}: ${missing.join(' ')} …`);
  try {
    await install(missing);
  } catch (error) {
    announce(`apt-get failed: ${lastLine(error)}`);
  }
  return stateOf(await findMissing());
}

function refuseMissing({ missing, installLine }: SystemPackages): void {
  if (missing.length > 0) throw new Error(`Not installed: ${missing.join(', ')}. Type: ${installLine}`);
}

function stateOf(missing: readonly string[]): SystemPackages {
  return { missing, installLine: `sudo apt-get install --no-install-recommends ${missing.join(' ')}` };
}

async function canInstall(): Promise<boolean> {
  return process.getuid?.() === 0 && (await isProgram('apt-get'));
}

async function install(packages: readonly string[]): Promise<void> {
  // RUNLEVEL: what is installed for a test is not started as a service of the machine (invoke-rc.d(8)).
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  const options = { env, maxBuffer: 64 * 1024 * 1024 };
  await execute('apt-get', ['update', '--quiet'], options);
  await execute('apt-get', ['install', '--yes', '--quiet', '--no-install-recommends', ...packages], options);
}

async function isProgram(name: string): Promise<boolean> {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const found = await access(join(folder, name), constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return true;
  }
  return false;
}

/** The linker's cache, one library a line. Its program is not in every user's PATH. */
async function knownLibraries(): Promise<string> {
  return execute('/sbin/ldconfig', ['-p']).then(
    ({ stdout }) => stdout,
    () => '',
  );
}

function lastLine(error: unknown): string {
  const said = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
  return said.trim().split('\n').at(-1) ?? '';
}
