import { readFileSync } from 'node:fs';

/** The kernel counts processor time in these. */
const ticksPerSecond = 100;

/** How much processor time a process has taken, in seconds. Linux alone. */
export function processorTime(pid: number): number {
  const line = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}
