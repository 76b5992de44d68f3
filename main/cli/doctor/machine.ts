import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readPolicy } from '../../settings/policy.ts';
import { readSettings, SettingError, type Settings } from '../../settings/settings.ts';
import { readSettingsFile } from '../../settings/settingsFile.ts';
import { isSecret } from '../../storage/dataFolder.ts';
import type { Endpoint } from '../../storage/endpointFile.ts';
import { lookAtFolder, UnsafeFolderError } from '../../storage/folderLook.ts';
import { secretServiceState } from '../../storage/secretService.ts';
import { browserCommands, canBeRun } from '../../system/browserCommand.ts';
import type { CommandWorld } from '../command.ts';
import { type Found, note, ok, problem, warning } from './finding.ts';

/** Permission bits of group and others: any access, and write access. */
const anyBits = 0o077;
const writeBits = 0o022;

/** The settings that a Loopgate started from this shell would have: policy, environment and settings.json. */
export function checkSettings({ environment, platform }: CommandWorld): { finding: Found; settings?: Settings } {
  try {
    const policy = readPolicy(platform);
    const settings = readSettings(environment, readSettingsFile, platform, policy);
    const managed = policy === undefined ? '' : ` ${policy.source} decides ${Object.keys(policy.settings).join(', ')}.`;
    return { finding: ok(`They can be read.${managed}`), settings };
  } catch (error) {
    if (!(error instanceof SettingError)) throw error;
    return { finding: problem(error.message, 'Correct it; Loopgate does not start with it.') };
  }
}

/** Checks whether other users can read the person's files. */
export function checkFiles({ home, platform }: CommandWorld): Found {
  if (platform === 'win32') return ok(`${home}: protected as your profile is.`);
  let names: string[];
  try {
    names = readdirSync(home);
  } catch {
    return ok(`${home} does not exist yet: the first start creates it.`);
  }
  const whole = checkFolder(home);
  if (whole) return whole;
  const open = names.filter((name) => hasBits(join(home, name), isSecret(name) ? anyBits : writeBits));
  if (open.length === 0) return ok(`${home} is yours alone.`);
  const paths = open.map((name) => join(home, name)).join(' ');
  return problem(
    `Others may read or change ${open.join(', ')} in ${home}.`,
    `Type: chmod go= ${paths}. Then sign out and in again, if others use this machine.`,
  );
}

/** The folder itself, and those above it; undefined when nothing is wrong. */
function checkFolder(home: string): Found | undefined {
  try {
    const { notices, warnings } = lookAtFolder(home, false);
    const [first] = [...warnings, ...notices];
    return first === undefined ? undefined : warning(first, 'Or set LOOPGATE_HOME to another folder.');
  } catch (error) {
    if (!(error instanceof UnsafeFolderError)) throw error;
    return problem(error.happened, error.next);
  }
}

function hasBits(path: string, bits: number): boolean {
  try {
    return (statSync(path).mode & bits) !== 0;
  } catch {
    return false;
  }
}

/**
 * Many HTTP libraries (Python's, Go's, curl) send requests for localhost to a proxy unless the environment excludes it.
 */
export function checkProxy({ environment }: CommandWorld): Found {
  const names = ['http_proxy', 'HTTP_PROXY', 'all_proxy', 'ALL_PROXY'].filter((name) => environment[name]);
  const [name] = names;
  if (name === undefined) return ok('No proxy is set for plain HTTP in this shell.');
  const left = `${environment.no_proxy ?? ''},${environment.NO_PROXY ?? ''}`.split(',').map((one) => one.trim());
  const missing = ['localhost', '127.0.0.1'].filter((host) => !left.includes(host) && !left.includes('*'));
  if (missing.length === 0) return ok(`${name} is set, and leaves this machine out.`);
  return problem(
    `${name} is set without an exception for ${missing.join(' and ')}: programs ask the proxy for Loopgate.`,
    'Set NO_PROXY=localhost,127.0.0.1,::1 where your programs get their environment from.',
  );
}

/** A browser that once saw HSTS on localhost turns every http://localhost into https. The doctor cannot detect that. */
export function checkHsts(endpoint: Endpoint | undefined): Found {
  const address = endpoint?.address ?? 'http://localhost:1000';
  return note(
    'The doctor cannot see whether your browser insists on https for localhost (HSTS).',
    `If ${address}/docs opens as https: delete localhost under chrome://net-internals/#hsts, or "Forget this site" in Firefox.`,
  );
}

/** Checks where the sign-in is stored. */
export async function checkKeyring({ environment, platform }: CommandWorld): Promise<Found> {
  if (platform !== 'linux') return ok('The system has one.');
  switch (await secretServiceState(environment)) {
    case 'unlocked':
      return ok('It is unlocked (Secret Service).');
    case 'locked':
      return problem(
        'It is locked: Loopgate waits for it.',
        'Unlock it; the window of Loopgate has a button that asks.',
      );
    case 'empty':
      return warning(
        'A Secret Service runs and has no keyring.',
        'Sign in: the window of Loopgate then has a button that makes one. Without a desktop, set LOOPGATE_VAULT_KEY.',
      );
    case 'unknown':
      return note(
        'It cannot be asked: the session bus does not listen at a socket that has a path.',
        'Start Loopgate where DBUS_SESSION_BUS_ADDRESS begins with unix:path= to see more here.',
      );
    case 'absent':
      return warning(
        'This shell reaches no Secret Service.',
        'Install gnome-keyring, or, without a desktop, set LOOPGATE_VAULT_KEY; otherwise the sign-in is kept for one run only.',
      );
  }
}

/** Checks what opens the login page. */
export function checkBrowser({ environment, platform }: CommandWorld): Found {
  if (platform !== 'linux') return ok("The system's default browser opens the login.");
  const named = browserCommands(environment.BROWSER).map(({ program }) => program);
  if (named.length > 0) {
    const runs = named.find((program) => canBeRun(program, environment));
    // Whether it shows a page then, only a real login can tell.
    if (runs !== undefined) return ok(`$BROWSER is ${runs}, which can be run.`);
    return problem(
      `$BROWSER is ${named.join(' or ')}, which cannot be run.`,
      'Set it to a browser that is installed, or unset it.',
    );
  }
  if (!environment.DISPLAY && !environment.WAYLAND_DISPLAY) {
    return note('There is no display here.', 'Sign in with "loopgate login --device", on any other device.');
  }
  if (canBeRun('xdg-open', environment)) return ok('xdg-open, which opens your default browser, can be run.');
  return problem('No program here opens web addresses.', 'Install the package xdg-utils and a browser.');
}
