import { ownOutput } from './output.ts';
import { runCommand } from './run.ts';

/**
 * `loopgate` from the repository, run by Node. The person sees it as `node`, an interpreter that any program can run.
 * Only the installed app's own executable acts for the program that started it.
 */
async function main(): Promise<void> {
  const { output, interrupted } = ownOutput();
  const { env: environment, platform, argv } = process;
  process.exitCode = await runCommand(argv.slice(2), { environment, platform, interrupted }, output);
}

void main();
