import type { StdioOptions } from 'node:child_process';
import { closeSync, fstatSync, openSync, readdirSync } from 'node:fs';
import { devNull } from 'node:os';

/**
 * Starts a program that inherits nothing from this process: it gets /dev/null instead of every open descriptor. Node does not
 * pass its own descriptors on to its children. But Chromium, which surrounds it in the packed app, passes on its own and
 * those from systemd: a browser would keep port 1000 open.
 *
 * Closed descriptors are left alone: libuv uses one of them to learn from the new process why a program could not be run.
 * With /dev/null in its place, `spawn` would report that the program runs.
 * @param start - called at once, with the value for the `stdio` option of `spawn`
 */
export function withoutDescriptors<Started>(start: (stdio: StdioOptions) => Started): Started {
  if (process.platform === 'win32') return start('ignore');
  const nothing = openSync(devNull, 'r+');
  try {
    // The list also contains the descriptor that read it, which is closed by now.
    const open = new Set(readdirSync('/dev/fd').map(Number).filter(isOpen));
    const last = Math.max(...open);
    return start(Array.from({ length: last + 1 }, (_, one) => (one < 3 || open.has(one) ? nothing : 'ignore')));
  } finally {
    closeSync(nothing);
  }
}

function isOpen(descriptor: number): boolean {
  try {
    fstatSync(descriptor);
    return true;
  } catch {
    return false;
  }
}
