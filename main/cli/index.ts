import { ownOutput } from './output.ts';
import { runCommand } from './run.ts';

/**
 * `loopgate` from the repository, run by Node. It is asked about as what it is: `node`, an interpreter, which anybody can run.
 * Only the installed app's own executable speaks for the program that started it.
 */
async function main(): Promise<void> {
  const { output, interrupted } = ownOutput();
  const { env: environment, platform, argv } = process;
  process.exitCode = await runCommand(argv.slice(2), { environment, platform, interrupted }, output);
}

void main();
