import { readdirSync, readFileSync } from 'node:fs';

/** The processes that this one has started, and those have. On Linux; elsewhere none is seen. */
export function descendants(of: number = process.pid): number[] {
  const children = new Map<number, number[]>();
  for (const name of listed('/proc')) {
    const parent = /^\d+$/.test(name) ? parentOf(name) : undefined;
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const all = (pid: number): number[] => (children.get(pid) ?? []).flatMap((child) => [child, ...all(child)]);
  return all(of);
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

function listed(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function parentOf(pid: string): number | undefined {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(line.slice(line.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return undefined;
  }
}
