import type { Command } from './command.ts';
import { CommandFailure } from './failure.ts';

/** `serve` alone never comes here: it is the host itself, and whoever starts the command starts that in its place. */
export const serve: Command = () => {
  throw new CommandFailure(
    'wrong_use',
    '"serve" stands alone: it stays in the foreground, and says what it does there.',
  );
};
