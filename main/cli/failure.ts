/** The exit codes of `loopgate`. Scripts depend on them, so their meaning never changes. */
export const exitCodes = {
  done: 0,
  failed: 1,
  wrongUse: 2,
  notRunning: 3,
  signedOut: 4,
  refused: 5,
  unfinished: 6,
  /** 128 plus the number of SIGINT, as in shells. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** API error codes that have their own exit code. */
const exitCodeOf: Readonly<Record<string, ExitCode>> = {
  wrong_use: exitCodes.wrongUse,
  not_running: exitCodes.notRunning,
  not_signed_in: exitCodes.signedOut,
  consent_denied: exitCodes.refused,
  forbidden_origin: exitCodes.refused,
  access_denied: exitCodes.unfinished,
  authorization_cleared: exitCodes.unfinished,
  authorization_timeout: exitCodes.unfinished,
  interrupted: exitCodes.interrupted,
};

/** Why a command failed: a code of the API or of the command itself, what happened, and what to do next. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }

  get exitCode(): ExitCode {
    return exitCodeOf[this.code] ?? exitCodes.failed;
  }
}

/** Turns any other failure into a CommandFailure. */
export function failureOf(error: unknown): CommandFailure {
  if (error instanceof CommandFailure) return error;
  const said = error instanceof Error ? error.message : String(error);
  return new CommandFailure('failed', `The command failed: ${said}. Try again; if it stays, restart Loopgate.`);
}
