import type { Logger } from 'pino';
import { speak, textsFor } from '../../preload/texts/index.ts';
import { inEnglish, verbatim } from '../../preload/texts/messages.ts';
import type { GuardMode } from '../access/decisions.ts';
import type { Broker } from '../broker/broker.ts';
import { systemClock } from '../broker/clock.ts';
import type { DeviceCode } from '../broker/login/deviceLogin.ts';
import type { PlatformFetch } from '../broker/provider/providerFetch.ts';
import type { Vault } from '../broker/session/vault.ts';
import { OwnLoopgateError } from '../listener/listenErrors.ts';
import { readVaultCredential, SettingError, type Settings } from '../settings/settings.ts';
import { writeSetting } from '../settings/settingsFile.ts';
import { takeLock } from '../storage/folderLock.ts';
import { keySealer } from '../storage/keySealer.ts';
import type { Protection } from '../storage/protection.ts';
import { SystemVault } from '../storage/systemVault.ts';
import { browserCommands } from '../system/browserCommand.ts';
import { openWith } from '../system/browserStart.ts';
import { environmentLanguage } from '../system/environmentLanguage.ts';
import { keepLoopbackDirect, proxyNotice } from '../system/environmentProxy.ts';
import { createLog } from '../system/log.ts';
import { readText } from '../system/readText.ts';
import { outliveReaders } from '../system/standardStreams.ts';
import { endProcess } from '../system/strangersFiles.ts';
import { say, sayError } from '../system/terminal.ts';
import { version } from '../system/version.ts';
import { takeHandedSockets } from './handedSockets.ts';
import { type Host, startHost } from './host.ts';
import { ownSettings } from './ownSettings.ts';
import { isRefusal } from './refusal.ts';

/**
 * As in docs/start/port.md: a setting, a port or a data folder cannot be used; another Loopgate of this user already serves.
 */
const exitCodes = { refused: 2, alreadyRuns: 3 } as const;

/** The differences between the headless host under Node and in the packed app. */
export interface HeadlessForm {
  /** The fetch for requests to the provider; by default Node's own, with the environment's proxy. */
  readonly fetch?: PlatformFetch;
  /** The system's keyring for a data folder; absent if there is no access to one. */
  readonly keyring?: (home: string) => Protection;
  /** The executable of the command `loopgate`, if it has its own. */
  readonly ownCommand?: string | undefined;
  /** Calls `end` when the process should end; by default on SIGTERM and SIGINT. */
  readonly whenAskedToEnd?: (end: (reason: string) => void) => void;
}

/**
 * Runs the broker without a desktop (`npm run serve`, `loopgate serve`). It prints where it listens, and stops on SIGTERM and
 * SIGINT. If it cannot start, it prints the reason to standard error and ends the process.
 */
export async function serve(form: HeadlessForm): Promise<void> {
  outliveReaders();
  await start(form).catch(async (error: unknown) => {
    const isTheirs = isRefusal(error);
    const text = isTheirs
      ? error.message
      : `Loopgate could not start: ${error instanceof Error ? error.message : String(error)}`;
    sayError(text);
    const code = error instanceof OwnLoopgateError ? exitCodes.alreadyRuns : isTheirs ? exitCodes.refused : 1;
    await endProcess(() => process.exit(code));
  });
}

async function start(form: HeadlessForm): Promise<void> {
  const { fetch: systemFetch, keyring, ownCommand, whenAskedToEnd = onSignals } = form;
  speakInBrowser();
  const { settings, folder } = ownSettings();
  for (const notice of folder.notices) say(notice);
  if (settings.guard === 'ask') {
    throw new SettingError(
      verbatim('LOOPGATE_GUARD or "guard" is "ask": nobody can be asked here. Set it to same-user or listed.'),
    );
  }
  // The key must not reach the browser and its child processes, or a diagnostic report (T9).
  delete process.env.LOOPGATE_VAULT_KEY;
  keepLoopbackDirect(process.env);
  const key = vaultKey(settings);
  const sockets = takeHandedSockets(process.env, process.pid);
  const lock = takeLock(settings.home, 'headless');
  const log = createLog(settings.logLevel);
  if (lock.notice !== undefined) say(lock.notice);
  for (const warning of folder.warnings) log.warn({}, warning);
  const unusedProxy = systemFetch ? undefined : proxyNotice(process.env, process.versions.node);
  if (unusedProxy !== undefined) say(unusedProxy);
  const vault = headlessVault(settings, key, keyring?.(settings.home));
  await vault.look();
  const browser = browserCommands(process.env.BROWSER);
  const world = {
    fetch: systemFetch ?? fetch,
    // R1: the person's own browser, as `$BROWSER` names it. Without one, the person signs in on another device (RFC 8628).
    openBrowser: browser.length === 0 ? undefined : (address: string) => openWith(browser, address),
    showAddress: printAddress,
    showDeviceCode: printDeviceCode,
    vault,
    guard: 'same-user',
    sockets,
    ownCommand,
    portRemedy: verbatim('Or let systemd open it: its units are described there too.'),
  } as const;
  const host = await startHost(settings, world, log).catch((error: unknown) => {
    lock.release();
    throw error;
  });
  announce(host, settings, vault);
  stopWhen(whenAskedToEnd, host, log, lock.release);
}

