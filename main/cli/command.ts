import type { CommandOptions } from './arguments.ts';
import type { Connection } from './connection.ts';
import type { ExitCode } from './failure.ts';

/** The outside world of a command, so that a test can pass in its own. */
export interface CommandWorld {
  readonly environment: NodeJS.ProcessEnv;
  readonly platform: NodeJS.Platform;
  /** The data folder. */
  readonly home: string;
  /** Writes progress messages for the person to standard error. */
  tell(...lines: readonly string[]): void;
  /** Whether standard error is a terminal, so that a person reads it at once and no file keeps it. */
  readonly isTerminal: boolean;
  /** Aborted when the person presses Ctrl+C. */
  readonly interrupted: AbortSignal;
  /** Starts the app. Absent in the repository, which has no app to start. @throws CommandFailure */
  readonly startApp?: (() => void) | undefined;
}

/** The result of a command, as text and as JSON. The command prints one of them. */
export interface CommandResult {
  /** One line, or several. */
  readonly text: string | readonly string[];
  readonly json: object;
  /** The exit code; 0 when absent. */
  readonly exitCode?: ExitCode;
}

/** What a command receives. */
export interface CommandCall {
  readonly options: CommandOptions;
  /** The words after the command's name. */
  readonly words: readonly string[];
  readonly world: CommandWorld;
  /** Finds or starts Loopgate. @throws CommandFailure `not_running` */
  connect(options?: { start?: boolean }): Promise<Connection>;
}

export type Command = (call: CommandCall) => CommandResult | Promise<CommandResult>;
