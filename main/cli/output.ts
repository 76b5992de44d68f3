import type { Writable } from 'node:stream';
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

function writer(stream: Writable): (text: string) => Promise<void> {
  // The reader may have gone, as in `loopgate programs
  // head -1`.
  stream.on('error', () => undefined);
  return (text) => new Promise((resolve) => stream.write(`${text}\n`, () => resolve()));
}
