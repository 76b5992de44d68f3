import type { StdioOptions } from 'node:child_process';
import { closeSync, fstatSync, openSync, readdirSync } from 'node:fs';
import { devNull } from 'node:os';

/**
 * Starts a program that gets nothing of this process: /dev/null in the place of every open descriptor. Node keeps its own from
 * its children; Chromium, which is around it in the packed app, does not, nor what systemd has handed over there: a browser
 * would keep port 1000 open.
 *
 * What is not open is left alone: through one of these libuv hears from the new process why a program could not be run. With
 * /dev/null in its place `spawn` reports that it runs.
 * @param start - is called at once, with what to give to `spawn` as `stdio`
 */
export function withoutDescriptors<Started>(start: (stdio: StdioOptions) => Started): Started {
  if (process.platform === 'win32') return start('ignore');
  const nothing = openSync(devNull, 'r+');
  try {
    // The list has the descriptor that it was read by, too, which is closed by now.
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
