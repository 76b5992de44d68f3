import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import type { Logger } from 'pino';
import { ListenError } from './api/listen.ts';
import type { DeviceCode } from './broker/deviceLogin.ts';
import { MemoryVault, type Vault } from './broker/vault.ts';
import { type Host, startHost } from './host.ts';
import { LockedError, takeLock } from './lock.ts';
import { createLog } from './log.ts';
import { keySealer, SealedVault } from './sealedVault.ts';
import { readSettings, SettingError, type Settings } from './settings.ts';
import { readSettingsFile } from './settingsFile.ts';
import { version } from './version.ts';

/** The broker without a desktop (`npm run serve`): prints where it listens, and stops on SIGTERM and SIGINT. */
async function serve(): Promise<void> {
  const settings = readSettings(process.env, readSettingsFile);
  mkdirSync(settings.home, { recursive: true, mode: 0o700 });
  const lock = takeLock(settings.home, 'headless');
  const log = createLog(settings.logLevel);
  const vault = chooseVault(settings);
  const browser = process.env.BROWSER?.split(' ').filter((word) => word !== '') ?? [];
  const world = {
    fetch,
    openBrowser: browserOpener(browser),
    // Where nothing can be opened, a program's sign-in is finished on another device (RFC 8628).
    ...(browser.length === 0 && { showDeviceCode: printDeviceCode }),
    vault,
  };
  const host = await startHost(settings, world, log).catch((error: unknown) => {
    lock.release();
    throw error;
  });
  announce(host, settings, vault);
  stopOnSignals(host, log, lock.release);
}

function chooseVault({ home, vaultKey }: Settings): Vault {
  if (!vaultKey)
    return new MemoryVault(
      'The session is kept in memory and is gone when Loopgate stops; set LOOPGATE_VAULT_KEY to keep it.',
    );
  return new SealedVault(
    home,
    keySealer(vaultKey),
    `The session is kept in ${home}, encrypted with LOOPGATE_VAULT_KEY.`,
  );
}

function announce(host: Host, settings: Settings, vault: Vault): void {
  if (host.portNotice !== undefined) print(host.portNotice);
  if (vault.place.notice !== undefined) print(vault.place.notice);
  if (settings.issuer === undefined)
    print('No identity provider is configured: set LOOPGATE_ISSUER and LOOPGATE_CLIENT_ID.');
  print(`Loopgate ${version} listening on ${host.address}`);
  if (settings.issuer !== undefined) print(nextSteps(host.address));
}

/** What to type next, so that the first token is three lines away. */
function nextSteps(address: string): string {
  return [
    'Try next, in another terminal:',
    `  curl -X POST ${address}/pkce/code    # opens the login and answers when it is done`,
    `  curl -X POST ${address}/pkce/token   # the tokens; from now on you are signed in`,
    `  curl ${address}/userinfo             # who you are`,
  ].join('\n');
}

/** R1: the person's own browser, as `$BROWSER` names it; without one the address is printed for the person to open. */
function browserOpener([program, ...argv]: readonly string[]): (address: string) => Promise<void> {
  return async (address) => {
    if (program === undefined) return print(`To sign in, open this address in a browser:\n${address}`);
    await new Promise<void>((resolve, reject) => {
      // No shell: the address comes from the provider's metadata and a program's request.
      const child = spawn(program, [...argv, address], { stdio: 'ignore', detached: true });
      child.once('error', reject);
      child.once('spawn', () => {
        child.unref();
        resolve();
      });
    });
  };
}

/** The code is for the person alone: on the terminal, and in no log. */
function printDeviceCode({ verificationUri, verificationUriComplete, userCode, deadline }: DeviceCode): void {
  const minutes = Math.max(1, Math.round((deadline - Date.now()) / 60_000));
  print(`To sign in, open this address on any device:\n${verificationUri}`);
  print(`and enter the code ${userCode} (good for ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}).`);
  if (verificationUriComplete !== undefined) print(`With the code in it: ${verificationUriComplete}`);
}

function stopOnSignals(host: Host, log: Logger, release: () => void): void {
  let stopping = false;
  const stop = (signal: string) => {
    if (stopping) return;
    stopping = true;
    log.info({ signal }, 'stopping');
    void host.close().finally(() => {
      release();
      process.exit(0);
    });
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, stop);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

serve().catch((error: unknown) => {
  const isTheirs = error instanceof SettingError || error instanceof ListenError || error instanceof LockedError;
  const text = isTheirs
    ? error.message
    : `Loopgate could not start: ${error instanceof Error ? error.message : String(error)}`;
  process.stderr.write(`${text}\n`);
  process.exit(isTheirs ? 2 : 1);
});