/** The pages in the browser use the language of the environment; the terminal and the log stay English. */
function speakInBrowser(): void {
  const { language, region } = environmentLanguage(process.env);
  const texts = textsFor(language === undefined ? [] : [language]);
  speak({ texts, locale: region ?? texts.language });
}

/** The key of the person who runs this machine; the environment wins over systemd. @throws SettingError */
function vaultKey({ home, vaultKey: set }: Settings): Protection | undefined {
  const key = set ?? readVaultCredential(process.env, readText);
  if (!key) return undefined;
  const name = set ? 'LOOPGATE_VAULT_KEY' : 'the systemd credential loopgate-vault-key';
  const notice = verbatim(`The session is kept in ${home}, encrypted with ${name}.`);
  return { ...keySealer(key), kind: 'key', notice, state: async () => 'ready' };
}

/** There is no person to ask here: without a keyring, a key or the setting, nothing is stored, and a notice is printed. */
function headlessVault(
  { home, withoutKeyring }: Settings,
  key: Protection | undefined,
  keyring: Protection | undefined,
): SystemVault {
  return new SystemVault({
    home,
    protections: [...(keyring ? [keyring] : []), ...(key ? [key] : [])],
    withoutKeyring: withoutKeyring ?? 'memory',
    asks: false,
    remember: (answer) => writeSetting(home, 'withoutKeyring', answer),
    clock: systemClock,
    remedy: verbatim(
      withoutKeyring === 'file'
        ? `${keyring ? 'A Secret Service, or ' : ''}LOOPGATE_VAULT_KEY${keyring ? ',' : ''} protects it better.`
        : `${keyring ? 'Start a Secret Service or set' : 'Set'} LOOPGATE_VAULT_KEY to keep it; LOOPGATE_WITHOUT_KEYRING=file keeps it with weaker protection.`,
    ),
  });
}

function announce(host: Host, settings: Settings, vault: Vault): void {
  if (host.portNotice) say(inEnglish(host.portNotice));
  sayPlace(host, vault);
  if (settings.issuer === undefined)
    say('No identity provider is configured: set LOOPGATE_ISSUER and LOOPGATE_CLIENT_ID.');
  say(guardNotices[host.gate.mode]);
  say(`Loopgate ${version} listening on ${host.address}`);
  if (settings.issuer !== undefined) say(...nextSteps(host.address));
}

/** Which programs may use Loopgate. */
const guardNotices: Record<GuardMode, string> = {
  ask: 'You are asked which programs may use the sign-in.',
  'same-user': 'Every program of this user may use the sign-in (LOOPGATE_GUARD=listed keeps to the list of programs).',
  listed: 'Only the programs on the list may use the sign-in (LOOPGATE_GUARD).',
};

/** Prints where the session is stored, now and after each change. The keyring is worth a line only after another place. */
export function sayPlace(
  { broker }: { readonly broker: Pick<Broker, 'onChange'> },
  vault: Pick<Vault, 'location'>,
): void {
  let said: string | undefined;
  const sayNow = () => {
    const { notice } = vault.location;
    const text = notice && inEnglish(notice);
    if (text === said) return;
    say(text ?? 'The session is kept under the system’s keyring.');
    said = text;
  };
  broker.onChange(sayNow);
  sayNow();
}

/** Prints the next command to type, so that the first token is three lines away. */
function nextSteps(address: string): string[] {
  return [
    'Try next, in another terminal:',
    `  curl -X POST ${address}/os/sign_in   # opens the login, or shows here where to sign in; answers when it is done`,
    `  curl ${address}/user/access_token    # a valid access token, renewed when needed`,
    `  curl ${address}/userinfo             # who you are`,
  ];
}

/** Prints an address that no browser was opened for. It is not in our log, but systemd copies the output to its journal. */
function printAddress(address: string, purpose: 'login' | 'logout'): void {
  const what = purpose === 'login' ? 'sign in' : 'sign out at the provider too';
  say(`To ${what}, open this address in a browser:`, address);
}

/**
 * Prints the code, as {@link printAddress} does, not into our log. RFC 8628 §3.3.1: the code is shown beside the address that
 * contains it.
 */
function printDeviceCode({ verificationUri, verificationUriComplete, userCode, deadline }: DeviceCode): void {
  const minutes = Math.max(1, Math.round((deadline - Date.now()) / 60_000));
  say('To sign in, open this address in a browser on any device, such as your phone:', '');
  say(`  ${verificationUri}`, '');
  say(`and enter this code within ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}:`, '');
  say(`  ${userCode}`, '');
  if (verificationUriComplete === undefined) return;
  say('Or open this one, where the code is filled in already; it must be the same code:', '');
  say(`  ${verificationUriComplete}`, '');
}

function stopWhen(
  whenAskedToEnd: NonNullable<HeadlessForm['whenAskedToEnd']>,
  host: Host,
  log: Logger,
  release: () => void,
): void {
  let stopping = false;
  whenAskedToEnd((reason) => {
    if (stopping) return;
    stopping = true;
    log.info({ signal: reason }, 'stopping');
    void host.close().finally(() => {
      release();
      return endProcess(() => process.exit(0));
    });
  });
}

function onSignals(end: (reason: string) => void): void {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, end);
}
