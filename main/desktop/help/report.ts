import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import type { GuardMode } from '../../access/decisions.ts';
import type { StorageLocation } from '../../broker/session/vault.ts';
import { errorTable } from '../../errors/errors.ts';

/** The facts of a report besides the log. They may be wrong or hostile: {@link reportOf} lets through only known words. */
export interface ReportFacts {
  readonly versions: {
    readonly loopgate: string;
    readonly electron: string | undefined;
    readonly chromium: string | undefined;
    readonly node: string;
  };
  readonly system: {
    readonly platform: NodeJS.Platform;
    /** As the system reports it, e.g. `6.8.0-45-generic`. */
    readonly release: string;
    readonly architecture: string;
    /** `APPIMAGE`, `XDG_SESSION_TYPE` and `XDG_CURRENT_DESKTOP` are read. */
    readonly environment: NodeJS.ProcessEnv;
    readonly isPackaged: boolean;
  };
  readonly state: {
    readonly isSignedIn: boolean;
    /** The number of signed-in accounts, including the active one. */
    readonly accounts: number;
    readonly renewable: boolean | undefined;
    /** The provider's host; undefined when none is configured. */
    readonly provider: string | undefined;
    readonly port: number;
    readonly guard: GuardMode;
    readonly storage: StorageLocation['kind'];
    /** Whether the desktop shows the tray's icon; undefined when it cannot be known. */
    readonly hasTray: boolean | undefined;
    readonly programs: number;
    /** The code of the problem that the window shows. */
    readonly problem: string | undefined;
  };
  /** Lines of the log, the oldest first: see {@link readLog}. */
  readonly log: readonly string[];
}

/**
 * The text of a bug report, which a person may paste in public. It contains no text from outside, so that it cannot leak a
 * secret: every word is our own, a number, or from a list of known words. The only exception is the provider's host.
 */
export function reportOf({ versions, system, state, log }: ReportFacts): string {
  const { platform, release, architecture, environment, isPackaged } = system;
  const machine = [oneOf(platforms, platform), versionOf(release), oneOf(architectures, architecture)];
  const desktop = (environment.XDG_CURRENT_DESKTOP ?? '').split(':').map((name) => oneOf(desktops, name.toLowerCase()));
  const start = !isPackaged ? 'from its sources' : environment.APPIMAGE !== undefined ? 'AppImage' : 'installed';
  const entries = log.flatMap((line) => entryOf(line) ?? []).slice(-maxEntries);
  return [
    `Loopgate ${versionOf(versions.loopgate)} (${start})`,
    `Electron ${versionOf(versions.electron)}, Chromium ${versionOf(versions.chromium)}, Node ${versionOf(versions.node)}`,
    machine.join(' '),
    ...(platform === 'linux'
      ? [
          `Desktop: ${[...new Set(desktop)].join(', ')}; session: ${oneOf(sessions, environment.XDG_SESSION_TYPE ?? '')}`,
        ]
      : []),
    '',
    `Signed in: ${yesNo(state.isSignedIn)}; accounts: ${countOf(state.accounts)}; renews by itself: ${yesNo(state.renewable)}`,
    `Provider: ${hostOf(state.provider)}`,
    `Port: ${countOf(state.port)}; guard: ${oneOf(guards, state.guard)}; programs: ${countOf(state.programs)}`,
    `The session rests in: ${oneOf(storageKinds, state.storage)}; tray: ${yesNo(state.hasTray)}`,
    `Problem: ${state.problem === undefined ? 'none' : oneOf(errorCodes, state.problem)}`,
    '',
    entries.length === 0 ? 'No warnings and errors in the log.' : 'Last warnings and errors of the log (UTC):',
    ...entries,
    '',
  ].join('\n');
}

/** The maximum number of log entries in a report. */
const maxEntries = 20;
/** How much of the log's end is read, in bytes. */
const maxBytesRead = 256 * 1024;

/** Reads the end of the log that `logFile.ts` writes to a folder, the oldest line first. Empty if it cannot be read. */
export function readLog(folder: string): string[] {
  const texts = ['loopgate.1.log', 'loopgate.log'].map((name) => endOf(join(folder, name)));
  return texts.flatMap((text) => text.split('\n')).filter((line) => line !== '');
}

function endOf(path: string): string {
  try {
    const file = openSync(path, 'r');
    try {
      const { size } = fstatSync(file);
      const bytes = Buffer.alloc(Math.min(size, maxBytesRead));
      const read = readSync(file, bytes, 0, bytes.length, size - bytes.length);
      return bytes.toString('utf8', 0, read);
    } finally {
      closeSync(file);
    }
  } catch {
    return '';
  }
}

const platforms = ['linux', 'darwin', 'win32'];
const architectures = ['x64', 'arm64', 'ia32', 'arm'];
const sessions = ['wayland', 'x11', 'mir', 'tty'];
const guards: readonly GuardMode[] = ['ask', 'same-user', 'listed'];
const storageKinds: readonly StorageLocation['kind'][] = ['keyring', 'key', 'file', 'memory'];
const errorCodes = Object.keys(errorTable);
/** The names of desktops (`XDG_CURRENT_DESKTOP`), in lower case. */
const desktops = [
  ...['gnome', 'kde', 'xfce', 'x-cinnamon', 'mate', 'lxqt', 'lxde', 'unity', 'ubuntu', 'pantheon', 'budgie', 'cosmic'],
  ...['sway', 'hyprland', 'i3', 'wlroots', 'deepin', 'pop', 'enlightenment', 'zorin', 'gnome-classic', 'niri', 'labwc'],
];

