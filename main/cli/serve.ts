import type { Command } from './command.ts';
import { CommandFailure } from './failure.ts';

/** Never runs for `serve` alone: the code that starts the command starts the host instead. */
export const serve: Command = () => {
  throw new CommandFailure(
    'wrong_use',
    '"serve" stands alone: it stays in the foreground, and says what it does there.',
  );
};
