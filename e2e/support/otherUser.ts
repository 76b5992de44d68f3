import { execFile, execFileSync } from 'node:child_process';
import { chownSync, cpSync, mkdtempSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { projectFolder } from './headless.ts';

/** Debian's `nobody`. */
const uid = 65534;

/** Put before a command, it runs as another user of this machine. */
export const asOtherUser = ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups'] as const;

/** Only root can become somebody else; undefined when the tests run as root. */
export const whyNoOtherUser = process.getuid?.() === 0 ? undefined : 'only root can start a program as another user';

/** A fresh folder that belongs to the other user. */
export function otherUsersFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'loopgate-other-'));
  chownSync(folder, uid, uid);
  return folder;
}

/** Runs a command as the other user and gives what it printed. @throws with its errors when it fails */
export async function runAsOtherUser(argv: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<string> {
  const [command, ...rest] = [...asOtherUser, ...argv];
  const { stdout } = await promisify(execFile)(command, rest, { env: { PATH: process.env.PATH, ...environment } });
  return stdout;
}

let tree: string | undefined;

/** The project's tree as the other user can read it, and cannot write it: the checkout itself, or a copy where it is private. */
export function treeForOtherUser(): string {
  tree ??= isReadable(projectFolder) ? projectFolder : copyTree();
  return tree;
}

function isReadable(folder: string): boolean {
  try {
    execFileSync(asOtherUser[0], [...asOtherUser.slice(1), 'test', '-r', join(folder, 'package.json')]);
    return true;
  } catch {
    return false;
  }
}

function copyTree(): string {
  const folder = mkdtempSync(join(tmpdir(), 'loopgate-tree-'));
  execFileSync('chmod', ['755', folder]);
  for (const entry of [
    'package.json',
    'tsconfig.json',
    'build',
    'demo',
    'testing',
    'e2e',
    'main',
    'preload',
    'out',
    'node_modules',
    'renderer',
    'package-lock.json',
  ]) {
    cpSync(join(projectFolder, entry), join(folder, entry), { recursive: true, verbatimSymlinks: true });
  }
  return folder;
}

/** Sends each text on a connection of its own, and prints what came until the end, one JSON string a line. */
const rawProbe = `
  import { connect } from 'node:net';
  import { text } from 'node:stream/consumers';
  const [port, address, requests] = process.argv.slice(1);
  const answers = JSON.parse(requests).map((request) => {
    const socket = connect(Number(port), address);
    socket.write(request);
    return text(socket);
  });
  for (const answer of answers) console.log(JSON.stringify(await answer));
`;

/** What such a program has printed. */
export const probedStrings = (printed: string) =>
  printed
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as string);

/** The answers to these texts, each sent as the other user on a connection of its own. */
export const rawProbeAs = async (port: number, address: string, requests: readonly string[]) => {
  const argv = ['--input-type=module', '-e', rawProbe, String(port), address, JSON.stringify(requests)];
  return probedStrings(await runAsOtherUser([process.execPath, ...argv]));
};

/** How many callers' ends of connections to this port have no process any more, by the system's table. */
export async function orphans(port: number): Promise<number> {
  // Not those that are closed on both sides (06, TIME_WAIT).
  return (await ends(port)).filter(({ state, inode }) => state !== '06' && inode === '0').length;
}

/** The callers' ends of all connections to this port. */
async function ends(port: number): Promise<{ state: string | undefined; inode: string | undefined }[]> {
  const tables = await Promise.all(
    ['tcp', 'tcp6'].map((name) => readFile(`/proc/net/${name}`, 'latin1').catch(() => '')),
  );
  const rows = tables.flatMap((table) => table.split('\n')).map((row) => row.trim().split(/\s+/));
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return rows
    .filter(([, , remote]) => remote?.endsWith(suffix))
    .map(([, , , state, , , , , , inode]) => ({ state, inode }));
}

/** This machine's loopback addresses. */
export const families = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'))
  ? ['127.0.0.1', '::1']
  : ['127.0.0.1'];

/** How many callers' ends of connections to this port have said that they send nothing more, and are not gone (FIN_WAIT2). */
export async function halfClosed(port: number): Promise<number> {
  return (await ends(port)).filter(({ state, inode }) => state === '05' && inode !== '0').length;
}
