import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { extname } from 'node:path';

/** What an icon theme has, and the window shows. An SVG in an `img` runs nothing and loads nothing. */
const types: Record<string, string> = { '.png': 'image/png', '.svg': 'image/svg+xml' };
/** Bytes. */
const maxBytes = 64 * 1024;
/** How many icons are kept: more than a list has. */
const maxKept = 500;

/** The icons of programs, read from where the system has them, as `data:` addresses: the window reads no file. */
export class ProgramIcons {
  readonly #changed: () => void;
  /** By file; undefined while it is read, and for one that cannot be shown. */
  readonly #icons = new Map<string, string | undefined>();

  /** @param changed - called when one has been read */
  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** The icon in a file, when it has been read; asking for it has it read. */
  of(file: string): string | undefined {
    if (!this.#icons.has(file) && this.#icons.size < maxKept) {
      this.#icons.set(file, undefined);
      void this.#read(file);
    }
    return this.#icons.get(file);
  }

  async #read(file: string): Promise<void> {
    const type = types[extname(file).toLowerCase()];
    const content = type === undefined ? undefined : await contentOf(file).catch(() => undefined);
    if (!content) return;
    this.#icons.set(file, `data:${type};base64,${content.toString('base64')}`);
    this.#changed();
  }
}

/** A desktop entry may name any file: a pipe, or one that is endless. */
async function contentOf(file: string): Promise<Buffer | undefined> {
  // Not to wait for a writer where it is a pipe.
  const handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const status = await handle.stat();
    if (!status.isFile() || status.size > maxBytes) return undefined;
    const content = Buffer.alloc(status.size);
    const { bytesRead } = await handle.read(content, 0, status.size, 0);
    return content.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
