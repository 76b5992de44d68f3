/**
 * Programs in a container with the network of the host (docs/remote/remote-work.md). The container is made of what those of
 * Docker and Podman are made of: a root of its own (pivot_root), and mount and process namespaces of its own.
 */
import { spawn } from 'node:child_process';
import { appendFileSync, chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, test } from 'vitest';
import { type Program, unknownProgram } from '../main/access/program.ts';
import type { StoredList } from '../main/access/programList.ts';
import { type Headless, startHeadless } from './support/headless.ts';
import { asOtherUser, otherUsersFolder } from './support/otherUser.ts';
import { whyNoOwnNetwork } from './support/ownNetwork.ts';
import { Doorkeeper } from './support/realPrograms.ts';

const cleanings: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanings.splice(0).reverse()) await clean();
});

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'loopgate-container-'));
  cleanings.push(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

/** Node by another name, and with other bytes. */
function evilProgram(): string {
  const path = join(folder(), 'evil');
  copyFileSync(process.execPath, path);
  appendFileSync(path, 'x');
  chmodSync(path, 0o755);
  return path;
}

/**
 * Runs a program in a container, where it lies at that path. The image has the libraries of this machine, and nothing else.
 * @param user - as in `setpriv`; root without
 */
function inContainer(program: string, path: string, argv: readonly string[], user: readonly string[] = []): string[] {
  const image = join(folder(), 'image');
  mkdirSync(image);
  const script = [
    'image=$1 program=$2 path=$3; shift 3',
    'mount -t tmpfs none "$image" && cd "$image" && mkdir -p lib lib64 dev proc old etc usr/bin ".$(dirname "$path")"',
    'echo 127.0.0.1 localhost > etc/hosts',
    'cp "$(command -v umount)" "$(command -v setpriv)" usr/bin/ && cp "$program" ".$path" && chmod 755 ".$path"',
    'for one in lib lib64 dev; do mount --rbind "/$one" "$one" || exit; done; mount -t proc proc proc',
    'pivot_root . old && cd / && PATH=/usr/bin umount -l old && exec "$@"',
  ].join('\n');
  const namespaces = ['--mount', '--pid', '--fork', '--kill-child', '--propagation', 'private'];
  const [, ...asUser] = user;
  const whole = asUser.length === 0 ? [path, ...argv] : ['/usr/bin/setpriv', ...asUser, path, ...argv];
  return ['unshare', ...namespaces, 'sh', '-c', script, 'sh', image, program, path, ...whole];
}

async function printed([command = '', ...argv]: readonly string[]): Promise<string> {
  const env = { PATH: process.env.PATH };
  const child = spawn(command, argv, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  cleanings.push(() => void child.kill('SIGKILL'));
  return (await text(child.stdout)).trim();
}

/** JavaScript that asks for the token, and prints the status and the error. */
const asking = ({ port }: Headless) =>
  `fetch('http://localhost:${port}/user/access_token').then(async (answer) => console.log(answer.status, (await answer.json()).error))`;

/** Which programs have used the sign-in. */
const named = (host: Headless) =>
  host
    .errors()
    .split('\n')
    .filter((line) => line.includes('a program uses the sign-in'))
    .map((line) => (JSON.parse(line) as { program: string }).program);

async function hostWith(options: Parameters<typeof startHeadless>[0]): Promise<Headless> {
  const host = await startHeadless(options);
  cleanings.push(() => host.stop());
  return host;
}

describe.skipIf(whyNoOwnNetwork !== undefined)('remote work in containers', () => {
  test('a program in a container is not the program of this machine that lies at its path [C3]', async () => {
    await using door = await Doorkeeper.open();
    const evil = evilProgram();
    // One that is known by its path alone, as only root can write it; and one of the person's own, known by its hash too.
    const own = door.program('my-editor');
    for (const path of [process.execPath, own]) {
      const known = await door.whoIs(path, '-e', door.connecting);
      expect(known.path).toBe(path);
      for (const program of [evil, path]) {
        const [command = '', ...argv] = inContainer(program, path, ['-e', door.connecting]);
        expect(await door.whoIs(command, ...argv), `${program} as ${path}`).toEqual(unknownProgram);
      }
    }
  });

  test('as your user it is let in as the unknown program; with "listed" it is refused, whatever its path is [C9]', async () => {
    await using door = await Doorkeeper.open();
    const own = door.program('my-editor');
    const allowed = await door.whoIs(own, '-e', door.connecting);
    const home = folder();
    writeList(home, allowed);
    const open = await hostWith({});
    // 503: let in, and no provider is configured.
    expect(await printed(inContainer(evilProgram(), own, ['-e', asking(open)]))).toBe('503 not_configured');
    expect(named(open)).toEqual(['']);
    const listed = await hostWith({ home, environment: { LOOPGATE_GUARD: 'listed' } });
    expect(await printed([own, '-e', asking(listed)])).toBe('503 not_configured');
    expect(await printed(inContainer(evilProgram(), own, ['-e', asking(listed)]))).toBe('403 consent_denied');
  });

  test('root in a container is another user than you; as your user id it is one of your programs [L5]', async () => {
    const home = otherUsersFolder();
    cleanings.push(() => rmSync(home, { recursive: true, force: true }));
    const host = await hostWith({ home, prefix: asOtherUser });
    const ask = (user?: readonly string[]) =>
      printed(inContainer(evilProgram(), '/opt/tool', ['-e', asking(host)], user));
    expect(await ask()).toMatch(/^403 (?!consent_denied)/);
    expect(await ask(asOtherUser)).toBe('503 not_configured');
    expect(named(host)).toEqual(['']);
  });
});

/** As a desktop has left it behind, where the person has allowed that program. */
function writeList(home: string, { id, name, path, kind, lasting }: Program): void {
  const list: StoredList = {
    version: 1,
    programs: [
      {
        program: { id, name, path, kind, lasting },
        decision: 'allowed',
        firstUsed: 1,
        lastUsed: 1,
        wishes: ['tokens'],
      },
    ],
    history: [],
    origins: [],
  };
  writeFileSync(join(home, 'programs.json'), JSON.stringify(list), { mode: 0o600 });
}
