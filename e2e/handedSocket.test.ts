import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmdirSync,
  rmSync,
} from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, type TestContext, test, vi } from 'vitest';
import { unknownProgram } from '../main/access/program.ts';
import {
  busMessage,
  type Field,
  numberValue,
  type PrivateBus,
  startPrivateBus,
  textValue,
  whyNoBus,
} from '../testing/privateBus.ts';
import { Doorkeeper } from './support/realPrograms.ts';

/** The executable behind a command of this machine; the test is skipped where it is not there. */
function installed(context: TestContext, command: string): string {
  try {
    return realpathSync(execFileSync('/bin/sh', ['-c', `command -v ${command}`], { encoding: 'utf8' }).trim());
  } catch {
    return context.skip(`this machine has no ${command}`);
  }
}

const longWait = 'setInterval(() => undefined, 1_000_000);';

/** What the kernel says of a process now; undefined when there is none. */
function state(pid: number | undefined): { exe: string; letter: string; threads: number } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return {
      exe: readlinkSync(`/proc/${pid}/exe`),
      letter: stat[stat.lastIndexOf(')') + 2] ?? '',
      threads: readdirSync(`/proc/${pid}/task`).length,
    };
  } catch {
    return undefined;
  }
}

const childOf = (pid: number | undefined) =>
  Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ')[0]);

/**
 * A program that is up in less than a millisecond and has threads: with a port it connects, as its own; with none it waits. Linked
 * statically, so that nothing can be loaded into it.
 */
const fast = `
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
static void *wait(void *unused) { for (;;) pause(); }
int main(int count, char **argv) {
  pthread_t thread;
  pthread_create(&thread, 0, wait, 0);
  if (count > 1) {
    struct sockaddr_in to = { AF_INET, htons(atoi(argv[1])), { htonl(INADDR_LOOPBACK) } };
    int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(s, (struct sockaddr *)&to, sizeof to) || write(s, "x", 1) != 1) return 1;
  }
  wait(0);
}`;

async function compiled(context: TestContext, door: Doorkeeper): Promise<string> {
  const cc = installed(context, 'cc');
  await writeFile(join(door.folder, 'fast.c'), fast);
  const path = join(door.folder, 'fast');
  execFileSync(cc, ['-O1', '-static', '-pthread', '-o', path, join(door.folder, 'fast.c')], { stdio: 'inherit' });
  return path;
}

/** Python that keeps its own end of a socket where no list of descriptors has it: in a message that nobody has taken yet. */
const hiding = `
import os, socket, subprocess, sys, time
def hide(s):
  ends = socket.socketpair()
  socket.send_fds(ends[0], [b'x'], [s.fileno()])
  s.close()
  open('hidden', 'w').close()
  return ends
`;

