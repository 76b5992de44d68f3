import { execFileSync } from 'node:child_process';
import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync, type Stats } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { verbatim } from '../../preload/texts/messages.ts';
import { errorCode } from '../system/errorCode.ts';
import { plutil, registryTool } from '../system/systemPrograms.ts';
import { parseJsonText } from './jsonText.ts';
import { type Policy, SettingError } from './settings.ts';
import { settingsTable } from './settingsTable.ts';

/** Access to the outside world for reading the policy. */
export interface PolicyWorld {
  /**
   * Returns the content of a file that only administrators can change; undefined when there is none. @throws for any other
   * file
   */
  readonly readFile: (path: string) => Buffer | undefined;
  /** Runs a program and returns its output. @throws when it fails */
  readonly run: (program: string, argv: readonly string[], input?: Buffer) => string;
}

const windowsParent = 'HKEY_LOCAL_MACHINE\\Software\\Policies';
/** Where each system keeps the policy of a machine. The documentation builds its table from this. */
export const policySources = {
  linux: '/etc/loopgate/policy.json',
  darwin: '/Library/Managed Preferences/dev.loopgate.app.plist',
  win32: `${windowsParent}\\Loopgate`,
} as const;
/** The size limit of a policy. Bytes. */
const maxPolicyBytes = 64 * 1024;

/**
 * Reads the policy of this machine; undefined if there is none. Only the system determines its place: no setting and no
 * environment variable can change it.
 * @throws SettingError for a policy that cannot be read or understood, or that others than the administrator can change: a
 * rule that cannot be applied must not be dropped silently
 */
export function readPolicy(
  platform: NodeJS.Platform = process.platform,
  world: PolicyWorld = systemWorld,
): Policy | undefined {
  const source = (policySources as Partial<Record<string, string>>)[platform] ?? policySources.linux;
  try {
    const settings =
      platform === 'win32' ? ofRegistry(world) : platform === 'darwin' ? ofProfile(world) : ofFile(world);
    return settings && { source, settings };
  } catch (error) {
    const why = error instanceof z.ZodError ? 'not a JSON object' : error instanceof Error ? error.message : error;
    throw new SettingError(
      verbatim(
        `The policy of this machine, ${source}, cannot be used (${why}). Ask your administrator to correct it: Loopgate does not start without the rules it sets.`,
      ),
    );
  }
}

const record = z.record(z.string(), z.unknown());

function ofFile({ readFile }: PolicyWorld): Policy['settings'] | undefined {
  const content = readFile(policySources.linux);
  return content && record.parse(parseJsonText(content.toString()));
}

/** The app's payload of a configuration profile, as the system has stored it in a file. */
function ofProfile({ readFile, run }: PolicyWorld): Policy['settings'] | undefined {
  const content = readFile(policySources.darwin);
  if (!content) return undefined;
  const all = record.parse(JSON.parse(run(plutil, ['-convert', 'json', '-o', '-', '-'], content)));
  // PayloadUUID and similar members belong to the profile itself.
  return Object.fromEntries(Object.entries(all).filter(([name]) => !/^Payload[A-Z]/.test(name)));
}

function ofRegistry({ run }: PolicyWorld): Policy['settings'] | undefined {
  const query = (key: string) => run(registryTool, ['query', key, '/reg:64']).split(/\r?\n/);
  // A missing key looks like an unreadable one, because the message is in the system's language. But its parent always exists
  // and lists it.
  const isThere = query(windowsParent).some((line) => line.trim().toLowerCase() === policySources.win32.toLowerCase());
  return isThere ? registryValues(query(policySources.win32)) : undefined;
}

/** Parses the output of `reg query`: the key, then its values, each as four spaces, name, type and data. */
function registryValues(lines: readonly string[]): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const line of lines) {
    if (line.trim() === '' || line.trim().toLowerCase() === policySources.win32.toLowerCase()) continue;
    const [, name, type, data = ''] = /^ {4}(\S.*?) {4}(REG_[A-Z_]+)(?: {4}(.*))?$/.exec(line) ?? [];
    if (name === undefined || type === undefined) throw new Error(`not understood: ${line.trim()}`);
    values[name] = parsedText(name, textOf(name, type, data));
  }
  return values;
}

function textOf(name: string, type: string, data: string): string {
  if (type === 'REG_SZ') return data;
  if (type === 'REG_DWORD') return String(Number(data));
  if (type === 'REG_MULTI_SZ') return data.replaceAll('\\0', ' ');
  throw new Error(`"${name}" is of the type ${type}: expected REG_SZ, REG_DWORD or REG_MULTI_SZ`);
}

/** Texts of the registry are parsed like those of the environment. */
function parsedText(name: string, text: string): unknown {
  const row = Object.entries(settingsTable).find(([known]) => known === name)?.[1];
  return row && 'fromText' in row ? row.fromText(text) : text;
}

/**
 * Reads a file that only its owner can change, replace or remove: the file and its folder must belong to the owner, must not
 * be writable by others, and must not be links.
 * @param owner - the user id of the administrator
 * @returns undefined when there is no such file
 * @throws Error that describes what is wrong with the file
 */
export function readFileOfOwner(path: string, owner: number): Buffer | undefined {
  let file: number;
  try {
    refuseOthers(lstatSync(dirname(path)), owner, `the folder ${dirname(path)}`);
    // A pipe must not block the start.
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT') return undefined;
    throw code === 'ELOOP' ? new Error('the file is a link') : error;
  }
  try {
    const stats = fstatSync(file);
    if (!stats.isFile()) throw new Error('it is no file');
    refuseOthers(stats, owner, 'the file');
    if (stats.size > maxPolicyBytes) throw new Error(`the file is larger than ${maxPolicyBytes / 1024} KiB`);
    return readFileSync(file);
  } finally {
    closeSync(file);
  }
}

/** @throws Error unless the file belongs to the owner and only the owner can write to it */
function refuseOthers(stats: Stats, owner: number, name: string): void {
  if (stats.isSymbolicLink()) throw new Error(`${name} is a link`);
  if (stats.uid !== owner) throw new Error(`${name} is owned by the user ${stats.uid} instead of ${owner}`);
  if ((stats.mode & 0o022) !== 0) throw new Error(`others than its owner can write ${name}`);
}

const systemWorld: PolicyWorld = {
  readFile: (path) => readFileOfOwner(path, 0),
  run: (program, argv, input) =>
    execFileSync(program, argv, {
      encoding: 'utf8',
      stdio: ['pipe', 'pipe', 'ignore'],
      windowsHide: true,
      timeout: 10_000,
      ...(input && { input }),
    }),
};
