import { stat } from 'node:fs/promises';
import { basename, isAbsolute, join } from 'node:path';
import { NoAnswerError, nameFiles } from '../../system/strangersFiles.ts';
import { onlyRootCanAdd, onlyRootCanWrite } from '../executables.ts';

/** More than any desktop has. Loopgate does not read the rest of a larger folder. */
const maxEntries = 2000;
const maxEntrySize = 256 * 1024;
/** Bytes of all entries of a folder, several times what a full desktop has: larger ones would keep everybody waiting. */
const maxFolderSize = 16 * 1024 * 1024;
/** Characters of a command. */
const maxCommand = 4096;

/** A program in the desktop's menu (Desktop Entry Specification 1.5). */
export interface DesktopEntry {
  readonly name: string;
  /** As written in the entry: a path, or a name in the icon theme. */
  readonly icon?: string;
  /** `Exec` without its field codes; the program first. */
  readonly command: readonly string[];
  readonly tryExec?: string;
  /** Whether the menu shows it: neither `NoDisplay` nor `Hidden`. */
  readonly isVisible: boolean;
  readonly flatpak?: string;
  readonly snap?: string;
}

/** What people know a program by. */
export interface Label {
  readonly name: string;
  /** The file of its icon. */
  readonly icon?: string;
}

/** An entry with its folder. */
interface FoundEntry extends DesktopEntry {
  /** The executable, without symbolic links; undefined when it is missing. */
  readonly executable: string | undefined;
  readonly isOnlyRoots: boolean;
}

/**
 * Parses a desktop entry; undefined unless it describes a program.
 * @param locales - `de_AT`, `de`: the person's languages, the preferred one first
 */
export function parseDesktopEntry(text: string, locales: readonly string[] = []): DesktopEntry | undefined {
  const values = new Map<string, string>();
  let group = '';
  for (const line of text.split(/\r?\n/)) {
    const heading = /^\[(.*)\]\s*$/.exec(line)?.[1];
    if (heading !== undefined) group = heading;
    const pair = /^([A-Za-z0-9-]+(?:\[[^\]]+\])?)\s*=\s*(.*)$/.exec(line);
    // The first of two equal keys counts.
    if (group === 'Desktop Entry' && pair?.[1] !== undefined && !values.has(pair[1]))
      values.set(pair[1], unescaped(pair[2] ?? '').trim());
  }
  const localised = locales.map((locale) => values.get(`Name[${locale}]`)).find((name) => name !== undefined);
  const name = localised ?? values.get('Name');
  const command = commandOf((values.get('Exec') ?? '').slice(0, maxCommand));
  if (values.get('Type') !== 'Application' || !name || command.length === 0) return undefined;
  const icon = values.get('Icon');
  const tryExec = values.get('TryExec');
  const flatpak = values.get('X-Flatpak');
  const snap = values.get('X-SnapInstanceName');
  return {
    name,
    ...(icon && { icon }),
    command,
    ...(tryExec && { tryExec }),
    isVisible: values.get('NoDisplay') !== 'true' && values.get('Hidden') !== 'true',
    ...(flatpak && { flatpak }),
    ...(snap && { snap }),
  };
}

function unescaped(value: string): string {
  const characters: Record<string, string> = { s: ' ', n: '\n', t: '\t', r: '\r', '\\': '\\' };
  return value.replace(/\\([sntr\\])/g, (_all, letter: string) => characters[letter] ?? letter);
}

