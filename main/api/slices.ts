import { closeSync, openSync, readSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';

/** How long such work holds the event loop at a time, in milliseconds. */
const longestSlice = 2;

/** Work of many small steps that wait for nothing: others have their turn in between. */
export class Slices {
  #began = performance.now();

  /** Whether it is others' turn: {@link Slices.next} is to be awaited then. */
  get isOver(): boolean {
    return performance.now() - this.#began >= longestSlice;
  }

  async next(): Promise<void> {
    await setImmediate();
    this.#began = performance.now();
  }
}

/**
 * A table of the kernel's, which it gives in pieces of 4 KB. That never waits for a disk, and through the thread pool each piece
 * takes ten times as long: a busy machine has a hundred of them.
 * @throws when it is not there, or cannot be read
 */
export async function readKernelTable(path: string): Promise<string> {
  const slices = new Slices();
  const piece = Buffer.allocUnsafe(16 * 1024);
  const pieces: string[] = [];
  const file = openSync(path, 'r');
  try {
    for (let length = readSync(file, piece); length > 0; length = readSync(file, piece)) {
      pieces.push(piece.toString('latin1', 0, length));
      if (slices.isOver) await slices.next();
    }
  } finally {
    closeSync(file);
  }
  return pieces.join('');
}
