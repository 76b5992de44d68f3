/**
 * The data folder where another user of the machine was first, or can write. The other user is a process of their own; each attack is
 * tried on a host of root, whom no permission stops, and on one of an ordinary user.
 */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { launcher } from './support/command.ts';
import { failureOf, type Headless, startHeadless } from './support/headless.ts';
import { asOtherUser, whyNoOtherUser } from './support/otherUser.ts';
import { whyNoOwnNetwork } from './support/ownNetwork.ts';

/** What somebody who wants the tokens would set. */
const hostileSettings = JSON.stringify({
  guard: 'same-user',
  origins: ['https://evil.example'],
  exposeRefreshToken: true,
});

/** A user of the machine. */
interface User {
  readonly uid: number;
  readonly prefix: readonly string[];
}

const root: User = { uid: 0, prefix: [] };
const nobody: User = { uid: 65534, prefix: asOtherUser };
const stranger: User = { uid: 4711, prefix: ['setpriv', '--reuid=4711', '--regid=4711', '--clear-groups'] };

/** Open to all as /tmp is, and with its sticky bit. */
let place: string;
/** What the victim has elsewhere, and wants to keep. */
let precious: string;
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'loopgate-planted-'));
  chmodSync(place, 0o1777);
  precious = join(place, 'precious.sh');
  writeFileSync(precious, '#!/bin/sh\n');
});
afterEach(() => rmSync(place, { recursive: true, force: true }));

/** Runs a script in a shell as a user, with these arguments. */
async function as({ prefix }: User, script: string, ...argv: string[]): Promise<string> {
  const [command = '', ...rest] = [...prefix, 'sh', '-euc', `umask 000; ${script}`, 'sh', ...argv];
  return (await promisify(execFile)(command, rest, { env: { PATH: process.env.PATH } })).stdout;
}

async function withHost(home: string, { prefix }: User, work: (host: Headless) => unknown): Promise<void> {
  // A user without an entry in /etc/passwd has no home of their own.
  const host = await startHeadless({ home, prefix, environment: { HOME: place } });
  try {
    await work(host);
  } finally {
    await host.stop();
  }
}

async function isOpenTo(origin: string, { address }: Headless): Promise<boolean> {
  const answer = await fetch(`${address}/.well-known/health`, { headers: { Origin: origin } });
  return answer.headers.has('access-control-allow-origin');
}

/** What the command prints when a user types it. */
const loopgate = (user: User, home: string, command: string) =>
  as(user, 'LOOPGATE_HOME="$1" "$2" "$3" "$4" 2>&1 || true', home, process.execPath, launcher, command);

const modeOf = (path: string) => (statSync(path).mode & 0o7777).toString(8);

