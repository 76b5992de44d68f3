import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { readlink } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';
import type { Caller, Program } from '../../main/access/program.ts';
import { type CallerLookup, connectionOf, presentTime } from '../../main/callers/caller.ts';
import { ExecutableHashes } from '../../main/callers/executables.ts';
import { keepConnectionTimes } from '../../main/callers/linux/connectionTime.ts';
import { DesktopEntries } from '../../main/callers/linux/desktopEntries.ts';
import { readKernelRows } from '../../main/callers/linux/eventLoop.ts';
import { linuxCallerLookup } from '../../main/callers/linux/lookup.ts';
import { LinuxPrograms, type LinuxSystem } from '../../main/callers/linux/programs.ts';

/** A program in a root of its own has none of this machine's certificates, and Node.js would warn of each that is missing. */
const { NODE_EXTRA_CA_CERTS: _certificates, ...environment } = process.env;

/** A connection of a real program, that has sent something and waits. */
export interface Call {
  readonly socket: Socket;
  readonly caller: Caller;
  program(): Promise<Program>;
}

/** A listener that looks its callers up as the API does: when the first bytes have come. */
export class Doorkeeper implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'loopgate-programs-'));
  readonly #server = createServer({ allowHalfOpen: true });
  readonly #lookup: CallerLookup;
  readonly #children: ChildProcess[] = [];
  readonly #calls: Promise<Call | undefined>[] = [];
  readonly #waiting: (() => void)[] = [];
  #taken = 0;

  private constructor(system: Partial<LinuxSystem>) {
    this.#lookup = linuxLookup(system);
    this.#server.on('connection', (socket) => {
      socket.on('error', () => socket.destroy());
      const opened = presentTime();
      socket.once('data', () => {
        const connection = connectionOf(socket, opened);
        const found = connection ? this.#lookup.find(connection) : Promise.resolve(undefined);
        this.#calls.push(found.then((caller) => caller && { socket, caller, program: () => caller.program() }));
        for (const wake of this.#waiting.splice(0)) wake();
      });
    });
  }

  static async open(system: Partial<LinuxSystem> = {}): Promise<Doorkeeper> {
    const doorkeeper = new Doorkeeper(system);
    doorkeeper.#server.listen(0, '127.0.0.1');
    await once(doorkeeper.#server, 'listening');
    keepConnectionTimes(doorkeeper.#server);
    return doorkeeper;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The next connection that has sent something; undefined when it is refused. */
  async next(): Promise<Call | undefined> {
    while (this.#calls.length <= this.#taken) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#taken += 1;
    return await this.#calls[this.#taken - 1];
  }

  /** @throws when it is refused */
  async nextCall(): Promise<Call> {
    const call = await this.next();
    if (!call) throw new Error('The caller was refused.');
    return call;
  }

  /** A copy of Node's executable under another name: a program that can do everything, and is no interpreter by name. */
  program(name: string): string {
    const path = join(this.folder, name);
    copyFileSync(process.execPath, path);
    return path;
  }

  start(command: string, ...argv: string[]): ChildProcess {
    const child = spawn(command, argv, {
      stdio: ['pipe', 'ignore', 'inherit'],
      cwd: this.folder,
      env: environment,
      // A group of its own, so that what it starts ends with it.
      detached: true,
    });
    child.on('error', () => undefined);
    this.#children.push(child);
    return child;
  }

  /** Starts a program and gives what it is found to be. */
  async whoIs(command: string, ...argv: string[]): Promise<Program> {
    this.start(command, ...argv);
    return await (await this.nextCall()).program();
  }

  /**
   * JavaScript that connects, sends, and stays. Not at once: Node sets close-on-exec on whatever it inherits, and so is known by
   * threads that began in an earlier tick of the kernel's clock than the connection.
   */
  get connecting(): string {
    return `for (const up = performance.now(); performance.now() - up < 60; ); const socket = require('node:net').connect(${this.port}, '127.0.0.1', () => socket.write('x')).resume();`;
  }

  /** Bash that opens the connection as its descriptor 3 and sends. */
  get dialling(): string {
    return `exec 3<>/dev/tcp/127.0.0.1/${this.port}; printf x >&3;`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { pid } of this.#children) if (pid !== undefined) endGroup(pid);
    this.#server.close();
    for (const call of await Promise.all(this.#calls)) call?.socket.destroy();
    // A browser's processes write to their profile until they have ended.
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  }
}

/** The look-up of Linux, with what the test decides in place of the system's. */
export function linuxLookup(system: Partial<LinuxSystem> = {}): CallerLookup {
  const ownUid = process.getuid?.() ?? -1;
  const programs = new LinuxPrograms({
    ownUid,
    hashes: new ExecutableHashes(),
    entries: new DesktopEntries({}),
    ...system,
  });
  return linuxCallerLookup((name, marks) => readKernelRows(`/proc/net/${name}`, marks), ownUid, programs);
}

/** Waits until a process runs an executable. */
export async function runs(pid: number | undefined, executable: string): Promise<void> {
  await vi.waitFor(async () => {
    if ((await readlink(`/proc/${pid}/exe`)) !== executable) throw new Error('not yet');
  }, 20_000);
}

function endGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}
