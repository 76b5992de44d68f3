import { join } from 'node:path';

/** A file that Loopgate keeps in the data folder. */
interface DataFile {
  readonly name: string;
  /** What it holds. */
  readonly holds: string;
  /** True if only the person may read it. The other files may be read by others, but only the person may write them. */
  readonly isSecret?: true;
  /** "Remove everything" removes it. */
  readonly isRemoved?: true;
  /**
   * A file with the same first word and a dot belongs to it: a copy that was set aside, or the rest of a write that was
   * killed.
   */
  readonly hasCompanions?: true;
  /** Each run makes it anew. */
  readonly isOfRun?: true;
}

/** The folders in the data folder: Chromium's own files, and the logs. */
const dataFolders: readonly string[] = ['chromium', 'logs'];

/** Every file in the data folder, beside {@link dataFolders}. */
export const dataFiles = {
  settings: { name: 'settings.json', holds: 'what the person has set', isRemoved: true, hasCompanions: true },
  session: {
    name: 'session.json',
    holds: 'who is signed in: session.<protection>.json, one file for each protection',
    isSecret: true,
    isRemoved: true,
    hasCompanions: true,
  },
  sessionKey: {
    name: 'session.file-key',
    holds: 'the key of session.file.json, the weaker protection',
    isSecret: true,
    isRemoved: true,
    hasCompanions: true,
  },
  programs: {
    name: 'programs.json',
    holds: 'the programs that asked, what was decided about them, and what they used',
    isSecret: true,
    isRemoved: true,
    hasCompanions: true,
  },
  unreadablePrograms: {
    name: 'programs.unreadable.json',
    holds: 'a list of programs that was set aside',
    isSecret: true,
    isRemoved: true,
  },
  endpoint: {
    name: 'endpoint.json',
    holds: 'where the API listens in this run',
    isRemoved: true,
    hasCompanions: true,
    isOfRun: true,
  },
  commandKey: {
    name: 'command.key',
    holds: 'what the command proves itself by in this run',
    isSecret: true,
    isRemoved: true,
    isOfRun: true,
  },
  lock: { name: 'lock.json', holds: 'the process that uses the folder', isOfRun: true },
  window: { name: 'window.json', holds: "the main window's bounds", isRemoved: true },
  closingExplained: { name: 'closing-explained', holds: 'that the person knows what closing does', isRemoved: true },
  startAtLoginAsked: { name: 'start-at-login-asked', holds: 'that the person was asked', isRemoved: true },
  demoProvider: {
    name: 'demo-provider.json',
    holds: 'keys and sign-ins of the demo identity provider',
    isSecret: true,
    isRemoved: true,
    hasCompanions: true,
  },
} as const satisfies Record<string, DataFile>;

/** @returns the path of a file in the data folder */
export function dataPath(home: string, file: Exclude<keyof typeof dataFiles, 'session'>): string {
  return join(home, dataFiles[file].name);
}

/** The file of the sessions under one protection, as `writeStore` names it: without `.json`. */
export function sessionStore(protection: string): string {
  return `session.${protection}`;
}

/** @returns the path of the sessions under one protection */
export function sessionPath(home: string, protection: string): string {
  return join(home, `${sessionStore(protection)}.json`);
}

/** @returns the protection of a file with sessions; undefined for any other file */
export function protectionOf(name: string): string | undefined {
  return /^session\.([\w-]+)\.json$/.exec(name)?.[1];
}

/** Whether Loopgate reads or writes under this name in the data folder, its folders included. */
export function isOurs(name: string): boolean {
  return fileOf(name) !== undefined || dataFolders.includes(name);
}

/** Whether a run needs nothing of what an earlier one has left in a file. */
export function isReplaced(name: string): boolean {
  return fileOf(name)?.isOfRun === true || isUnfinished(name);
}

/** Whether only the person may read a file of the data folder. */
export function isSecret(name: string): boolean {
  return fileOf(name)?.isSecret === true;
}

/** Whether "Remove everything" removes a file of the data folder. */
export function isRemoved(name: string): boolean {
  return fileOf(name)?.isRemoved === true;
}

/** Whether a file was left by a write of `writeStore` that was killed. */
export function isUnfinished(name: string): boolean {
  const store = /^(.+?)(\.new\.json|(\.new)?\.json\.tmp-\d{10}[0-9a-f]{6})$/.exec(name)?.[1];
  if (store === undefined) return false;
  const file = `${store}.json`;
  return protectionOf(file) !== undefined || (file === fileOf(file)?.name && fileOf(file)?.hasCompanions === true);
}

function fileOf(name: string): DataFile | undefined {
  const files: readonly DataFile[] = Object.values(dataFiles);
  return files.find((file) => name === file.name || (file.hasCompanions && firstWord(name) === firstWord(file.name)));
}

/** Includes the dot. */
function firstWord(name: string): string {
  return name.slice(0, name.indexOf('.') + 1);
}
