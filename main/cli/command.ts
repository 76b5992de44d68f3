import type { CommandOptions } from './arguments.ts';
import type { Connection } from './connection.ts';
import type { ExitCode } from './failure.ts';

/** What a command touches of the world, handed in so that a test hands in another. */
export interface CommandWorld {
  readonly environment: NodeJS.ProcessEnv;
  readonly platform: NodeJS.Platform;
  /** The data folder. */
  readonly home: string;
  /** For what the person should know meanwhile: standard error. */
  tell(line: string): void;
  /** Whether a person reads that at once, and nothing keeps it. */
  readonly isTerminal: boolean;
  /** Ends when the person presses Ctrl+C. */
  readonly interrupted: AbortSignal;
  /** Starts the app. Absent where the command has none to start: in the repository. @throws CommandFailure */
  readonly startApp?: (() => void) | undefined;
}

/** What a command has to say, in both forms; one of them is printed. */
export interface CommandResult {
  readonly text: string;
  readonly json: object;
  /** 0 when absent. */
  readonly exitCode?: ExitCode;
}

/** What a command gets. */
export interface CommandCall {
  readonly options: CommandOptions;
  /** The words behind the command's name. */
  readonly words: readonly string[];
  readonly world: CommandWorld;
  /** The Loopgate that runs; it is looked up, or started, when this is called. @throws CommandFailure `not_running` */
  connect(options?: { start?: boolean }): Promise<Connection>;
}

export type Command = (call: CommandCall) => CommandResult | Promise<CommandResult>;
