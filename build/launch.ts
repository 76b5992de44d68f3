/** What `npm start` and `npm run serve` have in common: the settings, the demo provider, and a child that gets the signals. */

import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readPolicy } from '../main/settings/policy.ts';
import { defaultHome, readSettings, type Settings } from '../main/settings/settings.ts';
import { dataPath } from '../main/storage/dataFolder.ts';
import { secureFolder } from '../main/storage/folderLook.ts';
import { readText } from '../main/system/readText.ts';

export const projectFolder = dirname(dirname(fileURLToPath(import.meta.url)));

/**
 * The settings as the program itself will read them.
 * @throws SettingError
 */
export function settingsOf(environment: NodeJS.ProcessEnv): Settings {
  const home = environment.LOOPGATE_HOME || defaultHome(process.platform, environment);
  // Without electron-store: outside Electron its import of "electron" would start a download. A damaged file is said later,
  // by the program.
  const fromFile = settingsFile(home);
  return readSettings(environment, () => fromFile, process.platform, readPolicy());
}

function settingsFile(home: string): Record<string, unknown> {
  try {
    const file: unknown = JSON.parse(readText(dataPath(home, 'settings')) ?? '{}');
    return typeof file === 'object' && file !== null ? { ...file } : {};
  } catch {
    return {};
  }
}

/**
 * Starts the demo identity provider on this machine, and gives the environment in which Loopgate uses it. Its state is kept
 * in the data folder, so that whoever signed in yesterday is signed in today.
 */
export async function startDemo(settings: Settings): Promise<NodeJS.ProcessEnv> {
  for (const notice of secureFolder(settings.home).notices) console.log(notice);
  // Not loaded for who brings a provider: it takes longer than all else here.
  const { startIdentityProvider } = await import('../demo/identity-provider/provider.ts');
  const provider = await startIdentityProvider({
    anyLoopbackCallback: true,
    stateFile: dataPath(settings.home, 'demoProvider'),
  });
  console.log(
    `The demo identity provider runs at ${provider.issuer}: any name signs in, and nothing leaves this machine.`,
  );
  return {
    LOOPGATE_DEMO: '1',
    LOOPGATE_ISSUER: provider.issuer,
    LOOPGATE_CLIENT_ID: provider.clientId,
    LOOPGATE_AUDIENCE: provider.audience,
  };
}

/** Runs a program in the foreground; it gets the signals that come here. Ends this process with its exit code. */
export async function become(program: string, argv: readonly string[], environment: NodeJS.ProcessEnv): Promise<never> {
  const child = spawn(program, argv, { stdio: 'inherit', env: environment });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
  const code = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (status, signal) => resolve(status ?? (signal === null ? 0 : 1)));
  });
  process.exit(code);
}

/** Runs the headless host in the foreground. */
export function becomeHeadless(environment: NodeJS.ProcessEnv): Promise<never> {
  return become(process.execPath, [join(projectFolder, 'out', 'headless', 'index.cjs')], environment);
}

/** Ends the process with the reason in one line, as a person should read it. */
export function fail(error: unknown): never {
  console.error(error instanceof Error ? error.message : String(error));
  process.exit(1);
}