/** The messages of log entries without a code: exactly as our own code writes them. */
export const logMessages: readonly string[] = [
  'listener failed',
  'the browser did not open',
  'the list of programs cannot be read: it is set aside, and a new one begun',
  'unexpected failure',
  'update failed',
  'endpoint.json cannot be written',
];

/** Known words that explain a failure, wherever they occur in an entry. */
const details: readonly string[] = [
  // RFC 6749 §4.1.2.1 and §5.2, OpenID Connect Core §3.1.2.6, RFC 8628 §3.5.
  ...['invalid_client', 'unauthorized_client', 'unsupported_grant_type', 'unsupported_response_type', 'invalid_scope'],
  ...['server_error', 'temporarily_unavailable', 'login_required', 'consent_required', 'interaction_required'],
  ...['account_selection_required', 'invalid_target', 'expired_token', 'slow_down', 'mfa_required'],
  // Certificate errors, as Node and Chromium name them.
  ...['CERT_HAS_EXPIRED', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'SELF_SIGNED_CERT_IN_CHAIN', 'ERR_TLS_CERT_ALTNAME_INVALID'],
  ...['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'ERR_CERT_AUTHORITY_INVALID'],
  ...['ERR_CERT_COMMON_NAME_INVALID', 'ERR_CERT_DATE_INVALID', 'ERR_SSL_PROTOCOL_ERROR'],
  // Network errors, as Chromium, Node and its fetch name them.
  ...['ERR_NAME_NOT_RESOLVED', 'ERR_INTERNET_DISCONNECTED', 'ERR_CONNECTION_REFUSED', 'ERR_CONNECTION_RESET'],
  ...['ERR_CONNECTION_TIMED_OUT', 'ERR_PROXY_CONNECTION_FAILED', 'ERR_TUNNEL_CONNECTION_FAILED', 'ERR_TIMED_OUT'],
  ...['ERR_ADDRESS_UNREACHABLE', 'ERR_NETWORK_CHANGED', 'ERR_EMPTY_RESPONSE', 'ERR_CONNECTION_CLOSED'],
  ...['ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_SOCKET'],
  ...Object.keys(constants.errno),
  ...['TypeError', 'RangeError', 'ReferenceError', 'SyntaxError', 'AssertionError', 'AbortError', 'TimeoutError'],
];

/** A warning or error of the log, reduced to known words; undefined for all other lines. */
function entryOf(line: string): string | undefined {
  const entry = parsed(line);
  const level = { 40: 'warning', 50: 'error', 60: 'fatal' }[String(entry?.level)];
  const time = typeof entry?.time === 'string' ? Date.parse(entry.time) : Number.NaN;
  if (entry === undefined || level === undefined || Number.isNaN(time)) return undefined;
  const text = [entry.msg, entry.failure].filter((value) => typeof value === 'string').join(' ');
  const code = errorCodes.find((known) => known === entry.code);
  const message = logMessages.find((known) => known === entry.msg);
  const id =
    typeof entry.id === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(entry.id) ? entry.id : '';
  const words = new Set(text.match(/[A-Za-z_]+/g));
  const found = details.filter((word) => words.has(word));
  // Positions in our own code. They are enough to find the place: the version is known, and the bundle is not minified.
  const positions = [...text.matchAll(/[\\/](index\.cjs:\d{1,6}:\d{1,4})\b/g)].map(([, place]) => place).slice(0, 8);
  return [
    new Date(time).toISOString(),
    level,
    code ?? message ?? 'another entry',
    ...(id === '' ? [] : [`id ${id}`]),
    ...found,
    ...(positions.length === 0 ? [] : [`at ${positions.join(' < ')}`]),
  ].join(' · ');
}

function parsed(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    // The line is incomplete: the disk was full, or reading started in its middle.
    return undefined;
  }
}

function oneOf(known: readonly string[], value: string): string {
  return known.find((one) => one === value) ?? 'another';
}

/** The numbers of a version, and whether it is a pre-release. */
function versionOf(value: string | undefined): string {
  return (
    /^v?(\d{1,5}(?:\.\d{1,6}){1,3}(?:-(?:alpha|beta|rc)(?:\.\d{1,4})?)?)(?![\w])/.exec(value ?? '')?.[1] ?? 'unknown'
  );
}

function hostOf(value: string | undefined): string {
  if (value === undefined) return 'none';
  // A host as in a URL: lower case, each part at most 63 characters long. A token looks different.
  const isHost = /^(\[[0-9a-f:]{2,45}\]|[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63}){0,8})(:\d{1,5})?$/.test(value);
  return isHost ? value : 'another';
}

function countOf(value: number): string {
  return Number.isSafeInteger(value) && value >= 0 ? String(value) : 'unknown';
}

function yesNo(value: boolean | undefined): string {
  return value === undefined ? 'unknown' : value ? 'yes' : 'no';
}
