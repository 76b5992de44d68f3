import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { lastingOf } from '../main/access/program.ts';
import { kindOf } from '../main/access/programKinds.ts';
import { type Headless, startHeadless } from './support/headless.ts';
import { asOtherUser, otherUsersFolder } from './support/otherUser.ts';
import { type OwnNetwork, ownNetwork, whyNoOwnNetwork } from './support/ownNetwork.ts';

vi.setConfig({ testTimeout: 90_000 });

/** Two machines, each a network of its own, and real OpenSSH between them. */
const cleanings: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanings.splice(0).reverse()) await clean();
});

async function machine(): Promise<OwnNetwork> {
  const made = await ownNetwork();
  cleanings.push(made.stop);
  return made;
}

const port = 5323;
const address = `http://localhost:${port}`;

async function loopgateOn({ prefix }: OwnNetwork, home: string, user: readonly string[] = []): Promise<Headless> {
  const host = await startHeadless({
    home,
    prefix: [...prefix, ...user],
    environment: { LOOPGATE_PORT: String(port), HOME: home },
  });
  cleanings.push(() => host.stop('SIGKILL'));
  return host;
}

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'loopgate-ssh-'));
  cleanings.push(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

/** `ssh` on one machine, logged in on the other by a throwaway key, with a forward. It ends with the test. */
function forward(from: OwnNetwork, to: OwnNetwork, how: readonly string[], login = userInfo().username): void {
  const keys = folder();
  chmodSync(keys, 0o755);
  const key = (name: string) => {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(keys, name)]);
    return join(keys, name);
  };
  const [own, hosts] = [key('own'), key('host')];
  const lines = [`HostKey ${hosts}`, `AuthorizedKeysFile ${own}.pub`, 'StrictModes no', 'UsePAM no', 'PidFile none'];
  writeFileSync(join(keys, 'config'), `${[...lines, 'PermitRootLogin yes'].join('\n')}\n`);
  // Where sshd puts its helper; Debian makes it when the service starts.
  mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  const sshd = execFileSync('sh', ['-c', 'command -v sshd'], { encoding: 'utf8' }).trim();
  // The connection between the two is a pipe: neither machine has a network but its own loopback.
  const proxy = `ProxyCommand=${to.prefix.join(' ')} ${sshd} -i -f ${join(keys, 'config')}`;
  const options = [proxy, 'StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'ExitOnForwardFailure=yes'];
  const [command = '', ...argv] = [
    ...from.prefix,
    'ssh',
    '-F',
    'none',
    '-N',
    '-q',
    '-i',
    own,
    ...options.flatMap((option) => ['-o', option]),
    ...how,
    `${login}@remote`,
  ];
  const child = spawn(command, argv, { stdio: ['ignore', 'inherit', 'inherit'] });
  cleanings.push(() => void child.kill());
}

/** Asks until somebody listens there; gives the status. */
const ask = `
  const [address] = process.argv.slice(1);
  for (;;) {
    const response = await fetch(address).catch(() => undefined);
    if (response) { console.log(response.status); break; }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
`;

async function asked(on: OwnNetwork, url: string): Promise<string> {
  return (await on.run([process.execPath, '--input-type=module', '-e', ask, url])).trim();
}

/** Which programs the host has let in. */
function named(host: Headless): string[] {
  return host
    .errors()
    .split('\n')
    .filter((line) => line.includes('a program uses the sign-in'))
    .map((line) => (JSON.parse(line) as { program: string }).program);
}

describe.skipIf(whyNoOwnNetwork !== undefined)('remote work over SSH', () => {
  test('ssh -R: whoever asks on the remote machine is ssh here, which is allowed for twelve hours at most [C4]', async () => {
    const [here, remote] = [await machine(), await machine()];
    const host = await loopgateOn(here, folder());
    forward(here, remote, ['-R', `${port}:localhost:${port}`]);
    // 503: let in, and no provider is configured.
    expect(await asked(remote, `${address}/user/access_token`)).toBe('503');
    expect(named(host)).toEqual(['/usr/bin/ssh']);
    expect(lastingOf(kindOf('/usr/bin/ssh'))).toBe('hours');
  });

  test('another port at the far end is refused, as the Host is not ours [L1]', async () => {
    const [here, remote] = [await machine(), await machine()];
    await loopgateOn(here, folder());
    forward(here, remote, ['-R', `7323:localhost:${port}`]);
    expect(await asked(remote, 'http://localhost:7323/user')).toBe('403');
  });

  test('ssh -L: the caller of a headless host on the remote machine is the sshd there [C4]', async () => {
    const [here, remote] = [await machine(), await machine()];
    const host = await loopgateOn(remote, folder());
    forward(here, remote, ['-L', `${port}:localhost:${port}`]);
    expect(await asked(here, `${address}/user/access_token`)).toBe('503');
    expect(named(host)).toEqual(['/usr/sbin/sshd']);
  });

  test('ssh -L as an ordinary user: sshd lets nobody look at it, and is the unknown program [C9]', async () => {
    const [here, remote] = [await machine(), await machine()];
    const home = otherUsersFolder();
    cleanings.push(() => rmSync(home, { recursive: true, force: true }));
    const host = await loopgateOn(remote, home, asOtherUser);
    forward(here, remote, ['-L', `${port}:localhost:${port}`], 'nobody');
    expect(await asked(here, `${address}/user/access_token`)).toBe('503');
    expect(named(host)).toEqual(['']);
  });

  test('ssh -L with a login of another user than the host’s is refused [L5]', async () => {
    const [here, remote] = [await machine(), await machine()];
    await loopgateOn(remote, folder());
    forward(here, remote, ['-L', `${port}:localhost:${port}`], 'nobody');
    expect(await asked(here, `${address}/user`)).toBe('403');
  });
});
