import { readdir, readFile } from 'node:fs/promises';

/** What a program takes of the machine, with all processes that it has started. */
export interface Footprint {
  readonly processes: number;
  /** Proportional set size: what several processes share is counted in parts. In kB of 1,024 bytes. */
  readonly proportionalKilobytes: number;
  /** The processes by name, e.g. `electron electron electron`. */
  readonly names: readonly string[];
}

/** Of a process and everything below it. Only for Linux. */
export async function footprintOf(pid: number): Promise<Footprint> {
  const tree = treeOf(pid, await runningProcesses());
  const sizes = await Promise.all(
    tree.map(async (one) =>
      kilobytesIn(await readFile(`/proc/${one.pid}/smaps_rollup`, 'utf8').catch(() => ''), 'Pss'),
    ),
  );
  return {
    processes: tree.length,
    proportionalKilobytes: sizes.reduce((sum, size) => sum + size, 0),
    names: tree.map(({ name }) => name),
  };
}

/** One process alone. Only for Linux. */
export interface ProcessUse {
  /** Resident memory, in kB of 1,024 bytes. */
  readonly residentKilobytes: number;
  /** Files, sockets, timers of the event loop: whatever has a descriptor. */
  readonly openFiles: number;
  readonly threads: number;
}

/** @throws when the process is gone */
export async function useOf(pid: number): Promise<ProcessUse> {
  const [status, descriptors] = await Promise.all([
    readFile(`/proc/${pid}/status`, 'utf8'),
    readdir(`/proc/${pid}/fd`),
  ]);
  return {
    residentKilobytes: kilobytesIn(status, 'VmRSS'),
    openFiles: descriptors.length,
    threads: Number(/^Threads:\s+(\d+)$/m.exec(status)?.[1] ?? 0),
  };
}

/** The processes that one has started, and those have. On Linux; elsewhere none is seen. */
export async function descendantsOf(pid: number): Promise<number[]> {
  const tree = treeOf(pid, await runningProcesses());
  return tree.map((one) => one.pid).filter((one) => one !== pid);
}

/** Ends processes at once; those that have gone already are no matter. */
export function endProcesses(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  }
}

/** One line of the list of processes. */
export interface RunningProcess {
  readonly pid: number;
  readonly parent: number;
  readonly name: string;
}

/** The process, its children, their children … */
export function treeOf(pid: number, all: readonly RunningProcess[]): RunningProcess[] {
  const children = all.filter(({ parent }) => parent === pid).flatMap((child) => treeOf(child.pid, all));
  return [...all.filter((one) => one.pid === pid), ...children];
}

/** `/proc/<pid>/stat`: `pid (name) state parent …`; a name may hold brackets and spaces. */
export function parseStat(text: string): RunningProcess | undefined {
  const match = /^(\d+) \((.*)\) \S (\d+) /s.exec(text);
  if (!match) return undefined;
  return { pid: Number(match[1]), name: match[2] ?? '', parent: Number(match[3]) };
}

/** A line of `/proc/<pid>/status` or `smaps_rollup`, such as `Pss:  12 kB`; 0 when there is none. */
export function kilobytesIn(text: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1] ?? 0);
}

async function runningProcesses(): Promise<RunningProcess[]> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  const texts = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')));
  return texts.map(parseStat).filter((one) => one !== undefined);
}
