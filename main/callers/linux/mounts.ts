import { readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { readKernelRows } from './eventLoop.ts';

/** `O_PATH`, for which Node has no name: finds the file, and asks nothing of its file system, which may never answer. */
const pathOnly = 0o10000000;
/** Only root mounts below these, and always with `nodev`. */
const snapFolders = /^(\/var\/lib\/snapd)?\/snap\//;

/** A mounted file system of our own mount namespace. */
export interface Mount {
  /** Whether a user may have mounted it, and so decided who owns its files. */
  readonly mayBeUsers: boolean;
}

/**
 * Finds the mount through which a file was found. Its number is asked of the kernel: a path proves nothing, because a
 * process can run a file of another mount namespace, or of a mount that is no longer there.
 * @param file - may be a link such as /proc/<pid>/exe
 * @returns undefined for a mount that our mount namespace does not have
 */
export async function mountOf(file: string): Promise<Mount | undefined> {
  try {
    const id = await mountId(file);
    // Our own root, which we trust as we trust ourselves. In a chroot the kernel does not list it.
    if (id === (await mountId('/'))) return { mayBeUsers: false };
    const rows = await readKernelRows('/proc/self/mountinfo', [`${id} `]);
    // Number, parent, device, root, mount point, options.
    const row = new RegExp(`^${id} \\d+ \\S+ \\S+ (\\S+) (\\S+)`, 'm').exec(rows);
    if (!row) return undefined;
    const [point = '', options = ''] = row.slice(1);
    // What lets users mount (udisks, FUSE, `user` in /etc/fstab) sets both. An administrator who sets both says as much.
    const isRestricted = ['nosuid', 'nodev'].every((option) => options.split(',').includes(option));
    return { mayBeUsers: isRestricted && !snapFolders.test(point) };
  } catch {
    return undefined;
  }
}

async function mountId(file: string): Promise<string> {
  const handle = await open(file, pathOnly);
  try {
    const id = /^mnt_id:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${handle.fd}`, 'utf8'))?.[1];
    if (id === undefined) throw new Error('The kernel names no mount.');
    return id;
  } finally {
    await handle.close();
  }
}
