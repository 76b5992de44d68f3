import { closeSync, openSync, readSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';

/** How long such work holds the event loop at a time, in milliseconds. */
const maxSlice = 2;

/** Work of many small steps that wait for nothing: others have their turn in between. */
export class Slices {
  #began = performance.now();

  /** Whether it is others' turn: {@link Slices.next} is to be awaited then. */
  get isOver(): boolean {
    return performance.now() - this.#began >= maxSlice;
  }

  async next(): Promise<void> {
    await setImmediate();
    this.#began = performance.now();
  }
}

/**
 * The rows of a table of the kernel's that hold one of these texts, each with its line break. It gives a table in pieces of 4 KB.
 * That never waits for a disk, and through the thread pool each piece takes ten times as long: a busy machine has a hundred of
 * them. Anybody on the machine can fill it with thousands of rows, all of which at once would hold everybody up.
 * @throws when it is not there, or cannot be read
 */
export async function readKernelRows(path: string, marks: Iterable<string>): Promise<string> {
  const slices = new Slices();
  const piece = Buffer.allocUnsafe(16 * 1024);
  const rows: string[] = [];
  let begun = '';
  const file = openSync(path, 'r');
  try {
    for (let length = readSync(file, piece); length > 0; length = readSync(file, piece)) {
      const text = begun + piece.toString('latin1', 0, length);
      const end = text.lastIndexOf('\n') + 1;
      begun = text.slice(end);
      for (const mark of marks) rows.push(...rowsWith(mark, text.slice(0, end)));
      if (slices.isOver) await slices.next();
    }
  } finally {
    closeSync(file);
  }
  return rows.join('');
}

/** Without a look at any other row: there may be a hundred thousand. */
function rowsWith(mark: string, text: string): string[] {
  const rows: string[] = [];
  for (let found = text.indexOf(mark); found !== -1; ) {
    const end = text.indexOf('\n', found) + 1;
    rows.push(text.slice(text.lastIndexOf('\n', found) + 1, end));
    found = text.indexOf(mark, end);
  }
  return rows;
}

/** What a row of /proc/net/tcp or tcp6 has where one of its ends is at this port. */
export function portMark(port: number): string {
  return `:${port.toString(16).toUpperCase().padStart(4, '0')} `;
}
