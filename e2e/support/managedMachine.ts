import { chmod, chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { whyNoOtherUser } from './otherUser.ts';

/** Why no policy can be put in its place here; undefined when it can: only root may have an /etc of its own. */
export const whyNoPolicy = whyNoOtherUser;

/** A machine whose administrator has set a policy. */
export interface ManagedMachine {
  /** Put before a program, it runs on that machine: `[...prefix, program, …]`. */
  readonly prefix: readonly string[];
  /** A program of its own that does the same: `command program …`. */
  commandFor(executable: string): Promise<string>;
  remove(): Promise<void>;
}

/**
 * A machine that is this one, but for its /etc/loopgate: what runs on it has an /etc of its own, in a mount namespace that ends
 * with it. The real /etc is not touched.
 * @param text - of /etc/loopgate/policy.json
 * @param options - the file's mode and owner, and other files by their paths below /etc
 */
export async function managedMachine(
  text: string,
  { mode = 0o644, owner = 0, etc = {} }: { mode?: number; owner?: number; etc?: Readonly<Record<string, string>> } = {},
): Promise<ManagedMachine> {
  const folder = await mkdtemp(join(tmpdir(), 'loopgate-managed-'));
  const policies = join(folder, 'loopgate');
  await mkdir(policies, { mode: 0o755 });
  const file = join(policies, 'policy.json');
  await writeFile(file, text);
  await chmod(file, mode);
  await chown(file, owner, owner);
  const others = join(folder, 'others');
  await mkdir(others);
  for (const [path, content] of Object.entries(etc)) {
    await mkdir(dirname(join(others, path)), { recursive: true });
    await writeFile(join(others, path), content);
  }
  const mounted = join(folder, 'etc');
  await mkdir(mounted);
  const script = [
    `mount -t tmpfs -o mode=755 none '${mounted}'`,
    `cp -a /etc/. '${mounted}'`,
    `rm -rf '${mounted}/loopgate'`,
    `cp -a '${policies}' '${mounted}/loopgate'`,
    `cp -a '${others}/.' '${mounted}'`,
    `mount --bind '${mounted}' /etc`,
    'exec "$@"',
  ].join(' && ');
  const prefix = ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', script, 'sh'];
  return {
    prefix,
    async commandFor(executable) {
      const command = join(folder, 'run');
      const quoted = [...prefix, executable].map((part) => `'${part.replaceAll("'", "'\\''")}'`);
      await writeFile(command, `#!/bin/sh\nexec ${quoted.join(' ')} "$@"\n`);
      await chmod(command, 0o755);
      return command;
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
