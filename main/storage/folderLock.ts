import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { inEnglish, message, sentences } from '../../preload/texts/messages.ts';
import { MessageError } from '../errors/errors.ts';
import { errorCode } from '../system/errorCode.ts';
import { readText } from '../system/readText.ts';
import { powershell, ps } from '../system/systemPrograms.ts';
import { dataPath } from './dataFolder.ts';
import { replaceFile, writeFailure } from './jsonFile.ts';

/** The start time if the system does not report it. */
export const unknownStart = 'unknown';

/** The process that holds a data folder. */
const holder = z.object({ pid: z.int().positive(), startedAt: z.string(), kind: z.enum(['desktop', 'headless']) });
export type Holder = z.infer<typeof holder>;

/** A locked data folder; `release` unlocks it. */
export interface Lock {
  /** Why the folder is not locked, for the terminal: it is not writable. */
  readonly notice?: string;
  release(): void;
}

/** Another process holds the data folder. */
export class LockedError extends MessageError {
  override readonly name = 'LockedError';
  readonly holder: Holder;

  /** @param next - the advice */
  constructor(held: Holder, home: string, next = message('useThatOne')) {
    super(sentences(message('alreadyRuns', { kind: held.kind, pid: held.pid, home }), next));
    this.holder = held;
  }
}

/**
 * Locks the data folder for this process: only one host may use a folder, whether desktop or headless. A lock is stale when
 * no process has its pid, or when that process started at another time. This creates the folder if necessary. If it cannot
 * write there, the start continues, and {@link Lock.notice} says so.
 * @param startOf - returns when a process started, or undefined when there is none; for tests
 * @throws LockedError
 */
export function takeLock(
  home: string,
  kind: Holder['kind'],
  startOf: (pid: number) => string | undefined = processStart,
): Lock {
  const path = dataPath(home, 'lock');
  const self: Holder = { pid: process.pid, startedAt: startOf(process.pid) ?? unknownStart, kind };
  try {
    mkdirSync(home, { recursive: true, mode: 0o700 });
    take(path, self, home, startOf, 0);
  } catch (error) {
    const failure = writeFailure(error, home);
    if (failure === undefined) throw error;
    const found = readHolder(path);
    if (found && isAlive(found, startOf)) throw new LockedError(found, home);
    const notice = `Nothing can be kept: ${inEnglish(failure)}. Loopgate runs, but cannot lock the data folder.`;
    return { notice, release: () => undefined };
  }
  return {
    release() {
      if (readHolder(path)?.pid === self.pid) rmSync(path, { force: true });
    },
  };
}

/**
 * Replaces a stale lock while it holds a second lock, so that two processes that both find it stale cannot both replace it.
 * The second lock may also be stale, if its process was killed in these few lines, and so on; the depth is limited to three.
 */
function take(
  path: string,
  self: Holder,
  home: string,
  startOf: (pid: number) => string | undefined,
  depth: number,
): void {
  if (create(path, self)) return;
  const found = readHolder(path);
  if (found && isAlive(found, startOf)) throw new LockedError(found, home);
  if (depth === 3) throw new Error(`The lock ${path} cannot be taken. Remove it and start again.`);
  const replacing = `${path}.replacing`;
  take(replacing, self, home, startOf, depth + 1);
  try {
    const now = readHolder(path);
    if (now && isAlive(now, startOf)) throw new LockedError(now, home);
    renameSync(write(path, self), path);
  } finally {
    rmSync(replacing, { force: true });
  }
}

/**
 * Writes the holder into a file beside the lock. @returns its path. @throws when it could not be written; no file is left
 * then
 */
function write(path: string, self: Holder): string {
  const mine = `${path}.${self.pid}`;
  try {
    replaceFile(mine, JSON.stringify(self));
    return mine;
  } catch (error) {
    rmSync(mine, { force: true });
    throw error;
  }
}

function create(path: string, self: Holder): boolean {
  const mine = write(path, self);
  try {
    // Linking is atomic: another process could read a created file before it is written, and take it for stale.
    linkSync(mine, path);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    if (!noLinks.includes(errorCode(error))) throw error;
    return createUnlinked(path, self);
  } finally {
    rmSync(mine, { force: true });
  }
}

/** The errors of a file system without links, such as FAT or exFAT. */
const noLinks: readonly (string | undefined)[] = ['EPERM', 'ENOTSUP', 'ENOSYS'];

/** Without links, a process that starts at the same moment could read the file while it is empty, and take it for stale. */
function createUnlinked(path: string, self: Holder): boolean {
  try {
    writeFileSync(path, JSON.stringify(self), { mode: 0o600, flag: 'wx' });
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

/** The process that holds a data folder, or has left its lock there. */
export function lockHolder(home: string): Holder | undefined {
  return readHolder(dataPath(home, 'lock'));
}

function readHolder(path: string): Holder | undefined {
  try {
    const parsed = holder.safeParse(JSON.parse(readText(path) ?? ''));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

/** If the system does not report when a process started, the pid alone decides: one wrong refusal is better than two hosts. */
export function isAlive(
  found: Pick<Holder, 'pid' | 'startedAt'>,
  startOf: (pid: number) => string | undefined = processStart,
): boolean {
  const startedAt = startOf(found.pid);
  if (startedAt !== undefined && found.startedAt !== unknownStart) return startedAt === found.startedAt;
  return isRunning(found.pid);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // The process of another user cannot be signalled, but it exists.
    return errorCode(error) === 'EPERM';
  }
}

/** When a process started, as the system writes it; undefined when there is no such process. */
export function processStart(pid: number, platform: NodeJS.Platform = process.platform): string | undefined {
  try {
    if (platform === 'linux') {
      const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
      return linuxStart(readFileSync(`/proc/${pid}/stat`, 'latin1'), boot);
    }
    const printed =
      platform === 'win32'
        ? execFileSync(powershell, ['-NoProfile', '-Command', `(Get-Process -Id ${pid}).StartTime.ToFileTimeUtc()`])
        : execFileSync(ps, ['-o', 'lstart=', '-p', String(pid)], { env: { TZ: 'UTC', LC_ALL: 'C' } });
    return printed.toString().trim() || undefined;
  } catch {
    return undefined;
  }
}

/**
 * Field 22 of /proc/<pid>/stat (clock ticks since boot) together with the boot: after a reboot, the same pid could start at
 * the same tick. The name in field 2 may contain spaces and brackets.
 */
function linuxStart(stat: string, boot: string): string | undefined {
  const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  return ticks === undefined ? undefined : `${ticks}@${boot}`;
}
