import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeStore } from '../../main/storage/jsonFile.ts';

/** A file as large as a stored session, in a folder that goes with the process. */
export class KeptFile {
  readonly #folder = mkdtempSync(join(tmpdir(), 'loopgate-bench-'));

  constructor() {
    process.on('disconnect', () => {
      rmSync(this.#folder, { recursive: true, force: true });
      process.exit();
    });
  }

  /** As a session is written, by electron-store: it survives a loss of power, and a full disk leaves the old one whole. */
  write(): void {
    writeStore(this.#folder, 'kept', { session: 'a'.repeat(4096) });
  }
}