describe.skipIf(whyNoOtherUser !== undefined).each([
  ['root', root, nobody],
  ['an ordinary user', nobody, stranger],
])('a host of %s [L12]', (_, victim, attacker) => {
  beforeEach(() => chownSync(precious, victim.uid, victim.uid));

  test('refuses a folder that another user has made, with what to type, and touches nothing in it', async () => {
    const home = join(place, 'try');
    const plant = 'mkdir "$1"; echo "$2" >"$1/settings.json"; ln -s "$3" "$1/endpoint.json"; ln -s "$3" "$1/lock.json"';
    await as(attacker, plant, home, hostileSettings, precious);
    const { exitCode, errors } = await failureOf(startHeadless({ home, prefix: victim.prefix }));
    expect(exitCode).toBe(2);
    expect(errors).toContain(`${home} belongs to another user of this machine (${attacker.uid})`);
    expect(errors).toContain(`sudo chown -R ${victim.uid} ${home}`);
    expect(readFileSync(precious, 'utf8')).toBe('#!/bin/sh\n');
    expect(readdirSync(home).sort()).toEqual(['endpoint.json', 'lock.json', 'settings.json']);
  });

  test('refuses another user’s link to a folder of its own', async () => {
    const [own, home] = [join(place, 'own'), join(place, 'link')];
    await as(victim, 'mkdir -m 700 "$1"', own);
    await as(attacker, 'ln -s "$1" "$2"', own, home);
    const { exitCode, errors } = await failureOf(startHeadless({ home, prefix: victim.prefix }));
    expect([exitCode, errors]).toEqual([2, expect.stringContaining(`${home} belongs to another user`)]);
    expect(readdirSync(own)).toEqual([]);
  });

  test.each([
    ['settings.json', 'echo "$2" >"$1/settings.json"', 'rm -r'],
    ['settings.json', 'ln -s "$3" "$1/settings.json"', 'rm'],
    ['session.file.json', 'echo "{}" >"$1/session.file.json"', 'rm -r'],
    ['session.file-key', 'ln -s "$3" "$1/session.file-key"', 'rm'],
    ['programs.json', 'mkfifo "$1/programs.json"', 'rm -r'],
    ['logs', 'mkdir "$1/logs"', 'rm -r'],
    ['chromium', 'ln -s /tmp "$1/chromium"', 'rm'],
  ])('refuses another user’s %s in its own folder: %s', async (name, plant, removal) => {
    const home = join(place, 'own');
    await as(victim, 'mkdir "$1"', home);
    await as(attacker, plant, home, hostileSettings, precious);
    const { exitCode, errors } = await failureOf(startHeadless({ home, prefix: victim.prefix }));
    expect(exitCode).toBe(2);
    expect(errors).toContain(`${join(home, name)} belongs to another user`);
    expect(errors).toContain(`ype: ${removal} ${join(home, name)}`);
    // What was said helps.
    await as(victim, `${removal} ${join(home, name)}`);
    await withHost(home, victim, async (host) => expect(await isOpenTo('https://evil.example', host)).toBe(false));
  });

  test('takes its own folder back from all who could write there, says so, and writes through no link of theirs', async () => {
    const home = join(place, 'own');
    await as(victim, 'mkdir "$1"', home);
    const names = ['endpoint.json', 'command.key', 'settings.new.json', 'session.probe.new.json', 'lock.json'];
    for (const name of names) await as(attacker, 'ln -s "$2" "$1"', join(home, name), precious);
    await withHost(home, victim, async (host) => {
      expect(host.output()).toContain(`Other users could write to ${home}: Loopgate has taken that permission away.`);
      expect(modeOf(home)).toBe('755');
      for (const name of ['endpoint.json', 'command.key', 'lock.json'])
        expect([name, lstatSync(join(home, name)).isFile(), lstatSync(join(home, name)).uid]).toEqual([
          name,
          true,
          victim.uid,
        ]);
      await expect(as(attacker, 'echo x >"$1/settings.json"', home)).rejects.toThrow(/denied/);
    });
    expect(readFileSync(precious, 'utf8')).toBe('#!/bin/sh\n');
  });

  test('a pipe or a device under its names holds up neither the start nor the command', async () => {
    const home = join(place, 'own');
    await as(
      victim,
      'mkdir -m 700 "$1"; for name in endpoint.json lock.json command.key; do mkfifo "$1/$name"; done',
      home,
    );
    await withHost(home, victim, () => expect(lstatSync(join(home, 'endpoint.json')).isFile()).toBe(true));
    await as(victim, 'mkfifo "$1/settings.json"', home);
    const { exitCode, errors } = await failureOf(startHeadless({ home, prefix: victim.prefix }));
    expect([exitCode, errors]).toEqual([2, expect.stringContaining('it is no file')]);
  });

  test('the command goes to no address that another user has left', async () => {
    const home = join(place, 'try');
    const started = readFileSync(`/proc/${process.pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ')[19];
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
    const endpoint = {
      ...{ address: 'http://localhost:1', port: 1, pid: process.pid, version: '0', instance: 'theirs' },
      started: `${started}@${boot}`,
    };
    await as(
      attacker,
      'mkdir "$1"; echo "$2" >"$1/endpoint.json"; echo key >"$1/command.key"',
      home,
      JSON.stringify(endpoint),
    );
    expect(await loopgate(victim, home, 'endpoint')).toContain('Loopgate is not running');
  });

  test('keeps secrets of its own to itself, and what a umask of 002 has made is used', async () => {
    const home = join(place, 'own');
    const make =
      'mkdir -m 775 "$1"; cd "$1"; for one in settings programs session.file; do echo "{}" >$one.json; chmod 664 $one.json; done';
    await as(victim, make, home);
    writeFileSync(join(home, 'settings.json'), '{"origins": ["https://wanted.example"]}');
    await withHost(home, victim, async (host) => {
      expect(host.output()).toMatch(/Other users could read or change .*session\.file\.json.* in /);
      expect(await isOpenTo('https://wanted.example', host)).toBe(true);
    });
    expect(modeOf(home)).toBe('755');
    expect(['settings.json', 'session.file.json'].map((name) => modeOf(join(home, name)))).toEqual(['644', '600']);
    // Once is enough.
    await withHost(home, victim, (host) => expect(host.output()).not.toContain('Other users'));
  });

  test('whoever had opened a file of its own to write to it writes to nothing any more', async () => {
    const home = join(place, 'own');
    const settings = join(home, 'settings.json');
    await as(victim, 'mkdir "$1"; echo "{}" >"$1/settings.json"', home);
    const [command = '', ...rest] = [
      ...attacker.prefix,
      'sh',
      '-euc',
      'exec 3<>"$1"; echo; read _; echo "$2" >&3',
      'sh',
    ];
    const writer = execFile(command, [...rest, settings, hostileSettings]);
    const ended = once(writer, 'close');
    try {
      await once(writer.stdout ?? writer, 'data');
      await withHost(home, victim, async () => {
        writer.stdin?.end('\n');
        expect(await ended).toEqual([0, null]);
      });
    } finally {
      writer.kill();
    }
    expect([readFileSync(settings, 'utf8'), modeOf(settings), statSync(settings).uid]).toEqual([
      '{}\n',
      '644',
      victim.uid,
    ]);
    expect(readdirSync(home)).toEqual(['settings.json']);
  });

  test('refuses a place that all users share, and leaves it as it is', async () => {
    await as(attacker, 'echo "$2" >"$1/settings.json"', place, hostileSettings);
    const { exitCode, errors } = await failureOf(startHeadless({ home: place, prefix: victim.prefix }));
    expect([exitCode, errors]).toEqual([2, expect.stringContaining(`LOOPGATE_HOME=${join(place, 'loopgate')}`)]);
    expect(modeOf(place)).toBe('1777');
  });

  test('names a folder above that others can write to, and starts', async () => {
    const [above, home] = [join(place, 'above'), join(place, 'above', 'own')];
    await as(victim, 'mkdir "$1"; mkdir -m 700 "$2"', above, home);
    await withHost(home, victim, async (host) => {
      await host.waitForLine(new RegExp(`Other users can write to ${above}`));
      expect(await loopgate(victim, home, 'doctor')).toMatch(
        new RegExp(`warning files .*Other users can write to ${above}`),
      );
    });
  });

  test('follows a link of its own to settings that are kept elsewhere', async () => {
    const [home, dotfiles] = [join(place, 'own'), join(place, 'dotfiles.json')];
    await as(victim, 'mkdir -m 700 "$1"; ln -s "$2" "$1/settings.json"', home, dotfiles);
    // As a store that root fills.
    writeFileSync(dotfiles, '{"origins": ["https://wanted.example"]}', { mode: 0o444 });
    await withHost(home, victim, async (host) => expect(await isOpenTo('https://wanted.example', host)).toBe(true));
  });
});

describe.skipIf(whyNoOtherUser !== undefined)('a folder of another user that the administrator has decided on', () => {
  test.skipIf(whyNoOwnNetwork !== undefined)(
    'root in a container uses a folder of a user that is mounted there',
    async () => {
      const [theirs, mounted] = [join(place, 'theirs'), join(place, 'mounted')];
      await as(
        nobody,
        'mkdir -m 755 "$1"; echo "{\\"origins\\": [\\"https://wanted.example\\"]}" >"$1/settings.json"',
        theirs,
      );
      mkdirSync(mounted);
      const mount = ['unshare', '--mount', 'sh', '-euc', 'mount --bind "$0" "$1"; shift; exec "$@"', theirs, mounted];
      await withHost(mounted, { ...root, prefix: mount }, async (host) => {
        expect(host.output()).toContain('was mounted there by the administrator');
        expect(await isOpenTo('https://wanted.example', host)).toBe(true);
      });
    },
  );

  test.skipIf(whyNoOwnNetwork !== undefined)(
    'root in a container uses settings of a user that are mounted there, to read only too',
    async () => {
      const [theirs, home] = [join(place, 'theirs.json'), join(place, 'own')];
      await as(nobody, 'echo "{\\"origins\\": [\\"https://wanted.example\\"]}" >"$1"', theirs);
      mkdirSync(home, { mode: 0o700 });
      writeFileSync(join(home, 'settings.json'), '');
      const mounting = 'mount --bind "$0" "$1"; mount -o remount,ro,bind "$1"; shift; exec "$@"';
      const prefix = ['unshare', '--mount', 'sh', '-euc', mounting, theirs, join(home, 'settings.json')];
      await withHost(home, { ...root, prefix }, async (host) =>
        expect(await isOpenTo('https://wanted.example', host)).toBe(true),
      );
      // A link to such a file is nobody's decision.
      const link = join(place, 'link');
      mkdirSync(link, { mode: 0o700 });
      symlinkSync(join(home, 'settings.json'), join(link, 'settings.json'));
      const { errors } = await failureOf(startHeadless({ home: link, prefix }));
      expect(errors).toContain('belongs to another user');
    },
  );

  test('a user is led to a folder inside a volume of root’s that others can write to', async () => {
    const home = join(place, 'volume');
    await as(root, 'mkdir -m 777 "$1"', home);
    const { exitCode, errors } = await failureOf(startHeadless({ home, prefix: nobody.prefix }));
    expect([exitCode, errors]).toEqual([2, expect.stringContaining(`LOOPGATE_HOME=${join(home, 'loopgate')}`)]);
    await withHost(join(home, 'loopgate'), nobody, () => undefined);
  });

  test('root by sudo is not told to take a user’s folder from them', async () => {
    const home = join(place, 'theirs');
    await as(nobody, 'mkdir "$1"', home);
    const { exitCode, errors } = await failureOf(startHeadless({ home, environment: { SUDO_UID: '65534' } }));
    expect([exitCode, errors]).toEqual([2, expect.stringContaining('without sudo')]);
    expect(errors).not.toContain('chown');
  });

  test('in a user namespace where root is unknown, root’s files behind a link of one’s own are read', async () => {
    const [home, store] = [join(place, 'own'), join(place, 'store.json')];
    await as(stranger, 'mkdir -m 700 "$1"; ln -s "$2" "$1/settings.json"', home, store);
    writeFileSync(store, '{"origins": ["https://wanted.example"]}', { mode: 0o444 });
    const prefix = [...stranger.prefix, 'unshare', '--user', '--map-current-user'];
    await withHost(home, { ...stranger, prefix }, async (host) => {
      expect(host.output()).not.toContain('Other users');
      expect(await isOpenTo('https://wanted.example', host)).toBe(true);
    });
  });
});

test('a folder of one’s own that is a link, as to another disk, is used', async () => {
  const [own, home] = [join(place, 'own'), join(place, 'link')];
  mkdirSync(own, { mode: 0o700 });
  symlinkSync(own, home);
  const host = await startHeadless({ home });
  await host.stop();
  expect(existsSync(join(own, 'endpoint.json'))).toBe(false);
});
