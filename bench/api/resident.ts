import { readFileSync } from 'node:fs';
import { setTimeout as after } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { kilobytesIn } from '../processes.ts';

/** How long memory is watched until it stays the same, at most, in milliseconds. */
const timeout = 6_000;
const lookEvery = 500;

/** The environment of a server whose memory is measured. */
export const settling: NodeJS.ProcessEnv = {
  NODE_OPTIONS: `--require ${JSON.stringify(fileURLToPath(new URL('settle.cjs', import.meta.url)))}`,
};

/** The resident memory of a process that was started with {@link settling}, once its garbage is gone, in MB. Linux alone. */
export async function settledMemory(pid: number): Promise<number> {
  const end = performance.now() + timeout;
  let last = residentMemory(pid);
  let isSteady = false;
  while (!isSteady && performance.now() < end) {
    process.kill(pid, 'SIGUSR2');
    await after(lookEvery);
    const now = residentMemory(pid);
    isSteady = Math.abs(now - last) < last / 200;
    last = now;
  }
  return last;
}

/** Long enough for V8 to collect by itself what is garbage and to give memory back, which it begins after 8 seconds without work. */
const restingTime = 15_000;

/** The resident memory of a process that is left alone for a while, in MB. Linux alone. */
export async function restingMemory(pid: number): Promise<number> {
  await after(restingTime);
  return residentMemory(pid);
}

function residentMemory(pid: number): number {
  return kilobytesIn(readFileSync(`/proc/${pid}/status`, 'utf8'), 'VmRSS') / 1024;
}
