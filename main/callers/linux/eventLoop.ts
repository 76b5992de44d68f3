import { closeSync, openSync, readSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';

/** How long such work may hold the event loop at a time, in milliseconds. */
const maxSlice = 2;

/** Splits long work that never waits, so that other work can run in between. */
export class Slices {
  #began = performance.now();

  /** Whether other work should run now. Then await {@link Slices.next}. */
  get isOver(): boolean {
    return performance.now() - this.#began >= maxSlice;
  }

  async next(): Promise<void> {
    await setImmediate();
    this.#began = performance.now();
  }
}

/**
 * Reads the rows of a kernel table that contain one of these texts, each with its line break. The kernel gives the
 * table in pieces of 4 KB. Reading them never waits for a disk, and the thread pool would take ten times as long for
 * each; a busy machine has a hundred of them. Any user can fill the table with thousands of rows, and parsing all at
 * once would block everything.
 * @throws when the table is missing or unreadable
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

/** Skips all other rows: there may be a hundred thousand. */
function rowsWith(mark: string, text: string): string[] {
  const rows: string[] = [];
  for (let found = text.indexOf(mark); found !== -1; ) {
    const end = text.indexOf('\n', found) + 1;
    rows.push(text.slice(text.lastIndexOf('\n', found) + 1, end));
    found = text.indexOf(mark, end);
  }
  return rows;
}

/** The text in a row of /proc/net/tcp or tcp6 with this port at one end. */
export function portMark(port: number): string {
  return `:${port.toString(16).toUpperCase().padStart(4, '0')} `;
}