describe.skipIf(process.platform !== 'linux')('a socket that was handed to an allowed program [C8]', () => {
  test('by becoming that program while Loopgate was too busy to accept', async (context) => {
    const bash = installed(context, 'bash');
    await using door = await Doorkeeper.open();
    const editor = door.program('my-editor');
    const { pid } = door.start(bash, '-c', `${door.dialling} exec ${editor} -e '${longWait}'`);
    // Nothing is accepted before this function waits for something.
    const isUp = () => {
      const now = state(pid);
      return now?.exe === editor && now.threads > 1;
    };
    for (const began = performance.now(); !isUp(); )
      if (performance.now() - began > 20_000) throw new Error('no start');
    for (const up = performance.now(); performance.now() - up < 50; );
    const call = await door.nextCall();
    expect(await call.program()).toEqual(unknownProgram);
    expect(isUp()).toBe(true);
  });

  test('by starting that program in the moment of the connection', async (context) => {
    const python = installed(context, 'python3');
    await using door = await Doorkeeper.open();
    const program = await compiled(context, door);
    await writeFile(
      join(door.folder, 'tick.py'),
      `${hiding}
# A tick of the kernel's clock has just begun.
while time.clock_gettime(time.CLOCK_BOOTTIME) * 100 % 1 > 0.1: pass
s = socket.create_connection(('127.0.0.1', ${door.port}))
s.set_inheritable(True)
os.posix_spawn('${program}', ['fast'], {})
s.send(b'x')
kept = hide(s)
time.sleep(1000)`,
    );
    for (let time = 0; time < 5; time += 1) {
      const { pid } = door.start(python, 'tick.py');
      const call = await door.nextCall();
      expect(await call.program(), `attempt ${time + 1}`).toEqual(unknownProgram);
      expect(state(childOf(pid))).toMatchObject({ exe: program, threads: 2 });
    }
  });

  test.for([
    ['before it was connected', '', `s.connect(('127.0.0.1', PORT))`],
    // TCP_DEFER_ACCEPT of the one that connects: the last step of the handshake waits, and it is connected before that.
    ['while it held the end of the handshake back', `s.setsockopt(6, 9, 5); s.connect(('127.0.0.1', PORT))`, ''],
  ])('%s, to a program that nothing can be loaded into', async ([_when, first = '', then = ''], context) => {
    const python = installed(context, 'python3');
    await using door = await Doorkeeper.open();
    const program = await compiled(context, door);
    const script = `${hiding}
s = socket.socket()
${first}
s.set_inheritable(True)
pid = os.posix_spawn('${program}', ['fast'], {})
while len(os.listdir(f'/proc/{pid}/task')) < 2: time.sleep(0.01)
time.sleep(0.1)
${then}
s.send(b'x')
kept = hide(s)
time.sleep(1000)`;
    await writeFile(join(door.folder, 'early.py'), script.replaceAll('PORT', String(door.port)));
    const { pid } = door.start(python, 'early.py');
    const call = await door.nextCall();
    await vi.waitFor(() => expect(existsSync(join(door.folder, 'hidden'))).toBe(true), 20_000);
    expect(await call.program()).toEqual(unknownProgram);
    expect(state(childOf(pid))).toMatchObject({ exe: program, threads: 2 });
  });

  /** A program that sends its socket in a message to a running one, and then does something to that one. */
  async function sendingTo(door: Doorkeeper, editor: string, then: string) {
    await writeFile(
      join(door.folder, 'sender.js'),
      `const child = require('node:child_process').fork('receiver.js', { execPath: '${editor}', stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
       child.on('message', (message) => {
         if (message === 'taken') { ${then} }
         else setTimeout(() => { const socket = require('node:net').connect(${door.port}, '127.0.0.1', () => socket.write('x', () => child.send('take', socket))); }, 100);
       });`,
    );
    await writeFile(
      join(door.folder, 'receiver.js'),
      `process.on('message', (_message, socket) => { globalThis.kept = socket; process.send('taken'); });
       process.send('up');`,
    );
    const { pid } = door.start(process.execPath, 'sender.js');
    return { pid, call: await door.nextCall() };
  }

  test('in a message, to a running program that was stopped then', async () => {
    await using door = await Doorkeeper.open();
    const editor = door.program('my-editor');
    const { pid, call } = await sendingTo(door, editor, "child.kill('SIGSTOP');");
    await vi.waitFor(() => expect(state(childOf(pid))?.letter).toBe('T'), 20_000);
    expect(await call.program()).toEqual(unknownProgram);
    // The same program is known by a socket of its own, and while it runs.
    expect(await door.whoIs(editor, '-e', door.connecting)).toMatchObject({ path: editor, kind: 'program' });
  });

  test('in a message, to a running program whose cgroup was frozen then', async (context) => {
    await using group = ownCgroup(context);
    await using door = await Doorkeeper.open();
    const editor = door.program('my-editor');
    // One level down: what freezes it may be any cgroup above it.
    const inner = join(group.folder, 'inner');
    mkdirSync(inner);
    const freezing = `const { writeFileSync } = require('node:fs');
      writeFileSync('${inner}/cgroup.procs', String(child.pid));
      writeFileSync('${group.folder}/cgroup.freeze', '1');`;
    const { pid, call } = await sendingTo(door, editor, freezing);
    await vi.waitFor(() => expect(readFileSync(join(inner, 'cgroup.events'), 'utf8')).toContain('frozen 1'), 20_000);
    // It sleeps, as any program that waits.
    expect(state(childOf(pid))).toMatchObject({ exe: editor, letter: 'S' });
    expect(await call.program()).toEqual(unknownProgram);
    await writeFile(join(group.folder, 'cgroup.freeze'), '0');
  });
});

/** Python that fills the output of a `gdbus` with signals, so that it keeps what comes after them: its socket. */
const signalling = (bus: PrivateBus, port: number) => {
  const to = 'org.freedesktop.DBus';
  const [path, target]: [Field, Field] = [
    [1, 'o', '/org/freedesktop/DBus'],
    [2, 's', to],
  ];
  const message = (type: number, fields: Field[], signature = '', body: Buffer = Buffer.alloc(0)) =>
    `bytes.fromhex('${busMessage({ type, serial: 1, fields: [path, target, ...fields], signature, body }).toString('hex')}')`;
  const hello = message(1, [
    [3, 's', 'Hello'],
    [6, 's', to],
  ]);
  const filling = message(4, [[3, 's', 'Filling']], 's', textValue('x'.repeat(1000)));
  const handing = [[3, 's', 'Handing'] as const, [9, 'u', 1] as const];
  return `${hiding}
import array, fcntl, re, termios
bus = socket.socket(socket.AF_UNIX)
bus.connect('${/path=([^,]+)/.exec(bus.address)?.[1]}')
bus.sendall(b'\\0AUTH EXTERNAL ' + str(os.getuid()).encode().hex().encode() + b'\\r\\n')
bus.recv(999)
bus.sendall(b'NEGOTIATE_UNIX_FD\\r\\n')
bus.recv(999)
bus.sendall(b'BEGIN\\r\\n' + ${hello})
answer = b''
while not re.search(rb':1[.][0-9]+', answer): answer += bus.recv(9999)
name = re.search(rb':1[.][0-9]+', answer)[0].decode()
output, its = os.pipe()
fcntl.fcntl(its, fcntl.F_SETPIPE_SZ, 4096)
running = subprocess.Popen(['gdbus', 'monitor', '--session', '--dest', name], stdout=its)
def printed():
  count = array.array('i', [0])
  fcntl.ioctl(output, termios.FIONREAD, count)
  return count[0]
while printed() < 3000:
  bus.sendall(${filling})
  time.sleep(0.02)
# These no longer fit.
for _ in range(3): bus.sendall(${filling})
s = socket.create_connection(('127.0.0.1', ${port}))
s.send(b'x')
socket.send_fds(bus, [${message(4, handing, 'h', numberValue(0))}], [s.fileno()])
own = os.readlink(f'/proc/self/fd/{s.fileno()}')
fds = f'/proc/{running.pid}/fd/'
def link(one):
  try: return os.readlink(fds + one)
  except OSError: return ''
while own not in map(link, os.listdir(fds)): time.sleep(0.01)
kept = hide(s)
time.sleep(1000)`;
};

