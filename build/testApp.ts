/** The app as end-to-end tests start it. */

import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type AppCommand,
  assembleApp,
  type ElectronRuntime,
  findElectron,
  sandboxArguments,
} from './electronRuntime.ts';

const projectFolder = dirname(dirname(fileURLToPath(import.meta.url)));

let command: Promise<AppCommand> | undefined;

/**
 * How to start the built app (`out/`) under test, with the arguments that every start needs. `npm test` has looked for the
 * runtime already and names its folder in `LOOPGATE_TEST_ELECTRON_DIST`; under a bare `npx playwright test` it is looked for
 * here.
 *
 * @throws when there is no runtime.
 */
export function testApp(): Promise<AppCommand> {
  command ??= assemble();
  return command;
}

async function assemble(): Promise<AppCommand> {
  const runtime = await findTestRuntime();
  if (!runtime) throw new Error('No Electron runtime');
  const { executable, args } = await assembleApp({ runtime, appFolder: projectFolder });
  return { executable, args: [...args, ...sandboxArguments()] };
}

/** The runtime alone, for an app other than the built one. */
export async function findTestRuntime(): Promise<ElectronRuntime | undefined> {
  return (await namedRuntime()) ?? (await findElectron({ allowFallback: fallbackAllowed(), announce: console.log }));
}

/** Tests use the fallback by themselves, for they have throwaway profiles and no real account. */
export function fallbackAllowed(): boolean {
  return process.env.LOOPGATE_ELECTRON_FALLBACK !== '0';
}

async function namedRuntime(): Promise<ElectronRuntime | undefined> {
  const distFolder = process.env.LOOPGATE_TEST_ELECTRON_DIST;
  if (!distFolder) return undefined;
  const version = (await readFile(join(distFolder, 'version'), 'utf8')).trim().replace(/^v/, '');
  return { executable: join(distFolder, 'electron'), distFolder, version, official: false };
}
