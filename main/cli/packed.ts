import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { app } from 'electron';
import { hiddenArgument, launchTarget } from '../system/launchTarget.ts';
import { sayError } from '../system/terminal.ts';
import { isCommand } from './arguments.ts';
import { CommandFailure, exitCodes } from './failure.ts';
import { ownOutput } from './output.ts';
import { runCommand } from './run.ts';

/** The launcher's first argument to the app's executable. The command's own arguments follow after `--`. */
const cliArgument = '--cli';
/**
 * Without a display, Chromium would end before the command runs. A command shows no page, so it needs no display and
 * none of Chromium's messages. The launcher sets the same.
 */
const switches = ['--no-sandbox', '--ozone-platform=headless', '--no-zygote', '--disable-gpu', '--log-level=3'];

/**
 * The arguments of the command `loopgate`, if this start is one: after `--cli`, or, when the executable itself is on
 * the path (the link of the .deb, an AppImage), with a command's name as the first argument.
 * @returns undefined for a start of the app
 */
export function commandArguments(argv: readonly string[], isPackaged: boolean): readonly string[] | undefined {
  const at = argv.indexOf(cliArgument);
  if (at !== -1) return argv.slice(argv[at + 1] === '--' ? at + 2 : at + 1);
  const [, first = ''] = argv;
  const isTyped = isCommand(first) || ['help', '--help', '-h', '--version'].includes(first);
  return isPackaged && isTyped ? argv.slice(1) : undefined;
}

/**
 * The executable that acts for the program that started it: the packed app's own, which runs only itself. Absent in
 * development, where it is Electron, which runs any script.
 */
export const ownCommand = app.isPackaged ? process.execPath : undefined;

/** The arguments of the command, if this start is one. */
export const typedCommand = () => commandArguments(process.argv, app.isPackaged);

/**
 * Runs the command, if this start is one, and ends the process: no window, no lock, none of the app's files.
 * @returns false for a start of the app or of the headless host
 */
export function runsCommand(): boolean {
  const argv = typedCommand();
  if (!argv) return false;
  // Only here, before Chromium looks for a display, can the process tell it to do without.
  if (process.platform === 'linux' && app.commandLine.getSwitchValue('ozone-platform') !== 'headless') {
    const { status } = spawnSync(process.execPath, [...switches, cliArgument, '--', ...argv], { stdio: 'inherit' });
    app.exit(status ?? 1);
    return true;
  }
  // The host is not a command: it keeps running, and packedHeadless.ts starts it.
  if (argv.length === 1 && argv[0] === 'serve') return false;
  try {
    placeChromium();
  } catch (error) {
    sayError(`${error instanceof Error ? error.message : error} Set TMPDIR to a folder that can be written.`);
    app.exit(exitCodes.failed);
    return true;
  }
  const { output, interrupted } = ownOutput();
  const { env: environment, platform } = process;
  const startApp = app.isPackaged ? startOwnProgram : undefined;
  void runCommand(argv, { environment, platform, interrupted, startApp }, output).then((code) => app.exit(code));
  return true;
}

/** Chromium needs its own folder. If the home is not writable, as a service's user's may be, it gets a fresh one. */
function placeChromium(): void {
  try {
    mkdirSync(app.getPath('userData'), { recursive: true, mode: 0o700 });
  } catch {
    const folder = mkdtempSync(join(tmpdir(), 'loopgate-'));
    app.setPath('userData', folder);
    app.on('quit', () => rmSync(folder, { recursive: true, force: true }));
  }
}

function startOwnProgram(): void {
  const { DISPLAY, WAYLAND_DISPLAY } = process.env;
  if (process.platform === 'linux' && !DISPLAY && !WAYLAND_DISPLAY) {
    throw new CommandFailure(
      'not_running',
      'Loopgate is not running, and needs a display to start. Start it on the desktop, or without one: "loopgate serve".',
    );
  }
  const { execPath, env: environment } = process;
  const env = withoutSettings(environment);
  const child = spawn(launchTarget({ execPath, environment }), [hiddenArgument], {
    detached: true,
    stdio: 'ignore',
    env,
  });
  // If the start fails, the command reports it when no answer comes.
  child.on('error', () => undefined);
  child.unref();
}

/** Any program can call this command, so the terminal's environment only decides where the app's data folder is. */
export function withoutSettings(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(environment).filter(([name]) => !name.startsWith('LOOPGATE_') || name === 'LOOPGATE_HOME'),
  );
}
