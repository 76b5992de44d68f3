import type { StdioOptions } from 'node:child_process';
import { closeSync, openSync, readdirSync } from 'node:fs';
import { devNull } from 'node:os';

/**
 * Starts a program that gets nothing of this process: /dev/null in the place of every open descriptor. Node keeps its own from
 * its children; Chromium, which is around it in the packed app, does not, nor what systemd has handed over there: a browser
 * would keep port 1000 open.
 * @param start - is called at once, with what to give to `spawn` as `stdio`
 */
export function withoutDescriptors<Started>(start: (stdio: StdioOptions) => Started): Started {
  if (process.platform === 'win32') return start('ignore');
  const nothing = openSync(devNull, 'r+');
  try {
    const last = Math.max(...readdirSync('/dev/fd').map(Number));
    return start(Array.from({ length: last + 1 }, () => nothing));
  } finally {
    closeSync(nothing);
  }
}
