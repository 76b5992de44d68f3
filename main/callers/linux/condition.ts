import { join } from 'node:path';
import { Slices } from './eventLoop.ts';
import { listOrNothing, textOrNothing } from './processes.ts';

/** Whether a process runs by itself. */
export interface Condition {
  /** A signal or its cgroup stopped it, not a debugger. */
  readonly isStopped: boolean;
  /** A debugger controls it and can make it do anything. */
  readonly isDebugged: boolean;
}

/** Where the second version of cgroups is mounted: alone, or beside the first. */
const cgroupRoots = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'];

/**
 * Looks at every thread: a debugger can attach to any of them, and then writes into the memory of all.
 * @param proc - the folder of the kernel's process information
 * @throws when that cannot be found out
 */
export async function conditionOf(proc: string, pid: number): Promise<Condition> {
  const folder = join(proc, String(pid));
  const slices = new Slices();
  let [isStopped, isDebugged] = [isFrozen(textOrNothing(join(folder, 'cgroup'))), false];
  for (const thread of listOrNothing(join(folder, 'task'))) {
    const status = textOrNothing(join(folder, 'task', thread, 'status'));
    isDebugged ||= /^TracerPid:\s+[1-9]/m.test(status);
    isStopped ||= /^State:\s+[Tt]/m.test(status);
    if (slices.isOver) await slices.next();
  }
  return { isStopped: isStopped && !isDebugged, isDebugged };
}

/**
 * Whether a cgroup, or one above it, is to be frozen. A user may freeze their own. Processes that are frozen sleep, and
 * nothing else tells.
 * @param cgroups - the content of /proc/<pid>/cgroup
 */
function isFrozen(cgroups: string): boolean {
  const path = /^0::(\/.*)$/m.exec(cgroups)?.[1] ?? '/';
  return path.split('/').some((_name, depth, names) => {
    const folder = names.slice(0, depth + 1).join('/');
    return cgroupRoots.some((root) => textOrNothing(join(root, folder, 'cgroup.freeze')).startsWith('1'));
  });
}
