import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { errorCode } from '../../system/errorCode.ts';
import { Slices } from './eventLoop.ts';

/** A process that holds a socket, and the file descriptors for it. */
export interface Holder {
  readonly pid: number;
  readonly descriptors: string[];
}

/** The fields of /proc/<pid>/stat. The process chooses the second one, which may contain spaces and brackets. */
export function processStatus(line: string): { parent: number; started: number } | undefined {
  const fields = line.slice(line.lastIndexOf(')') + 1).split(' ');
  const [parent, started] = [fields[2], fields[20]].map(Number);
  return parent === undefined || started === undefined || !(parent >= 0 && started >= 0)
    ? undefined
    : { parent, started };
}

/**
 * Finds the processes that hold each socket, as far as we may look: as root in all processes, otherwise in our own
 * user's. It reads in slices on the event loop, because these reads never wait for a disk, and the thread pool takes
 * ten times as long (seen: 12–28 ms against 80–170 ms for 670 descriptors).
 */
export async function walkSockets(proc: string): Promise<Map<number, Holder[]>> {
  const sockets = new Map<number, Holder[]>();
  const slices = new Slices();
  for (const name of readdirSync(proc)) {
    if (!/^\d+$/.test(name)) continue;
    for (const descriptor of listOrNothing(join(proc, name, 'fd'))) {
      const inode = socketInode(join(proc, name, 'fd', descriptor));
      if (inode !== undefined) addHolder(sockets, inode, Number(name), descriptor);
      if (slices.isOver) await slices.next();
    }
  }
  return sockets;
}

function addHolder(sockets: Map<number, Holder[]>, inode: number, pid: number, descriptor: string): void {
  const holders = sockets.get(inode) ?? [];
  sockets.set(inode, holders);
  const last = holders.at(-1);
  if (last?.pid === pid) last.descriptors.push(descriptor);
  else holders.push({ pid, descriptors: [descriptor] });
}

/** Empty for a process that has gone, or that we may not inspect. */
export function listOrNothing(folder: string): string[] {
  return orNothing(() => readdirSync(folder), []);
}

/**
 * Empty as {@link listOrNothing}. Such reads never wait for a disk, and the thread pool takes ten times as long (seen:
 * 1.3 ms against 0.13).
 */
export function textOrNothing(file: string): string {
  return orNothing(() => readFileSync(file, 'latin1'), '');
}

/** The inode of the socket behind a descriptor's link; undefined for anything else. */
export function socketInode(link: string): number | undefined {
  const inode = /^socket:\[(\d+)\]$/.exec(orNothing(() => readlinkSync(link), ''))?.[1];
  return inode === undefined ? undefined : Number(inode);
}

const isGone = new Set(['ENOENT', 'ESRCH', 'ENODEV', 'EACCES', 'EPERM']);

/** @throws when we lack descriptors or memory: then nobody knows what is there */
function orNothing<T>(read: () => T, nothing: T): T {
  try {
    return read();
  } catch (error) {
    if (isGone.has(errorCode(error) ?? '')) return nothing;
    throw error;
  }
}