/** The arguments of `Exec`, without field codes (`%U`), and without a leading `env` and its assignments. */
function commandOf(exec: string): string[] {
  const words = [...exec.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map(
    ([, quoted, bare]) => quoted?.replace(/\\(.)/g, '$1') ?? bare ?? '',
  );
  const command = words.filter((word) => !/^%[a-zA-Z]$/.test(word)).map((word) => word.replaceAll('%%', '%'));
  if (basename(command[0] ?? '') !== 'env') return command;
  const start = command.findIndex((word, index) => index > 0 && !word.includes('=') && !word.startsWith('-'));
  return start === -1 ? [] : command.slice(start);
}

/**
 * The person's languages, in the form of a desktop entry's keys.
 * @param environment - `LC_ALL`, `LC_MESSAGES`, `LANG`: the first one that is set counts
 */
export function localesOf(environment: NodeJS.ProcessEnv): string[] {
  const value = environment.LC_ALL || environment.LC_MESSAGES || environment.LANG || '';
  const parts = /^([a-z]{2,3})(_[A-Z]{2})?(?:\.[^@]*)?(@\w+)?$/.exec(value);
  if (!parts?.[1]) return [];
  const [, language, country = '', modifier = ''] = parts;
  const keys = [`${language}${country}${modifier}`, `${language}${country}`, `${language}${modifier}`, language];
  return [...new Set(keys)];
}

/** The desktop entries of this machine and user. Read again when their folder has changed. */
export class DesktopEntries {
  readonly #environment: NodeJS.ProcessEnv;
  readonly #dataFolders: readonly string[];
  readonly #read = new Map<string, { state: string; entries: Promise<FoundEntry[]> }>();

  /** @param environment - `HOME`, `XDG_DATA_HOME`, `XDG_DATA_DIRS`, `PATH` and the language */
  constructor(environment: NodeJS.ProcessEnv) {
    this.#environment = environment;
    this.#dataFolders = dataFoldersOf(environment);
  }

  /**
   * The name and icon of a program.
   *
   * Only an entry that only root can write names a program that only root can write. Otherwise any program could give
   * `git` the name of an editor. Any entry of the user's names a program of the user's, so that name proves nothing. So
   * nothing that the user can write is looked at for a program that only root can write.
   * @param executable - its path without symbolic links
   * @param isOnlyRoots - only root can write the executable
   */
  async labelOf(executable: string, isOnlyRoots: boolean): Promise<Label | undefined> {
    const folders = await this.#foldersFor(isOnlyRoots);
    const found: FoundEntry[] = [];
    for (const folder of folders) {
      found.push(...(await this.#entriesIn(join(folder, 'applications'), isOnlyRoots).catch(none)));
    }
    const entries = found.filter((entry) => entry.isOnlyRoots || !isOnlyRoots);
    const flatpak = /\/flatpak\/app\/([^/]+)\//.exec(executable)?.[1];
    const snap = /^(?:\/var\/lib\/snapd)?\/snap\/([^/]+)\//.exec(executable)?.[1];
    const matches: ((entry: FoundEntry) => boolean)[] = [
      (entry) => entry.executable === executable,
      (entry) => flatpak !== undefined && entry.flatpak === flatpak,
      (entry) => snap !== undefined && entry.snap === snap,
      // A wrapper script in /usr/bin starts the program of the same name, such as Debian's Chromium.
      (entry) => isOnlyRoots && basename(entry.command[0] ?? '') === basename(executable),
    ];
    for (const isMatch of matches) {
      const [best] = entries
        .filter(isMatch)
        // A shortcut to one page or mode has arguments. The program's own entry has the fewest.
        .sort((a, b) => Number(b.isVisible) - Number(a.isVisible) || a.command.length - b.command.length);
      if (best) return await this.#label(best, folders);
    }
    return undefined;
  }

  /** The entry at an AppImage's root: the program's own claim, like a bundle's name on macOS. */
  async labelIn(folder: string): Promise<Label | undefined> {
    const [entry] = await this.#readFolder(folder).catch(() => []);
    return entry && { name: entry.name };
  }

  async #foldersFor(isOnlyRoots: boolean): Promise<readonly string[]> {
    if (!isOnlyRoots) return this.#dataFolders;
    const areRoots = await Promise.all(this.#dataFolders.map((folder) => onlyRootCanAdd(join(folder, 'applications'))));
    return this.#dataFolders.filter((_folder, index) => areRoots[index]);
  }

  async #entriesIn(folder: string, isOnlyRoots: boolean): Promise<FoundEntry[]> {
    const state = isOnlyRoots
      ? String((await stat(folder, { bigint: true })).mtimeNs)
      : (await nameFiles.do('status', folder)).mtime;
    const known = this.#read.get(folder);
    if (known?.state === state) return await known.entries;
    const entries = this.#readFolder(folder);
    this.#read.set(folder, { state, entries });
    // What could not be read is tried again.
    entries.catch(() => this.#read.delete(folder));
    return await entries;
  }

  async #readFolder(folder: string): Promise<FoundEntry[]> {
    const files = (await nameFiles.do('names', folder)).filter((file) => file.endsWith('.desktop')).sort();
    const locales = localesOf(this.#environment);
    const entries: FoundEntry[] = [];
    const allowance = { bytes: maxFolderSize };
    for (const file of files.slice(0, maxEntries)) {
      const found = await this.#readEntry(join(folder, file), locales, allowance).catch(unlessNoAnswer);
      if (found) entries.push(found);
      if (allowance.bytes < 0) break;
    }
    return entries;
  }

  /** @param allowance - what may still be read */
  async #readEntry(
    file: string,
    locales: readonly string[],
    allowance: { bytes: number },
  ): Promise<FoundEntry | undefined> {
    const target = await nameFiles.do('realpath', file);
    const { content, status } = await nameFiles.do('read', target, maxEntrySize);
    allowance.bytes -= content.length;
    if (status.size > maxEntrySize || allowance.bytes < 0) return undefined;
    const entry = parseDesktopEntry(Buffer.from(content).toString(), locales);
    if (!entry) return undefined;
    const isOnlyRoots = await onlyRootCanWrite(target, { file: status });
    const executable = (await this.#resolve(entry.command[0] ?? '')) ?? (await this.#resolve(entry.tryExec ?? ''));
    return { ...entry, isOnlyRoots, executable };
  }

  /** Resolves a command through PATH and symbolic links. */
  async #resolve(command: string): Promise<string | undefined> {
    if (command === '') return undefined;
    const folders = isAbsolute(command) ? [''] : (this.#environment.PATH ?? '').split(':').filter(isAbsolute);
    return await nameFiles.do(
      'firstExecutable',
      folders.map((folder) => (folder === '' ? command : join(folder, command))),
    );
  }

  async #label({ name, icon }: DesktopEntry, folders: readonly string[]): Promise<Label> {
    const file = icon === undefined ? undefined : await this.#iconFile(icon, folders).catch(() => undefined);
    return { name, ...(file !== undefined && { icon: file }) };
  }

  /** The fallback of every other theme, the large sizes first. */
  async #iconFile(icon: string, folders: readonly string[]): Promise<string | undefined> {
    const sizes = ['256x256', '128x128', '64x64', '48x48'];
    const themed = folders.flatMap((folder) => [
      ...sizes.map((size) => join(folder, 'icons', 'hicolor', size, 'apps', `${icon}.png`)),
      join(folder, 'icons', 'hicolor', 'scalable', 'apps', `${icon}.svg`),
      join(folder, 'pixmaps', `${icon}.png`),
    ]);
    return await nameFiles.do('firstFile', isAbsolute(icon) ? [icon] : icon.includes('/') ? [] : themed);
  }
}

const none = () => [];

/** What is not there is passed over. Where nothing answers, there is no use in further questions. */
function unlessNoAnswer(error: unknown): undefined {
  if (error instanceof NoAnswerError) throw error;
}

/** The user's folder first, then the system's (XDG Base Directory Specification), then those of flatpak and snap. */
function dataFoldersOf({ HOME, XDG_DATA_HOME, XDG_DATA_DIRS }: NodeJS.ProcessEnv): string[] {
  const home = HOME !== undefined && isAbsolute(HOME) ? HOME : undefined;
  const own = XDG_DATA_HOME || (home && join(home, '.local', 'share'));
  const folders = [
    own,
    ...(XDG_DATA_DIRS || '/usr/local/share:/usr/share').split(':'),
    own && join(own, 'flatpak', 'exports', 'share'),
    '/var/lib/flatpak/exports/share',
    '/var/lib/snapd/desktop',
  ];
  return [...new Set(folders.filter((folder) => folder !== undefined && isAbsolute(folder)) as string[])];
}
