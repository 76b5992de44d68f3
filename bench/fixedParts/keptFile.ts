import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ElectronStore from 'electron-store';

/** A file as large as a stored session, kept by electron-store in a folder that goes with the process. */
export class KeptFile {
  readonly #folder = mkdtempSync(join(tmpdir(), 'loopgate-bench-'));
  readonly #store = new ElectronStore<{ session: string }>({ cwd: this.#folder, name: 'kept', configFileMode: 0o600 });

  constructor() {
    process.on('disconnect', () => {
      rmSync(this.#folder, { recursive: true, force: true });
      process.exit();
    });
  }

  /** Survives a loss of power: the file, which is electron-store's part, and its name in the folder. */
  write(): void {
    this.#store.store = { session: 'a'.repeat(4096) };
    const directory = openSync(this.#folder, 'r');
    fsyncSync(directory);
    closeSync(directory);
  }
}
