import { homeFolder } from '../settings/settings.ts';
import { terminalJson } from '../system/terminal.ts';
import { version } from '../system/version.ts';
import { asksForJson, type CommandName, helpText, parseInvocation } from './arguments.ts';
import type { Command, CommandResult, CommandWorld } from './command.ts';
import { completion } from './completion.ts';
import { Connection, runningEndpoint } from './connection.ts';
import { doctor } from './doctor.ts';
import { type ExitCode, exitCodes, failureOf } from './failure.ts';
import { login, logout } from './login.ts';
import { programs } from './programs.ts';
import { serve } from './serve.ts';
import { notRunning, startAndWait } from './start.ts';
import { endpoint, status } from './status.ts';
import { token, userinfo } from './token.ts';

const commands: Readonly<Record<CommandName, Command>> = {
  status,
  login,
  logout,
  token,
  userinfo,
  programs,
  endpoint,
  doctor,
  serve,
  completion,
};

/** Where the command writes lines. Both resolve when they are written. */
export interface CommandOutput {
  out(lines: readonly string[]): Promise<void>;
  error(lines: readonly string[]): Promise<void>;
  /** Whether standard error is a terminal. Default false. */
  readonly isTerminal?: boolean;
}

/** The world of a command, without the data folder, which comes from the environment. */
export type OuterWorld = Omit<CommandWorld, 'home' | 'tell' | 'isTerminal'>;

/**
 * Runs `loopgate` and writes the result to standard output and everything else to standard error. With `--json`,
 * standard output contains one JSON document, even after a failure.
 * @returns the exit code
 */
export async function runCommand(
  argv: readonly string[],
  outer: OuterWorld,
  { out, error: toError, isTerminal = false }: CommandOutput,
): Promise<ExitCode> {
  const asJson = asksForJson(argv);
  try {
    const {
      text,
      json,
      exitCode = exitCodes.done,
    } = await resultOf(argv, { ...outer, isTerminal }, (...lines) => void toError(lines));
    await out(asJson ? jsonLines(json) : [text].flat());
    return exitCode;
  } catch (error) {
    const failure = failureOf(error);
    await (asJson
      ? out(jsonLines({ error: failure.code, error_description: failure.message }))
      : toError([failure.message]));
    return failure.exitCode;
  }
}

function jsonLines(content: object): string[] {
  return terminalJson(JSON.stringify(content, null, 2)).split('\n');
}

async function resultOf(
  argv: readonly string[],
  outer: OuterWorld & Pick<CommandWorld, 'isTerminal'>,
  tell: CommandWorld['tell'],
): Promise<CommandResult> {
  const invocation = parseInvocation(argv);
  if ('shows' in invocation) {
    return invocation.shows === 'help'
      ? { text: helpText().split('\n'), json: { help: helpText() } }
      : { text: version, json: { version } };
  }
  const { command, options, words } = invocation;
  const world: CommandWorld = { ...outer, home: homeFolder(outer.environment, outer.platform), tell };
  let connection: Connection | undefined;
  const connect = async ({ start = false } = {}) => {
    connection ??= new Connection(await findOrStart(world, start, options['no-start']), world.home, world.interrupted);
    return connection;
  };
  try {
    return await commands[command]({ options, words, world, connect });
  } finally {
    connection?.close();
  }
}

async function findOrStart(world: CommandWorld, start: boolean, forbidden = false) {
  const found = runningEndpoint(world.home);
  if (found) return found;
  if (start && !forbidden) return await startAndWait(world);
  throw notRunning(
    world.startApp ? 'Start it, or let "loopgate login" do it.' : 'Start it with "npm start" or "npm run serve".',
  );
}
