/**
 * `npm start`: builds and starts the app. Without a configured provider it brings the demo one; without a display or an
 * Electron runtime it starts the same broker headless, and says so.
 */

import { ensureBundle } from './bundle.ts';
import { assembleApp, type ElectronRuntime, findElectron, sandboxArguments } from './electronRuntime.ts';
import { become, becomeHeadless, fail, projectFolder, settingsOf, startDemo } from './launch.ts';

async function start(): Promise<void> {
  const settings = settingsOf(process.env);
  await ensureBundle();
  if (settings.demo && settings.issuer !== undefined) {
    throw new Error('LOOPGATE_DEMO=1 and an issuer are both set: unset one of them.');
  }
  const runtime = hasDisplay() ? await findRuntime() : undefined;
  const isDemo = settings.demo ?? settings.issuer === undefined;
  const environment = isDemo ? { ...process.env, ...(await startDemo(settings)) } : process.env;
  if (runtime) return await becomeDesktop(runtime, environment);
  console.log(
    hasDisplay()
      ? 'Starting without a window: Electron cannot be downloaded here. To get the window, let npm reach GitHub and start again.'
      : 'Starting without a window: there is no display (DISPLAY and WAYLAND_DISPLAY are not set).',
  );
  await becomeHeadless(environment);
}

async function becomeDesktop(runtime: ElectronRuntime, environment: NodeJS.ProcessEnv): Promise<void> {
  const sandbox = sandboxArguments();
  if (sandbox.length > 0) {
    console.warn(
      "Warning: started as root, so Chromium's sandbox is off (--no-sandbox). Use an ordinary account for daily work.",
    );
  }
  const { executable, args } = await assembleApp({ runtime, appFolder: projectFolder });
  await become(executable, [...args, ...sandbox], environment);
}

function hasDisplay(): boolean {
  return process.platform !== 'linux' || Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY);
}

/** The official runtime; the fallback, a stranger's build, only where the environment asks for it. */
function findRuntime(): Promise<ElectronRuntime | undefined> {
  const allowFallback = process.env.LOOPGATE_ELECTRON_FALLBACK === '1';
  return findElectron({ allowFallback, announce: allowFallback ? (line) => console.log(line) : () => undefined });
}

await start().catch(fail);
