import type { Writable } from 'node:stream';
import { writeLines } from '../system/terminal.ts';
import type { CommandOutput } from './run.ts';

/** The streams of this process, and its Ctrl+C. */
export function ownOutput(): { output: CommandOutput; interrupted: AbortSignal } {
  const controller = new AbortController();
  // A second Ctrl+C ends the process at once.
  process.once('SIGINT', () => controller.abort());
  const output = {
    out: writer(process.stdout),
    error: writer(process.stderr),
    isTerminal: process.stderr.isTTY === true,
  };
  return { output, interrupted: controller.signal };
}

function writer(stream: Writable): (lines: readonly string[]) => Promise<void> {
  // The reader may have gone, as in "loopgate programs | head -1".
  stream.on('error', () => undefined);
  return (lines) => writeLines(stream, lines);
}
