import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import { onTestFinished, vi } from 'vitest';
import { whyNoProgram } from '../../build/systemPackages.ts';

/** Why no folder can be served here; undefined when it can. */
export const whyNoServing =
  process.platform !== 'linux' || !existsSync('/dev/fuse')
    ? 'this machine has no FUSE'
    : process.getuid?.() !== 0
      ? 'only root can be sure to mount here'
      : await whyNoProgram('bindfs');

/** A folder that a program serves (FUSE). */
export interface ServedFolder {
  /** Does not answer from now on, as a hostile one does. What it still knows is asked again each time. */
  hang(): void;
  goOn(): void;
  /** Ends the program. Whoever waits for it gets an error. */
  end(): void;
}

/** Serves the files of one folder at another path. */
export async function serveFolder(files: string, path: string): Promise<ServedFolder> {
  mkdirSync(path, { recursive: true });
  const asked = 'attr_timeout=0,entry_timeout=0,negative_timeout=0';
  const child = spawn('bindfs', ['-f', '-o', asked, files, path], { stdio: 'ignore' });
  const unmount = () => {
    if (isMounted(path)) execFileSync('umount', ['--lazy', path]);
  };
  const end = () => {
    child.kill('SIGKILL');
    unmount();
  };
  onTestFinished(() => {
    end();
    rmdirSync(path);
  });
  await vi.waitFor(() => {
    if (!isMounted(path)) throw new Error('not yet');
  }, 20_000);
  return {
    hang() {
      child.kill('SIGSTOP');
      // Before whoever waits for it is ended.
      onTestFinished(() => void child.kill('SIGCONT'));
    },
    goOn: () => child.kill('SIGCONT'),
    end,
  };
}

function isMounted(path: string): boolean {
  return readFileSync('/proc/self/mountinfo', 'utf8').includes(` ${path} `);
}
