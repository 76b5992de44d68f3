/**
 * `npm run serve -- --demo --auto`: the broker for the tests of extensions. The demo provider signs in one fixed person by
 * itself, nothing is stored, and a test can request faults (`faults.ts`). It has its own build in `out/testKit`, and is never
 * shipped.
 */

import { existsSync, rmdirSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loginPath } from '../../main/broker/login/login.ts';
import { MemoryVault } from '../../main/broker/session/vault.ts';
import { type Host, startHost } from '../../main/host/host.ts';
import { ListenError } from '../../main/listener/listenErrors.ts';
import { readPolicy } from '../../main/settings/policy.ts';
import { readSettings, SettingError, type Settings } from '../../main/settings/settings.ts';
import { dataPath } from '../../main/storage/dataFolder.ts';
import { publishEndpoint, readEndpoint } from '../../main/storage/endpointFile.ts';
import { LockedError, takeLock } from '../../main/storage/folderLock.ts';
import { keepLoopbackDirect } from '../../main/system/environmentProxy.ts';
import { createLog } from '../../main/system/log.ts';
import { say, sayError } from '../../main/system/terminal.ts';
import { version } from '../../main/system/version.ts';
import { verbatim } from '../../preload/texts/messages.ts';
import { BrowserDouble } from '../identity-provider/person.ts';
import { type IdentityProvider, startIdentityProvider } from '../identity-provider/provider.ts';
import { Faults, faultNames, faultPath } from './faults.ts';

/** Starts every line, also of the log, so that it cannot be mistaken for a real sign-in. */
const mark = '[test kit] ';
const person = 'Ada Lovelace';

/** The parts to shut down at the end. */
interface Running {
  host?: Host;
  unpublish?: () => void;
}

async function serve(): Promise<void> {
  refuseOtherProvider(process.env);
  keepLoopbackDirect(process.env);
  const provider = await startIdentityProvider({ anyLoopbackCallback: true });
  const settings = settingsFor(provider);
  // Programs look for endpoint.json in this folder, which may be the person's own. This reads nothing in it, and writes only
  // that file and the lock, which keeps a real Loopgate away while this runs.
  const place = settings.home;
  const wasThere = existsSync(place);
  const release = takePlace(place);
  const data = await mkdtemp(join(tmpdir(), 'loopgate-test-kit-'));
  const running: Running = {};
  const stop = async () => {
    running.unpublish?.();
    await running.host?.close();
    rmSync(data, { recursive: true, force: true });
    release();
    if (!wasThere) removeEmpty(place);
  };
  stopOnSignals(stop);
  try {
    running.host = await start({ ...settings, home: data }, provider);
    running.unpublish = publish(place, data);
    announce(running.host, place);
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Resolves when the demo person is signed in. */
async function start(settings: Settings, provider: IdentityProvider): Promise<Host> {
  const faults = new Faults(provider);
  const log = createLog(settings.logLevel, { write: (line) => sayError(`${mark}${line.trimEnd()}`) });
  const world = {
    fetch: faults.fetch,
    openBrowser: async (address: string) => void browse(address).catch(() => log.warn({}, 'the browser found no way')),
    vault: new MemoryVault(verbatim('The session is kept in memory.')),
    guard: 'same-user',
    testKit: faults,
  } as const;
  const host = await startHost(settings, world, log);
  faults.attach(host.broker);
  await faults.end();
  return host;
}

/** Uses a new browser for each address, so that earlier sign-ins do not influence it. */
async function browse(address: string): Promise<void> {
  const browser = new BrowserDouble();
  const isLogin = new URL(address).pathname.startsWith(loginPath);
  await (isLogin ? browser.signInAs(address, person) : browser.openAndStop(address));
}

/** @throws SettingError when the environment names another provider, whose people must not be signed in automatically */
function refuseOtherProvider({ LOOPGATE_ISSUER, LOOPGATE_CLIENT_ID, LOOPGATE_AUDIENCE }: NodeJS.ProcessEnv): void {
  if (!LOOPGATE_ISSUER && !LOOPGATE_CLIENT_ID && !LOOPGATE_AUDIENCE) return;
  throw new SettingError(
    verbatim('--auto brings its own provider: unset LOOPGATE_ISSUER, LOOPGATE_CLIENT_ID and LOOPGATE_AUDIENCE.'),
  );
}

/** The settings of the environment and the administrator, without settings.json. @throws SettingError */
function settingsFor(provider: IdentityProvider): Settings {
  const environment = {
    LOOPGATE_PORT: '0',
    ...process.env,
    LOOPGATE_DEMO: '1',
    LOOPGATE_ISSUER: provider.issuer,
    LOOPGATE_CLIENT_ID: provider.clientId,
    LOOPGATE_AUDIENCE: provider.audience,
  };
  const settings = readSettings(environment, () => ({}), process.platform, readPolicy());
  if (settings.guard === undefined || settings.guard === 'same-user') return settings;
  throw new SettingError(
    verbatim(
      `The setting "guard" is "${settings.guard}", and the test kit lets every program of its user in: unset it.`,
    ),
  );
}

/** @throws SettingError when a Loopgate runs there */
function takePlace(place: string): () => void {
  try {
    return takeLock(place, 'headless').release;
  } catch (error) {
    if (!(error instanceof LockedError)) throw error;
    throw new SettingError(
      verbatim(
        `A Loopgate runs already (${error.holder.kind}, process ${error.holder.pid}), and the test kit leaves it alone. Stop it; or set LOOPGATE_HOME to another folder, for the test kit and for what you test.`,
      ),
    );
  }
}

/**
 * Call it only when everything is ready: a program that finds the file may use it at once. @throws when it cannot be written
 */
function publish(place: string, data: string): () => void {
  const own = readEndpoint(data);
  if (!own)
    throw new SettingError(
      verbatim(`${dataPath(data, 'endpoint')} cannot be written: set TMPDIR to a folder that can.`),
    );
  const { address, port, instance } = own;
  return publishEndpoint(place, { address, port, version, instance });
}

function announce({ address }: Host, place: string): void {
  print(
    'This is no sign-in of anybody: it is for tests of extensions. Nothing leaves this machine, and nothing is kept.',
  );
  print(`${person} is signed in, and every sign-in is hers. Every program of this user may use it.`);
  print(`Faults: curl -X PUT ${address}${faultPath}/NAME, with one of ${faultNames.join(', ')}`);
  print(`        curl -X DELETE ${address}${faultPath} ends it`);
  print(`Programs find it by ${dataPath(place, 'endpoint')}`);
  // Print this line last: a caller may wait for it.
  print(`Loopgate ${version} listening on ${address}`);
}

function stopOnSignals(stop: () => Promise<void>): void {
  let stopping = false;
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (stopping) return;
      stopping = true;
      void stop().finally(() => process.exit(0));
    });
  }
}

function removeEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // The folder is not empty.
  }
}

function print(line: string): void {
  say(`${mark}${line}`);
}

/** Exits like the headless host: 2 means that a setting, a port or a data folder cannot be used. */
serve().catch((error: unknown) => {
  const isTheirs = error instanceof SettingError || error instanceof ListenError;
  const text = error instanceof Error ? error.message : String(error);
  sayError(`${mark}${isTheirs ? text : `The test kit could not start: ${text}`}`);
  process.exit(isTheirs ? 2 : 1);
});
