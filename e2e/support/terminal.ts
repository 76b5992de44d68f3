import { spawn } from 'node:child_process';

/** A program in a terminal of its own. */
export interface Terminal {
  /** Resolves with the match as soon as what is shown has it. */
  shows(pattern: RegExp): Promise<RegExpExecArray>;
  /** Resolves with its exit code. */
  readonly ended: Promise<number | null>;
  end(): Promise<unknown>;
}

/**
 * Runs a program in a real terminal (`script` of util-linux, which every Debian has), as a person does who types it.
 * @param home - its data folder
 */
export function inTerminal(home: string, command: readonly string[]): Terminal {
  const quoted = command.map((word) => `'${word}'`).join(' ');
  const child = spawn('script', ['--quiet', '--return', '--command', quoted, '/dev/null'], {
    env: { PATH: process.env.PATH, LOOPGATE_HOME: home, SHELL: '/bin/sh' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let shown = '';
  const watchers = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data) => {
      shown += data;
      for (const watcher of watchers) watcher();
    });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  return {
    ended,
    shows: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = pattern.exec(shown);
          if (!found) return;
          watchers.delete(look);
          resolve(found);
        };
        watchers.add(look);
        look();
        void ended.then((code) => reject(new Error(`It ended with ${code} and showed: ${shown}`)));
      }),
    end() {
      child.kill();
      return ended;
    },
  };
}
