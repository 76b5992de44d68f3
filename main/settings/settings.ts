import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import type { z } from 'zod';
import { message, verbatim } from '../../preload/texts/messages.ts';
import type { GuardMode } from '../access/decisions.ts';
import type { WithoutKeyring } from '../broker/session/vault.ts';
import { MessageError } from '../errors/errors.ts';
import { dataPath } from '../storage/dataFolder.ts';
import { errorCode } from '../system/errorCode.ts';
import type { LogLevel } from '../system/log.ts';
import { type Setting, type SettingName, settingRows, settingsTable } from './settingsTable.ts';

/** A setting has a wrong value. The message names the setting, where it was set, and what was expected. */
export class SettingError extends MessageError {
  override readonly name = 'SettingError';
}

type Given = { [K in SettingName]?: z.output<(typeof settingsTable)[K]['schema']> };

/** The administrator's decisions for this machine. They win over the environment and over settings.json. */
export interface Policy {
  /** Where it was read, in an administrator's terms. */
  readonly source: string;
  /** By the names of settings.json; not checked yet. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/** All settings, parsed. A setting without a default is absent if it is not set. */
export interface Settings {
  readonly home: string;
  /** The only port to try. If absent: {@link Settings.ports}. */
  readonly port?: number;
  /** If absent: the default order of ports. */
  readonly ports?: readonly number[];
  readonly issuer?: string;
  readonly clientId?: string;
  readonly audience?: string;
  readonly scope: string;
  /** If absent: `npm start` uses the demo unless there is an issuer. */
  readonly demo?: boolean;
  /** Milliseconds. */
  readonly signInTimeout: number;
  readonly clients: readonly string[];
  readonly redirectUris: readonly string[];
  readonly returnTo: readonly string[];
  readonly origins: readonly string[];
  /** Absent when it is not set. */
  readonly guard?: GuardMode;
  readonly compatibleVersion: string;
  readonly theme: 'system' | 'light' | 'dark';
  readonly exposeRefreshToken: boolean;
  readonly vaultKey?: Buffer;
  /** Absent when it is not set. */
  readonly withoutKeyring?: WithoutKeyring;
  readonly logLevel: LogLevel;
  /** Absent if the administrator has decided nothing. */
  readonly policy?: Policy;
}

/** Whether the administrator has decided a setting, so that it cannot be changed elsewhere. */
export function isManaged({ policy }: Pick<Settings, 'policy'>, name: SettingName): boolean {
  if (policy === undefined) return false;
  return Object.hasOwn(policy.settings, name) || (name === 'port' && Object.hasOwn(policy.settings, 'ports'));
}

/** The system's folder for this application's data. */
export function defaultHome(platform: NodeJS.Platform, environment: NodeJS.ProcessEnv, userHome = homedir()): string {
  if (platform === 'darwin') return join(userHome, 'Library', 'Application Support', 'Loopgate');
  if (platform === 'win32') return join(environment.APPDATA ?? join(userHome, 'AppData', 'Roaming'), 'Loopgate');
  // The XDG base directory specification has a relative path ignored.
  const { XDG_CONFIG_HOME: configured = '' } = environment;
  return join(isAbsolute(configured) ? configured : join(userHome, '.config'), 'loopgate');
}

/** The data folder only. @throws SettingError when LOOPGATE_HOME is not an absolute path */
export function homeFolder(environment: NodeJS.ProcessEnv, platform: NodeJS.Platform = process.platform): string {
  const { home } = parseEnvironment({ LOOPGATE_HOME: environment.LOOPGATE_HOME });
  return home ?? defaultHome(platform, environment);
}

/**
 * All settings, from the policy of this machine, the environment and `<home>/settings.json`; the first of them wins.
 * @param readFile - returns settings.json of that folder unparsed; empty when there is none
 * @param policy - as `readPolicy` returns it
 * @throws SettingError for the first wrong value
 */
export function readSettings(
  environment: NodeJS.ProcessEnv,
  readFile: (home: string) => Record<string, unknown>,
  platform: NodeJS.Platform = process.platform,
  policy?: Policy,
): Settings {
  refuseClientSecret('LOOPGATE_CLIENT_SECRET', environment.LOOPGATE_CLIENT_SECRET);
  const fromEnvironment = parseEnvironment(environment);
  const home = fromEnvironment.home ?? defaultHome(platform, environment);
  const fromPolicy = policy ? parseFile(policy.settings, policy.source) : {};
  const given: Given = { ...parseFile(readFile(home), dataPath(home, 'settings')), ...fromEnvironment, ...fromPolicy };
  // A single port wins over the order of ports, but not over the administrator's order.
  if (fromPolicy.ports !== undefined && fromPolicy.port === undefined) delete given.port;
  if (given.demo && policy && fromPolicy.issuer !== undefined) {
    throw new SettingError(
      verbatim(`LOOPGATE_DEMO is set, but ${policy.source} names the provider: unset LOOPGATE_DEMO.`),
    );
  }
  if (given.issuer !== undefined && given.clientId === undefined) {
    throw new SettingError(message('clientIdMissing'));
  }
  const { port, ports, issuer, clientId, audience, guard, vaultKey, withoutKeyring, demo } = given;
  return {
    home,
    ...(port !== undefined && { port }),
    ...(ports !== undefined && { ports }),
    ...(issuer !== undefined && { issuer }),
    ...(clientId !== undefined && { clientId }),
    ...(audience !== undefined && { audience }),
    ...(guard !== undefined && { guard }),
    ...(vaultKey !== undefined && { vaultKey }),
    ...(withoutKeyring !== undefined && { withoutKeyring }),
    ...(demo !== undefined && { demo }),
    scope: given.scope ?? settingsTable.scope.default,
    signInTimeout: (given.signInTimeout ?? 240) * 1000,
    clients: given.clients ?? [],
    redirectUris: given.redirectUris ?? [],
    returnTo: given.returnTo ?? [],
    origins: given.origins ?? [],
    compatibleVersion: given.compatibleVersion ?? settingsTable.compatibleVersion.default,
    theme: given.theme ?? 'system',
    exposeRefreshToken: given.exposeRefreshToken ?? false,
    logLevel: given.logLevel ?? 'info',
    ...(policy && { policy }),
  };
}

/**
 * The key that systemd passes on (`LoadCredential=`, `LoadCredentialEncrypted=`): the same text as in `LOOPGATE_VAULT_KEY`.
 * @param readFile - returns a file's text, or undefined when it is not there; throws when it cannot be read
 * @throws SettingError when the text is not a key; the message names the file without quoting it (T9)
 */
export function readVaultCredential(
  environment: NodeJS.ProcessEnv,
  readFile: (path: string) => string | undefined,
): Buffer | undefined {
  const folder = environment.CREDENTIALS_DIRECTORY;
  if (folder === undefined || folder === '') return undefined;
  const path = join(folder, 'loopgate-vault-key');
  let text: string | undefined;
  try {
    text = readFile(path);
  } catch (error) {
    const code = errorCode(error) ?? message('unknownReason');
    throw new SettingError(message('cannotReadFile', { path, code }));
  }
  if (text === undefined) return undefined;
  const key = settingsTable.vaultKey.schema.safeParse(text.trim());
  if (key.success) return key.data;
  throw new SettingError(message('whereExpected', { where: path, what: settingsTable.vaultKey.expected }));
}

function parseEnvironment(environment: NodeJS.ProcessEnv): Given {
  const given: Record<string, unknown> = {};
  for (const [name, row] of settingRows()) {
    const text = environment[row.environment];
    // A shell unsets a variable by making it empty.
    if (text === undefined || text === '') continue;
    given[name] = parse(row, row.fromText ? row.fromText(text) : text, row.environment);
  }
  return given as Given;
}

/** @param path - the file's path, for errors */
function parseFile(file: Readonly<Record<string, unknown>>, path: string): Given {
  const given: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(file)) {
    if (name === 'clientSecret') refuseClientSecret(`"clientSecret" in ${path}`, value);
    const row = settingRows().find(([known, { inFile }]) => known === name && inFile)?.[1];
    if (!row) throw new SettingError(message('settingUnknown', { name, path }));
    given[name] = parse(row, value, `"${name}" in ${path}`);
  }
  return given as Given;
}

function parse(row: Setting, value: unknown, where: string): unknown {
  const parsed = row.schema.safeParse(value);
  if (parsed.success) return parsed.data;
  // Do not repeat a key, or a password in an address (T9).
  const shown = JSON.stringify(value)?.replace(/\/\/[^/@]*@/g, '//...@');
  const isSecret = row.environment === settingsTable.vaultKey.environment;
  throw new SettingError(
    isSecret
      ? message('whereExpected', { where, what: row.expected })
      : message('settingIs', { where, value: shown ?? 'undefined', what: row.expected }),
  );
}

/** R14 (RFC 8252 §8.5): a program on a person's machine cannot keep a client secret, so it must not have one. */
function refuseClientSecret(where: string, value: unknown): void {
  if (value === undefined || value === '') return;
  throw new SettingError(message('clientSecretSet', { where }));
}
