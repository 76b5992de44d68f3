import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { app } from 'electron';
import { hiddenArgument, launchTarget } from '../system/launchTarget.ts';
import { isCommand } from './arguments.ts';
import { CommandFailure, exitCodes } from './failure.ts';
import { ownOutput } from './output.ts';
import { runCommand } from './run.ts';

/** What the launcher calls the app's own program with; the command's arguments come behind it, after `--`. */
const cliArgument = '--cli';
/**
 * Without a display Chromium ends before anything is asked; no page is shown, and what it says of the machine helps nobody. The
 * launcher has the same.
 */
const switches = ['--no-sandbox', '--ozone-platform=headless', '--no-zygote', '--disable-gpu', '--log-level=3'];

/**
 * The arguments of the command `loopgate` when this start is one: behind `--cli`, or, where the program itself is on the
 * path (the link of the .deb, an AppImage), a command's name as the first argument.
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
 * The executable that speaks for the program that started it: the packed app's own, which runs nothing but itself. Absent in
 * development, where it is Electron, and Electron runs whatever it is given.
 */
export const ownCommand = app.isPackaged ? process.execPath : undefined;

/** The arguments of the command when this start is one. */
export const typedCommand = () => commandArguments(process.argv, app.isPackaged);

/**
 * Runs the command where this start is one, and ends the process: no window, no lock, none of the app's files.
 * @returns false for a start of the app or of the headless host
 */
export function runsCommand(): boolean {
  const argv = typedCommand();
  if (!argv) return false;
  // This runs before Chromium looks for a display, and only then can it be told to want none.
  if (process.platform === 'linux' && app.commandLine.getSwitchValue('ozone-platform') !== 'headless') {
    const { status } = spawnSync(process.execPath, [...switches, cliArgument, '--', ...argv], { stdio: 'inherit' });
    app.exit(status ?? 1);
    return true;
  }
  // The host is no command: it stays, and is not of this folder (packedHeadless.ts).
  if (argv.length === 1 && argv[0] === 'serve') return false;
  try {
    placeChromium();
  } catch (error) {
    process.stderr.write(
      `${error instanceof Error ? error.message : error} Set TMPDIR to a folder that can be written.\n`,
    );
    app.exit(exitCodes.failed);
    return true;
  }
  const { output, interrupted } = ownOutput();
  const { env: environment, platform } = process;
  const startApp = app.isPackaged ? startOwnProgram : undefined;
  void runCommand(argv, { environment, platform, interrupted, startApp }, output).then((code) => app.exit(code));
  return true;
}

/** Chromium ends without a folder of its own. Where the home takes none, as that of a service's user, it gets a fresh one. */
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
  // What it could not start with is told when nothing answers.
  child.on('error', () => undefined);
  child.unref();
}

/** The environment of a terminal decides nothing about the app but where its data are: whoever calls the command is any program. */
export function withoutSettings(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(environment).filter(([name]) => !name.startsWith('LOOPGATE_') || name === 'LOOPGATE_HOME'),
  );
}
