import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, it } from 'vitest';
import { inEnglish } from '../../preload/texts/messages.ts';
import { describeOwner, listeningRows, parseListeners, portOwner } from './portOwner.ts';

const closers: (() => unknown)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function listeningOn(host: string): Promise<number> {
  const server = createServer();
  closers.push(() => server.close());
  await once(server.listen(0, host), 'listening');
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : -1;
}

const isRootOnLinux = process.platform === 'linux' && process.getuid?.() === 0;

describe.runIf(process.platform === 'linux')('who listens on a port, on this Linux [L9]', () => {
  it.each(['127.0.0.1', '0.0.0.0', '::'])('a program of our own on %s, by its process', async (host) => {
    const port = await listeningOn(host);
    expect(await portOwner(port)).toMatchObject({
      isOwnUser: true,
      uid: process.getuid?.(),
      pid: process.pid,
      path: process.execPath,
      isLoopgate: false,
    });
  });

  it('nobody where nobody listens, and nobody on an address that is not in the way', async () => {
    const port = await listeningOn('127.0.0.2');
    expect(await portOwner(port)).toBeUndefined();
  });

  it.runIf(isRootOnLinux)('another user’s, who is not ours whatever it is called', async () => {
    const script = `require('node:http').createServer((_, r) => r.end('ok:1')).listen(0, '127.0.0.1', function () { console.log(this.address().port); });`;
    const argv = ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath, '-e', script];
    const child = spawn('setpriv', argv, { stdio: ['ignore', 'pipe', 'inherit'] });
    closers.push(() => child.kill('SIGKILL'));
    const [port] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    expect(await portOwner(Number(port))).toMatchObject({
      isOwnUser: false,
      uid: 65534,
      pid: child.pid,
      isLoopgate: false,
    });
  });
});

describe('the tables of the systems [L9]', () => {
  const row = (address: string, state: string, uid: number, inode: number) =>
    `   0: ${address} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000  ${uid}        0 ${inode} 1 0000000000000000 100 0 0 10 0`;

  it('Linux: the rows of listeners on loopback or on any address, on this port', () => {
    const table = [
      '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
      row('0100007F:03E8', '0A', 1000, 11),
      row('00000000:03E8', '0A', 0, 12),
      row('00000000000000000000000001000000:03E8', '0A', 1001, 13),
      row('0100007F:03E8', '01', 1000, 14),
      row('0100007F:03E9', '0A', 1000, 15),
      row('0200007F:03E8', '0A', 1000, 16),
      row('0A00A8C0:03E8', '0A', 1000, 17),
    ].join('\n');
    expect(listeningRows(table, 1000)).toEqual([
      { uid: 1000, inode: 11 },
      { uid: 0, inode: 12 },
      { uid: 1001, inode: 13 },
    ]);
  });

  // A double: lsof and ps of macOS in the form of their manuals.
  it('macOS: the process that lsof lists, and whether it is a Loopgate of ours', async () => {
    const uid = process.getuid?.() ?? 0;
    const asked = (listed: string, path: string, command: string) =>
      portOwner(1000, 'darwin', async (program, argv) => {
        if (program.endsWith('lsof')) return listed;
        return argv.at(-1) === 'comm=' ? `${path}\n` : `${command}\n`;
      });
    const listed = `p4711\nu${uid}\nf23\nn127.0.0.1:1000\n`;
    const app = '/Applications/Loopgate.app/Contents/MacOS/Loopgate';
    expect(await asked(listed, app, app)).toEqual({
      isOwnUser: true,
      uid,
      pid: 4711,
      path: app,
      name: 'Loopgate',
      isLoopgate: true,
    });
    const other = '/Applications/Tool.app/Contents/MacOS/Tool';
    expect(await asked(listed, other, other)).toMatchObject({ name: 'Tool', isLoopgate: false });
    expect(await asked(`p4711\nu${uid + 1}\nn*:1000\n`, app, app)).toMatchObject({
      isOwnUser: false,
      isLoopgate: false,
    });
    expect(await asked('', app, app)).toBeUndefined();
    expect(parseListeners('p1\nu0\nn192.168.0.2:1000\np2\nu0\nn[::1]:1000\n', 1000)).toEqual({ pid: 2, uid: 0 });
  });

  // A double: what PowerShell prints, in the form of its documentation.
  it('Windows: the process of the TCP table, of another user by its name alone', async () => {
    const asked = (printed: object) => portOwner(1000, 'win32', async () => JSON.stringify(printed));
    const self = 'S-1-5-21-1-2-3-1001';
    const node = 'C:\\Program Files\\nodejs\\node.exe';
    expect(
      await asked({ pid: 7, path: node, command: `"${node}" C:\\loopgate\\headless\\index.cjs`, owner: self, self }),
    ).toMatchObject({ isOwnUser: true, pid: 7, path: node });
    expect(await asked({ pid: 7, path: null, command: null, name: 'httpd.exe', owner: null, self })).toEqual({
      isOwnUser: false,
      pid: 7,
      name: 'httpd.exe',
      isLoopgate: false,
    });
    expect(await asked({ pid: 0, self })).toBeUndefined();
    expect(await portOwner(1000, 'win32', async () => 'Access denied')).toBeUndefined();
  });

  it.each<[Parameters<typeof describeOwner>[0], string]>([
    [{ isOwnUser: true, pid: 5, name: 'Code', isLoopgate: false }, 'Code (process 5)'],
    [{ isOwnUser: false, uid: 33, isLoopgate: false }, 'a program of another user (uid 33)'],
    [{ isOwnUser: false, pid: 5, name: 'nginx', isLoopgate: false }, 'nginx (process 5) of another user'],
  ])('in a message %j is "%s"', (owner, words) => {
    expect(inEnglish(describeOwner(owner))).toBe(words);
  });
});