describe('a socket in a message on the session’s bus [C8]', async () => {
  const why = await whyNoBus();

  test.skipIf(why !== undefined)(
    'makes it that of a running program which takes it, and nobody’s once that is stopped',
    async (context) => {
      const [python, gdbus] = [installed(context, 'python3'), installed(context, 'gdbus')];
      const bus = await startPrivateBus();
      try {
        await using door = await Doorkeeper.open();
        await writeFile(join(door.folder, 'sender.py'), signalling(bus, door.port));
        const sent = async () => {
          rmSync(join(door.folder, 'hidden'), { force: true });
          const { pid } = door.start('env', `DBUS_SESSION_BUS_ADDRESS=${bus.address}`, python, 'sender.py');
          const call = await door.nextCall();
          await vi.waitFor(() => expect(existsSync(join(door.folder, 'hidden'))).toBe(true), 20_000);
          return { call, running: childOf(pid) };
        };
        // What SECURITY.md says under "Not protected".
        const first = await sent();
        expect(state(first.running)).toMatchObject({ exe: gdbus, letter: 'S' });
        expect(await first.call.program()).toMatchObject({ path: gdbus, kind: 'program' });
        const second = await sent();
        process.kill(second.running, 'SIGSTOP');
        await vi.waitFor(() => expect(state(second.running)?.letter).toBe('T'), 20_000);
        expect(await second.call.program()).toEqual(unknownProgram);
      } finally {
        await bus.stop();
      }
    },
  );
});

/** A cgroup, where the test may make one. Its processes have to end first. */
function ownCgroup(context: TestContext): { folder: string } & AsyncDisposable {
  for (const root of ['/sys/fs/cgroup', '/sys/fs/cgroup/unified']) {
    try {
      const folder = mkdtempSync(join(root, 'loopgate-test-'));
      const remove = (one: string) => vi.waitFor(() => !existsSync(one) || rmdirSync(one), 20_000);
      if (existsSync(join(folder, 'cgroup.freeze')))
        return {
          folder,
          async [Symbol.asyncDispose]() {
            await remove(join(folder, 'inner'));
            await remove(folder);
          },
        };
      rmdirSync(folder);
    } catch {
      // Not here.
    }
  }
  return context.skip('no cgroup can be made here');
}

describe.skipIf(process.platform !== 'linux')('a program that has just begun [C8]', () => {
  test('one that connects at once is known by its own socket, each time', async (context) => {
    await using door = await Doorkeeper.open();
    const program = await compiled(context, door);
    for (let time = 0; time < 20; time += 1) {
      expect(await door.whoIs(program, String(door.port)), `start ${time + 1}`).toMatchObject({ path: program });
    }
  });

  test.for([
    ['first', 'child.pid'],
    ['last', "max(int(one) for one in os.listdir(f'/proc/{child.pid}/task'))"],
  ])(
    'one that a debugger holds by its %s thread is known, to be asked about and allowed once [C11]',
    async ([_which, thread], context) => {
      const python = installed(context, 'python3');
      await using door = await Doorkeeper.open();
      const editor = door.program('my-editor');
      await writeFile(join(door.folder, 'client.js'), `setTimeout(() => { ${door.connecting} }, 300);`);
      await writeFile(
        join(door.folder, 'debugger.py'),
        `import ctypes, os, subprocess, time
child = subprocess.Popen(['${editor}', 'client.js'])
while len(os.listdir(f'/proc/{child.pid}/task')) < 5: time.sleep(0.01)
# PTRACE_SEIZE: traced, and not stopped.
assert ctypes.CDLL(None).ptrace(0x4206, ${thread}, None, None) == 0
child.wait()`,
      );
      expect(await door.whoIs(python, 'debugger.py')).toMatchObject({
        path: editor,
        kind: 'program',
        lasting: 'once',
        isDebugged: true,
      });
    },
  );
});
