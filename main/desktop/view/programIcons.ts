import { readdir, readFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { nameFiles } from '../../system/strangersFiles.ts';

/** The image types of icon themes that the window can show. An SVG in an `img` runs nothing and loads nothing. */
const types: Record<string, string> = { '.png': 'image/png', '.svg': 'image/svg+xml' };
/** Bytes. */
const maxBytes = 64 * 1024;
/** The maximum number of icons in memory: more than a list has. */
const maxKept = 500;

/**
 * Reads the icons of programs from the system's files and returns them as `data:` addresses, because the window reads no
 * files.
 */
export class ProgramIcons {
  readonly #changed: () => void;
  readonly #ownFolder: string;
  #own: Promise<readonly Buffer[]> | undefined;
  /** By file; undefined while it is being read, and for a file that cannot be shown. */
  readonly #icons = new Map<string, string | undefined>();

  /**
   * @param changed - called when an icon has been read
   * @param ownFolder - where Loopgate's own icons are: no other program is shown with one of them
   */
  constructor(changed: () => void, ownFolder: string) {
    this.#changed = changed;
    this.#ownFolder = ownFolder;
  }

  /** The icon in a file, once it has been read; the first call starts the read. */
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
    if (!content || (await this.#isOwn(file, content))) return;
    this.#icons.set(file, `data:${type};base64,${content.toString('base64')}`);
    this.#changed();
  }

  /** The file that a package has put among the system's icons, or the same bytes elsewhere. */
  async #isOwn(file: string, content: Buffer): Promise<boolean> {
    if (/^loopgate\b/i.test(basename(file))) return true;
    this.#own ??= imagesIn(this.#ownFolder);
    return (await this.#own).some((own) => own.equals(content));
  }
}

async function imagesIn(folder: string): Promise<readonly Buffer[]> {
  const files = (await readdir(folder)).filter((file) => extname(file) in types);
  return await Promise.all(files.map((file) => readFile(join(folder, file))));
}

/** A desktop entry may name any file, such as a pipe or an endless one. */
async function contentOf(file: string): Promise<Buffer | undefined> {
  const { content, status } = await nameFiles.do('read', file, maxBytes);
  return status.size > maxBytes ? undefined : Buffer.from(content);
}
