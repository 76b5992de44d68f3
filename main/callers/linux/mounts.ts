import { readFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { appImageRoot } from '../../access/programPaths.ts';
import { programFiles } from '../../system/strangersFiles.ts';
import type { FoundFile } from '../executables.ts';
import { readKernelRows } from './eventLoop.ts';

/** `O_PATH`, for which Node has no name: finds the file, and asks nothing of its file system, which may never answer. */
const pathOnly = 0o10000000;
/** Only root mounts below these, and always with `nodev`. */
const snapFolders = /^(\/var\/lib\/snapd)?\/snap\//;

/** A mounted file system of our own mount namespace. */
export interface Mount {
  /** Whether a user may have mounted it, and so decided who owns its files. */
  readonly mayBeUsers: boolean;
  /** The folder where it is mounted. */
  readonly point: string;
  /** A program serves its files, and may never answer (FUSE, and autofs until such a one is there). */
  readonly isServed: boolean;
}

/**
 * Finds the mount through which a file was found. Its number is asked of the kernel: a path proves nothing, because a
 * process can run a file of another mount namespace, or of a mount that is no longer there.
 * @param file - may be a link such as /proc/<pid>/exe
 * @returns undefined for a mount that our mount namespace does not have
 */
export async function mountOf(file: string): Promise<Mount | undefined> {
  return await found(file, mountOfOpened).catch(() => undefined);
}

/** A file, and the mount through which it was found. */
export interface MountedFile {
  readonly status: FoundFile;
  readonly mount: Mount | undefined;
}

/**
 * The status of an executable. Its process may become another one meanwhile, so it is asked of what was found.
 * @param file - /proc/<pid>/exe
 */
export async function mountedFile(file: string): Promise<MountedFile> {
  return await found(file, async (handle) => {
    const mount = await mountOfOpened(handle);
    return { mount, status: mayHang(mount) ? await programFiles.do('status', file) : await handle.stat(whole) };
  });
}
const whole = { bigint: true } as const;

/** The beginning of an executable. */
export async function startOf(file: string, bytes: number): Promise<Buffer> {
  return await found(file, async (handle) => {
    if (mayHang(await mountOfOpened(handle))) return Buffer.from((await programFiles.do('read', file, bytes)).content);
    const opened = await open(`/proc/self/fd/${handle.fd}`);
    try {
      const { buffer, bytesRead } = await opened.read(Buffer.alloc(bytes), 0, bytes, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await opened.close();
    }
  });
}

async function mountOfOpened(handle: FileHandle): Promise<Mount | undefined> {
  try {
    const id = mountId(handle);
    // Our own root, which we trust as we trust ourselves. In a chroot the kernel does not list it.
    if (id === (await found('/', mountId))) return { mayBeUsers: false, point: '/', isServed: false };
    const rows = await readKernelRows('/proc/self/mountinfo', [`${id} `]);
    // Number, parent, device, root, mount point, options, further fields, a hyphen, type.
    const row = new RegExp(`^${id} \\d+ \\S+ \\S+ (\\S+) (\\S+).* - (\\S+) `, 'm').exec(rows);
    if (!row) return undefined;
    const [point = '', options = '', type = ''] = row.slice(1);
    // What lets users mount (udisks, FUSE, `user` in /etc/fstab) sets both. An administrator who sets both says as much.
    const isRestricted = ['nosuid', 'nodev'].every((option) => options.split(',').includes(option));
    return {
      mayBeUsers: isRestricted && !snapFolders.test(point),
      point: point.replace(/\\([0-7]{3})/g, (_all, code: string) => String.fromCharCode(Number.parseInt(code, 8))),
      isServed: /^(fuse|autofs)/.test(type),
    };
  } catch {
    return undefined;
  }
}

/** The root of the AppImage that a file is in: a mere folder of that name can be made by anyone. */
export function appImageMount(path: string, mount: Mount | undefined): string | undefined {
  const root = appImageRoot(path);
  return mount?.isServed && mount.point === root ? root : undefined;
}

/** Whether a file system may never answer. That of another mount namespace may be any. */
function mayHang(mount: Mount | undefined): boolean {
  return mount?.isServed !== false;
}

function mountId({ fd }: FileHandle): string {
  const id = /^mnt_id:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1];
  if (id === undefined) throw new Error('The kernel names no mount.');
  return id;
}

async function found<T>(file: string, use: (handle: FileHandle) => T | Promise<T>): Promise<T> {
  const handle = await open(file, pathOnly);
  try {
    return await use(handle);
  } finally {
    await handle.close();
  }
}
