import { readFile, readlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { type Message, message } from '../../preload/texts/messages.ts';
import { printable } from '../access/printable.ts';
import { kindOf } from '../access/programKinds.ts';
import { baseName } from '../access/programPaths.ts';
import { scriptOf } from '../access/scripts.ts';
import { portMark, readKernelRows } from '../callers/linux/eventLoop.ts';
import { processStatus, walkSockets } from '../callers/linux/processes.ts';
import { nameFiles } from '../system/strangersFiles.ts';
import { lsof, powershell, ps, runSystemProgram } from '../system/systemPrograms.ts';

/** The process that listens on a port. The operating system names it; its own HTTP answers do not count (L9). */
export interface PortOwner {
  /** True if the process belongs to the user of this one. */
  readonly isOwnUser: boolean;
  /** Absent if the system does not report it (Windows, or another user's process on macOS). */
  readonly uid?: number;
  readonly pid?: number;
  /** The executable. Absent if we may not look: without root, for another user's process. */
  readonly path?: string;
  /** Its name for messages. */
  readonly name?: string;
  /** True for another Loopgate of this user, desktop or headless, with any data folder and any installation. */
  readonly isLoopgate: boolean;
}

/** Runs a system program and returns what it printed. */
type Run = (program: string, argv: string[]) => Promise<string>;

/**
 * Finds the process that listens on a loopback port: on Linux through /proc, on macOS with lsof, on Windows from the
 * TCP table. The last two have not run on such a machine yet.
 * @param run - runs lsof, ps and PowerShell; for tests
 * @returns undefined when no process listens there, or the system does not tell
 */
export async function portOwner(
  port: number,
  platform: NodeJS.Platform = process.platform,
  run: Run = runSystemProgram,
): Promise<PortOwner | undefined> {
  try {
    if (platform === 'linux') return await linuxOwner(port);
    return platform === 'win32' ? await windowsOwner(port, run) : await macOwner(port, run);
  } catch {
    return undefined;
  }
}

/** Names it for a message: "Code (process 4711)", "a program of another user". */
export function describeOwner({ name, pid, uid, isOwnUser }: PortOwner): Message {
  const user = isOwnUser ? '' : uid === undefined ? message('ofOtherUser') : message('ofOtherUserWithId', { uid });
  const process = pid === undefined ? '' : message('withProcess', { pid });
  return name === undefined
    ? message('ownerUnnamed', { user, process })
    : message('ownerNamed', { name, process, user });
}

// --- Linux ----------------------------------------------------------------------------------------------------------------

/** The addresses in /proc/net/tcp{,6} where a listener blocks one on loopback. */
const loopbackOrAny = new Set([
  '0100007F',
  '00000000',
  '00000000000000000000000001000000',
  '00000000000000000000000000000000',
  '0000000000000000FFFF00000100007F',
  '0000000000000000FFFF000000000000',
]);

/** Finds a listening socket (state 0A) on this port in the text of /proc/net/tcp or tcp6. Exported for its tests. */
export function listeningRows(table: string, port: number): { uid: number; inode: number }[] {
  const suffix = port.toString(16).toUpperCase().padStart(4, '0');
  return table.split('\n').flatMap((line) => {
    const [, local = '', , state, , , , uid, , inode] = line.trim().split(/\s+/);
    const [address = '', written] = local.split(':');
    if (state !== '0A' || written !== suffix || !loopbackOrAny.has(address)) return [];
    return [{ uid: Number(uid), inode: Number(inode) }];
  });
}

async function linuxOwner(port: number): Promise<PortOwner | undefined> {
  const read = (name: string) => readKernelRows(`/proc/net/${name}`, [portMark(port)]);
  const tables = await Promise.all(['tcp', 'tcp6'].map((name) => read(name).catch(() => '')));
  const rows = tables.flatMap((table) => listeningRows(table, port));
  const [first] = rows;
  if (!first) return undefined;
  const sockets = await walkSockets('/proc');
  const pids = rows.flatMap(({ inode }) => (sockets.get(inode) ?? []).map(({ pid }) => pid));
  const holders = await Promise.all([...new Set(pids)].map(linuxHolder));
  const known = holders.filter((holder) => holder !== undefined);
  // Both systemd and we hold a handed-over socket, and its row has systemd's user.
  const owner = known.find(({ isLoopgate }) => isLoopgate) ?? known.find(({ pid }) => pid !== 1) ?? known[0];
  return owner ?? { isOwnUser: first.uid === process.getuid?.(), uid: first.uid, isLoopgate: false };
}

async function linuxHolder(pid: number): Promise<PortOwner | undefined> {
  const read = (name: string) => readFile(join('/proc', String(pid), name), 'utf8');
  try {
    const status = await read('status');
    const uid = Number(/^Uid:\s+\d+\s+(\d+)/m.exec(status)?.[1]);
    const path = (await readlink(join('/proc', String(pid), 'exe'))).replace(/ \(deleted\)$/, '');
    // In the process's own memory, which may wait for a file system that never answers.
    const argv = (await textOf(join('/proc', String(pid), 'cmdline')).catch(() => '')).split('\0').slice(0, -1);
    const cwd = await readlink(join('/proc', String(pid), 'cwd')).catch(() => '/');
    // The process may have become another program since.
    if (processStatus(await read('stat')) === undefined) return undefined;
    return await ownerOf({ isOwnUser: uid === process.getuid?.(), uid, pid, path }, argv, cwd);
  } catch {
    return undefined;
  }
}

// --- macOS ----------------------------------------------------------------------------------------------------------------

/** Without root, lsof lists only the user's own processes. A listener that is missing belongs to another user. */
async function macOwner(port: number, run: Run): Promise<PortOwner | undefined> {
  const listed = await run(lsof, ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fpun']).catch(() => '');
  const found = parseListeners(listed, port);
  if (!found) return undefined;
  const path = (await run(ps, ['-p', String(found.pid), '-o', 'comm='])).trim();
  const command = (await run(ps, ['-ww', '-p', String(found.pid), '-o', 'args='])).trim();
  const isOwnUser = found.uid !== undefined && found.uid === process.getuid?.();
  const uid = found.uid === undefined ? {} : { uid: found.uid };
  return await ownerOf({ isOwnUser, ...uid, pid: found.pid, path }, command.split(' '), '/');
}

/** The first process in the output of `lsof -sTCP:LISTEN -Fpun` that blocks loopback. Exported for its tests. */
export function parseListeners(listed: string, port: number): { pid: number; uid?: number } | undefined {
  let pid = -1;
  let uid: number | undefined;
  for (const line of listed.split('\n')) {
    const value = line.slice(1);
    if (line.startsWith('p')) {
      pid = Number(value);
      uid = undefined;
    }
    if (line.startsWith('u')) uid = Number(value);
    if (!['*', '127.0.0.1', '[::1]'].some((address) => line === `n${address}:${port}`)) continue;
    return { pid, ...(uid !== undefined && { uid }) };
  }
  return undefined;
}

// --- Windows --------------------------------------------------------------------------------------------------------------

/** The script's output. */
const windowsProcess = z.object({
  pid: z.int().positive(),
  path: z.string().nullish(),
  command: z.string().nullish(),
  name: z.string().nullish(),
  owner: z.string().nullish(),
  self: z.string(),
});

async function windowsOwner(port: number, run: Run): Promise<PortOwner | undefined> {
  const script = `
    [Console]::OutputEncoding = [Text.Encoding]::UTF8
    $c = Get-NetTCPConnection -State Listen -LocalPort ${port} | Select-Object -First 1
    $p = Get-CimInstance Win32_Process -Filter "ProcessId=$($c.OwningProcess)"
    @{ pid = $c.OwningProcess; path = $p.ExecutablePath; command = $p.CommandLine; name = $p.Name;
      owner = (Invoke-CimMethod -InputObject $p -MethodName GetOwnerSid).Sid;
      self = [Security.Principal.WindowsIdentity]::GetCurrent().User.Value } | ConvertTo-Json -Compress`;
  const printed = await run(powershell, ['-NoProfile', '-NonInteractive', '-Command', script]);
  const { pid, path, command, name, owner, self } = windowsProcess.parse(JSON.parse(printed));
  const isOwnUser = owner === self;
  // Windows hides the path of another user's process, but not its name.
  if (!path) return { isOwnUser, pid, isLoopgate: false, ...(name && { name: printable(name, 200) }) };
  const words = [...(command ?? '').matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '');
  return await ownerOf({ isOwnUser, pid, path }, words, '/');
}

// --- what it is -----------------------------------------------------------------------------------------------------------

type Found = Pick<PortOwner, 'isOwnUser' | 'uid' | 'pid'> & { readonly path: string };

async function ownerOf(found: Found, argv: readonly string[], cwd: string): Promise<PortOwner> {
  const kind = kindOf(found.path);
  const script = kind === 'interpreter' ? scriptOf(argv) : undefined;
  const isLoopgate = found.isOwnUser && (await isOurs(found.path, script, cwd));
  const plain = baseName(found.path).replace(/\.exe$/i, '');
  const claimed = printable(script === undefined ? plain : `${plain} ${script}`, 200);
  return { ...found, name: isLoopgate ? 'Loopgate' : claimed, isLoopgate };
}

/** The file names when built and when installed. */
const headlessScript = /[\\/](out|loopgate)[\\/]headless[\\/]index\.cjs$/;

/**
 * Whether it is Loopgate, by its executable; for node and Electron by its script. The process itself claims the script.
 * That is good enough: only processes of the same user get this far, and a lie only makes Loopgate skip a port that the
 * liar holds already.
 */
async function isOurs(path: string, script: string | undefined, cwd: string): Promise<boolean> {
  if (/^loopgate(\.exe)?$/i.test(baseName(path))) return true;
  if (await isOurPackage(join(dirname(path), 'resources', 'app', 'package.json'))) return true;
  if (script === undefined || script.startsWith('-')) return false;
  const run = resolve(cwd, script);
  return headlessScript.test(run) || (await isOurPackage(join(run, 'package.json')));
}

/** Of a command line, and of a package.json. */
const maxText = 256 * 1024;

/** Of a file that the other process chooses. */
async function textOf(file: string): Promise<string> {
  return Buffer.from((await nameFiles.do('read', file, maxText)).content).toString();
}

async function isOurPackage(file: string): Promise<boolean> {
  try {
    const parsed: unknown = JSON.parse(await textOf(file));
    return typeof parsed === 'object' && parsed !== null && 'name' in parsed && parsed.name === 'loopgate';
  } catch {
    return false;
  }
}
