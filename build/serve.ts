/** `npm run serve`: the broker and its API without a desktop. With `--demo` it brings the demo provider; `--help` says more. */

import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureBundle, ensureTestKit } from './bundle.ts';
import { become, becomeHeadless, fail, projectFolder, settingsOf, startDemo } from './launch.ts';

const usage = `npm run serve -- [--demo [--auto]]

  --demo   brings the demo identity provider, where any name signs in; the same as LOOPGATE_DEMO=1
  --auto   with --demo: the test kit, for the tests of extensions. Signs in a fixed person without a browser, keeps nothing,
           and fails on request (docs/authors/test-kit.md)
  --help   shows this`;

async function serve(): Promise<void> {
  const { demo, auto, help } = readOptions(process.argv.slice(2));
  if (help) return console.log(usage);
  const environment = demo ? { ...process.env, LOOPGATE_DEMO: '1' } : process.env;
  if (auto) return await serveTestKit(environment);
  const settings = settingsOf(environment);
  await ensureBundle({ quiet: true });
  if (!settings.demo) return await becomeHeadless(environment);
  if (settings.issuer !== undefined)
    throw new Error('The demo provider is asked for and an issuer is set: choose one.');
  await becomeHeadless({ ...environment, ...(await startDemo(settings)) });
}

/** Reads no settings: the person's own are not for tests. */
async function serveTestKit(environment: NodeJS.ProcessEnv): Promise<void> {
  if (!['1', 'true'].includes(environment.LOOPGATE_DEMO ?? '')) {
    throw new Error('--auto signs in by itself, which only the demo provider is for: npm run serve -- --demo --auto');
  }
  await ensureTestKit();
  if (process.env.npm_lifecycle_event !== undefined) endWithParent();
  await become(process.execPath, [join(projectFolder, 'out', 'testKit', 'index.cjs')], environment);
}

/** A signal for npm ends the shell that npm has put in between, which does not pass it on: nothing may stay behind in a CI. */
function endWithParent(): void {
  const parent = process.ppid;
  setInterval(() => process.ppid !== parent && process.kill(process.pid, 'SIGTERM'), 200).unref();
}

/** @throws Error that names the known options */
function readOptions(argv: readonly string[]): { demo: boolean; auto: boolean; help: boolean } {
  const flag = { type: 'boolean', default: false } as const;
  try {
    return parseArgs({ args: [...argv], options: { demo: flag, auto: flag, help: flag } }).values;
  } catch (error) {
    const [reason] = (error instanceof Error ? error.message : String(error)).split('. ');
    throw new Error(`${reason}. Known are --demo, --auto and --help:\n\n${usage}`);
  }
}

await serve().catch(fail);
