import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmdirSync,
} from 'node:fs';
import { readdir, readFile, readlink, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, type TestContext, test, vi } from 'vitest';
import { type Program, unknownProgram } from '../main/access/program.ts';
import { DesktopEntries } from '../main/callers/linux/desktopEntries.ts';
import { asOtherUser, otherUsersFolder, treeForOtherUser, whyNoOtherUser } from './support/otherUser.ts';
import { Doorkeeper, runs } from './support/realPrograms.ts';

const sha256 = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex');

/** The executable behind a command of this machine; the test is skipped where it is not there. */
function installed(context: TestContext, command: string): string {
  try {
    return realpathSync(execFileSync('/bin/sh', ['-c', `command -v ${command}`], { encoding: 'utf8' }).trim());
  } catch {
    return context.skip(`this machine has no ${command}`);
  }
}

const longWait = 'setInterval(() => undefined, 1_000_000);';

/** A process that another one has started and left behind. */
async function leftBehind(executable: string): Promise<number> {
  return await vi.waitFor(async () => {
    for (const name of await readdir('/proc')) {
      const found = /^\d+$/.test(name) && existsSync(`/proc/${name}/exe`) ? realExe(name) : undefined;
      if (found === executable) return Number(name);
    }
    throw new Error('not yet');
  }, 20_000);
}

function realExe(pid: string): string | undefined {
  try {
    return realpathSync(`/proc/${pid}/exe`);
  } catch {
    return undefined;
  }
}

describe.skipIf(process.platform !== 'linux')('real programs on Linux [C3]', () => {
  test('a program in a folder of the user’s is known by its path and its hash', async () => {
    await using door = await Doorkeeper.open();
    const editor = door.program('my-editor');
    expect(await door.whoIs(editor, '-e', door.connecting)).toEqual({
      id: `${editor}#sha256:${sha256(editor)}`,
      name: 'my-editor',
      path: editor,
      kind: 'program',
      lasting: 'always',
      process: expect.stringMatching(/^\d+@\d+$/),
    } satisfies Program);
  });

  test('a changed executable is another program, and so is a copy of it', async () => {
    await using door = await Doorkeeper.open();
    const editor = door.program('my-editor');
    const first = door.start(editor, '-e', door.connecting);
    const before = await (await door.nextCall()).program();
    first.kill('SIGKILL');
    await once(first, 'exit');

    const copy = join(door.folder, 'copied-editor');
    copyFileSync(editor, copy);
    const copied = await door.whoIs(copy, '-e', door.connecting);
    expect(copied.id.split('#')[1]).toBe(before.id.split('#')[1]);
    expect(copied.id).not.toBe(before.id);

    appendFileSync(editor, 'x');
    const after = await door.whoIs(editor, '-e', door.connecting);
    expect(after.path).toBe(before.path);
    expect(after.id).not.toBe(before.id);
    expect(after.id).toBe(`${editor}#sha256:${sha256(editor)}`);
  });

  test('a program that was replaced while it runs is still what it was', async () => {
    await using door = await Doorkeeper.open();
    const editor = door.program('my-editor');
    const old = sha256(editor);
    door.start(editor, '-e', door.connecting);
    const call = await door.nextCall();
    await writeFile(`${editor}.new`, 'an update');
    await rename(`${editor}.new`, editor);
    expect(await call.program()).toMatchObject({ id: `${editor}#sha256:${old}`, path: editor, kind: 'program' });
  });

  test('a program in a folder that only root can write is known by its path alone', async (context) => {
    const curl = installed(context, 'curl');
    if (!curl.startsWith('/usr/bin/')) context.skip('curl is not the system’s');
    await using door = await Doorkeeper.open();
    expect(await door.whoIs(curl, '-s', `http://127.0.0.1:${door.port}/`)).toEqual({
      id: curl,
      name: 'curl',
      path: curl,
      kind: 'httpClient',
      lasting: 'hours',
      process: expect.stringMatching(/^\d+@\d+$/),
    } satisfies Program);
  });

  test('an interpreter is asked about for hours at most, with its script as a claim [C4]', async () => {
    await using door = await Doorkeeper.open();
    const script = join(door.folder, 'extension.js');
    await writeFile(script, door.connecting);
    const node = realpathSync(process.execPath);
    const program = await door.whoIs(node, '--no-warnings', 'extension.js', 'argument');
    expect(program).toMatchObject({ path: node, kind: 'interpreter', lasting: 'hours', claim: script });
    expect(await door.whoIs(node, '-e', door.connecting)).toMatchObject({ id: program.id, claim: '-e' });
  });

  test('Python, by its real path and version [C4]', async (context) => {
    installed(context, 'python3');
    await using door = await Doorkeeper.open();
    const script = `import socket; s = socket.create_connection(('127.0.0.1', ${door.port})); s.send(b'x'); s.recv(1)`;
    await writeFile(join(door.folder, 'client.py'), script);
    const program = await door.whoIs('python3', 'client.py');
    expect(program).toMatchObject({ kind: 'interpreter', lasting: 'hours', claim: join(door.folder, 'client.py') });
    expect(program.path).toMatch(/\/python3\.\d+$/);
  });

  test('a shell, which needs no program to connect [C4]', async (context) => {
    const bash = installed(context, 'bash');
    await using door = await Doorkeeper.open();
    expect(await door.whoIs(bash, '-c', `${door.dialling} read -r -u 3 line`)).toMatchObject({
      path: bash,
      kind: 'shell',
      lasting: 'hours',
      claim: '-c',
    });
  });

  test('a browser is never to be allowed, and is called what the desktop calls it [C5, C13]', async (context) => {
    if (!existsSync('/usr/bin/chromium')) context.skip('this machine has no /usr/bin/chromium');
    await using door = await Doorkeeper.open({ entries: new DesktopEntries({ PATH: '/usr/bin' }) });
    const options = `--headless --no-sandbox --disable-gpu --user-data-dir=${join(door.folder, 'profile')} --dump-dom`;
    const command = `exec /usr/bin/chromium ${options} http://127.0.0.1:${door.port}/ 2> /dev/null`;
    const program = await door.whoIs('/bin/sh', '-c', command);
    expect(program).toMatchObject({ kind: 'browser', lasting: 'never' });
    expect(program.name).toMatch(/^Chromium/);
  });

  test('a desktop entry of the user’s names a program of the user’s, in their language [C13]', async () => {
    await using door = await Doorkeeper.open();
    const editor = door.program('my-editor');
    const applications = join(door.folder, 'share', 'applications');
    mkdirSync(applications, { recursive: true });
    await writeFile(
      join(applications, 'editor.desktop'),
      `[Desktop Entry]\nType=Application\nName=My Editor\nName[de]=Mein Editor\nExec=${editor} %F\n`,
    );
    const entries = new DesktopEntries({ XDG_DATA_HOME: join(door.folder, 'share'), LANG: 'de_AT.UTF-8' });
    await using named = await Doorkeeper.open({ entries });
    expect(await named.whoIs(editor, '-e', named.connecting)).toMatchObject({ name: 'Mein Editor', path: editor });
  });

  test('a name that is not found in time keeps no program unknown [C9, C12]', async () => {
    const never = () => new Promise<undefined>(() => undefined);
    await using door = await Doorkeeper.open({ entries: { labelOf: never, labelIn: never } });
    const editor = door.program('my-editor');
    expect(await door.whoIs(editor, '-e', door.connecting)).toMatchObject({ name: 'my-editor', path: editor });
  });

  test('what a process says of itself changes nothing [C1]', async () => {
    await using door = await Doorkeeper.open();
    const editor = door.program('my-editor');
    const renamed = `process.title = '/usr/share/code/code'; ${door.connecting}`;
    const program = await door.whoIs(editor, '-e', renamed);
    expect(program).toMatchObject({ id: `${editor}#sha256:${sha256(editor)}`, name: 'my-editor', path: editor });
    const node = await door.whoIs(process.execPath, '-e', renamed);
    expect(node).toMatchObject({ path: realpathSync(process.execPath), kind: 'interpreter', lasting: 'hours' });
  });

  test('processes that share a socket are one program when they run the same executable [C8]', async (context) => {
    const bash = installed(context, 'bash');
    await using door = await Doorkeeper.open();
    const program = await door.whoIs(
      bash,
      '-c',
      `( read -r line; : ) & ${door.dialling} ( read -r -u 3 line; : ) & wait`,
    );
    expect(program).toMatchObject({ path: bash, kind: 'shell' });
  });

  test('a socket that a program shares with another one is nobody’s [C8]', async (context) => {
    const bash = installed(context, 'bash');
    const sleep = installed(context, 'sleep');
    await using door = await Doorkeeper.open();
    const child = door.start(bash, '-c', `${door.dialling} ${sleep} 1000 & printf x >&3; wait`);
    const call = await door.nextCall();
    await vi.waitFor(async () => {
      const [started] = (await readFile(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8')).split(' ');
      expect(realExe(started ?? '')).toBe(sleep);
    }, 20_000);
    try {
      expect(await call.program()).toEqual(unknownProgram);
    } finally {
      process.kill(Number((await readFile(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8')).split(' ')[0]));
    }
  });

  test('a program that asks and then becomes another one is not taken for it [C8]', async (context) => {
    const bash = installed(context, 'bash');
    await using door = await Doorkeeper.open();
    const editor = door.program('my-editor');
    const child = door.start(bash, '-c', `${door.dialling} read -r; exec ${editor} -e '${longWait}'`);
    const call = await door.nextCall();
    child.stdin?.write('\n');
    await runs(child.pid, editor);
    expect(await call.program()).toEqual(unknownProgram);
    // The same executable with a socket of its own is known.
    expect(await door.whoIs(editor, '-e', door.connecting)).toMatchObject({ kind: 'program', path: editor });
  });

  test('a program that asks, starts another one with the socket and leaves is not taken for it [C8]', async (context) => {
    const bash = installed(context, 'bash');
    await using door = await Doorkeeper.open();
    const editor = door.program('my-editor');
    const child = door.start(bash, '-c', `${door.dialling} read -r; ${editor} -e '${longWait}' & exit`);
    const call = await door.nextCall();
    child.stdin?.write('\n');
    const left = await leftBehind(editor);
    try {
      if (child.exitCode === null) await once(child, 'exit');
      expect(await call.program()).toEqual(unknownProgram);
    } finally {
      process.kill(left, 'SIGKILL');
    }
  });

  test('a program that has gone, with another one at the same port number, is not that one [C1]', async () => {
    await using door = await Doorkeeper.open();
    const editor = door.program('my-editor');
    const first = door.start(
      process.execPath,
      '-e',
      `${door.connecting} process.stdin.once('data', () => { socket.resetAndDestroy(); process.exit(); });`,
    );
    const call = await door.nextCall();
    const { remotePort } = call.socket;
    const closed = new Promise((resolve) => call.socket.once('close', resolve));
    first.stdin?.write('x');
    await Promise.all([closed, once(first, 'exit')]);
    door.start(
      editor,
      '-e',
      door.connecting
        .replace('connect(', `connect({ localPort: ${remotePort}, port: `)
        .replace(", '127.0.0.1',", ", host: '127.0.0.1' },"),
    );
    const second = await door.nextCall();
    expect(second.socket.remotePort).toBe(remotePort);
    expect(await call.program()).toEqual(unknownProgram);
    expect(await second.program()).toMatchObject({ path: editor });
  });

  test('a program that has gone before it is asked about is nobody [C9]', async () => {
    await using door = await Doorkeeper.open();
    const child = door.start(door.program('my-editor'), '-e', door.connecting);
    const call = await door.nextCall();
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await call.program()).toEqual(unknownProgram);
  });

  test('a hundred connections that are asked about together are each found [C12]', async () => {
    await using door = await Doorkeeper.open();
    const editor = door.program('my-editor');
    door.start(editor, '-e', `for (let n = 0; n < 100; n += 1) { ${door.connecting} }`);
    const calls = await Promise.all(Array.from({ length: 100 }, () => door.nextCall()));
    const programs = await Promise.all(calls.map((call) => call.program()));
    expect(new Set(programs.map(({ path }) => path))).toEqual(new Set([editor]));
  });
});

describe.skipIf(process.platform !== 'linux')('the command loopgate [C6]', () => {
  /** JavaScript that starts the command, which then connects. */
  const starting = (command: string, argv: string, options = '{}') =>
    `require('node:child_process').spawn('${command}', ${argv}, { stdio: 'ignore', ...${options} });`;

  async function stage() {
    const home = await Doorkeeper.open();
    const ownCommand = home.program('loopgate');
    return { home, ownCommand, editor: home.program('my-editor'), door: await Doorkeeper.open({ ownCommand }) };
  }

  test('acts for its parent process', async () => {
    const { home, door, ownCommand, editor } = await stage();
    await using _home = home;
    await using _door = door;
    const argv = JSON.stringify(['-e', `${door.connecting} process.stdin.resume();`]);
    const program = await door.whoIs(editor, '-e', starting(ownCommand, argv));
    expect(program).toMatchObject({ path: editor, kind: 'program', id: `${editor}#sha256:${sha256(editor)}` });
  });

  test('acts for a shell as the shell', async (context) => {
    const bash = installed(context, 'bash');
    const { home, door, ownCommand } = await stage();
    await using _home = home;
    await using _door = door;
    await writeFile(join(door.folder, 'client.js'), door.connecting);
    const program = await door.whoIs(bash, '-c', `${ownCommand} client.js; true`);
    expect(program).toMatchObject({ path: bash, kind: 'shell', lasting: 'hours' });
  });

  test('is nobody’s when its parent becomes another program after it has started it', async (context) => {
    const bash = installed(context, 'bash');
    const { home, door, ownCommand, editor } = await stage();
    await using _home = home;
    await using _door = door;
    // It connects when whoever started it runs the editor, which the person may have allowed.
    const waiting = `const { readlinkSync } = require('node:fs');
      (function look() {
        if (readlinkSync('/proc/' + process.ppid + '/exe') === '${editor}') { ${door.connecting} }
        else setTimeout(look, 5);
      })();`;
    await writeFile(join(door.folder, 'client.js'), waiting);
    const attacker = door.start(
      bash,
      '-c',
      `${ownCommand} client.js & exec ${editor} -e 'setInterval(() => {}, 1000)'`,
    );
    const call = await door.nextCall();
    expect(await call.program()).toEqual(unknownProgram);
    attacker.kill('SIGKILL');
  });

  test('is nobody’s when its parent has left', async () => {
    const { home, door, ownCommand, editor } = await stage();
    await using _home = home;
    await using _door = door;
    const argv = JSON.stringify(['-e', door.connecting]);
    const parent = door.start(editor, '-e', starting(ownCommand, argv, '{ detached: true }'));
    const call = await door.nextCall();
    parent.kill('SIGKILL');
    await once(parent, 'exit');
    const left = await leftBehind(ownCommand);
    try {
      expect((await call.program()).path).not.toBe(editor);
      expect(await call.program()).toEqual(unknownProgram);
    } finally {
      process.kill(left, 'SIGKILL');
    }
  });
});

describe.skipIf(whyNoOtherUser !== undefined)('what only root can arrange for a test', () => {
  test('in a mount namespace of its own a program can be called anything: it is nobody [C9]', async (context) => {
    const [curl, unshare] = [installed(context, 'curl'), installed(context, 'unshare')];
    await using door = await Doorkeeper.open();
    const evil = door.program('evil');
    await writeFile(join(door.folder, 'client.js'), door.connecting);
    const command = `mount --bind ${evil} ${curl} && exec ${curl} ${join(door.folder, 'client.js')}`;
    const child = door.start(unshare, '-m', '--propagation', 'private', 'sh', '-c', command);
    const call = await door.nextCall();
    await runs(child.pid, curl);
    expect(await call.program()).toEqual(unknownProgram);
  });

  test('from such a namespace it has no path of ours either, deleted and run outside [C9]', async (context) => {
    const [bash, unshare] = [installed(context, 'bash'), installed(context, 'unshare')];
    await using door = await Doorkeeper.open();
    const [evil, ready] = [door.program('evil'), join(door.folder, 'ready')];
    const laying = `mount -t tmpfs -o mode=755 none /opt && install -m 755 ${evil} /opt/editor && touch ${ready} && exec sleep 1000`;
    await writeFile(
      join(door.folder, 'client.js'),
      `require('node:fs').unlinkSync(process.argv[2]); ${door.connecting}`,
    );
    const file = '/proc/$!/root/opt/editor';
    const child = door.start(
      bash,
      '-c',
      `${unshare} -m --propagation private sh -c '${laying}' & until [ -e ${ready} ]; do sleep 0.01; done; exec ${file} client.js ${file}`,
    );
    const call = await door.nextCall();
    expect(await readlink(`/proc/${child.pid}/exe`)).toBe('/opt/editor (deleted)');
    expect(await call.program()).toEqual(unknownProgram);
  });

  /** A file system of its own, below folders that only root can write, with a program in it. */
  function mountedEditor(options = 'suid'): { editor: string } & Disposable {
    const folder = mkdtempSync('/run/loopgate-mount-');
    execFileSync('mount', ['-t', 'tmpfs', '-o', `mode=755,${options}`, 'none', folder]);
    const editor = join(folder, 'my-editor');
    copyFileSync(process.execPath, editor);
    return {
      editor,
      [Symbol.dispose]() {
        if (existsSync(editor)) execFileSync('umount', ['--lazy', folder]);
        rmdirSync(folder);
      },
    };
  }

  test.each<[string, boolean]>([
    // As udisks, FUSE and /etc/fstab mount for a user.
    ['nosuid,nodev', false],
    ['suid,nodev', true],
    ['nosuid,dev', true],
  ])('on a file system mounted with %s root’s files are known by their path: %s [C3]', async (options, isRoots) => {
    using mounted = mountedEditor(options);
    await using door = await Doorkeeper.open();
    const { id } = await door.whoIs(mounted.editor, '-e', door.connecting);
    expect(id).toBe(isRoots ? mounted.editor : `${mounted.editor}#sha256:${sha256(mounted.editor)}`);
  });

  test('one that was deleted keeps its path only while its file system is mounted [C9]', async () => {
    using mounted = mountedEditor();
    await using door = await Doorkeeper.open();
    const copy = `${mounted.editor}-copy`;
    copyFileSync(process.execPath, copy);
    const { pid } = door.start(copy, '-e', `require('node:fs').unlinkSync(process.execPath); ${door.connecting}`);
    const call = await door.nextCall();
    execFileSync('umount', ['--lazy', dirname(copy)]);
    // A path that another program may have.
    expect(await readlink(`/proc/${pid}/exe`)).toBe('/my-editor-copy (deleted)');
    expect(await call.program()).toEqual(unknownProgram);
  });

  /** Runs an executable as flatpak does: in a root of its own, with the app's files at /app. */
  async function inSandbox(door: Doorkeeper, files: string, info: string) {
    const root = join(door.folder, 'root');
    mkdirSync(root);
    await writeFile(join(door.folder, 'info'), info);
    await writeFile(join(files, 'client.js'), door.connecting);
    door.start(
      'unshare',
      ...['-m', '--propagation', 'private', 'sh', '-c'],
      [
        `mount -t tmpfs none ${root} && cd ${root} && mkdir app usr lib lib64 bin dev proc old`,
        `cp ${join(door.folder, 'info')} .flatpak-info`,
        `for one in usr lib lib64 bin dev proc; do mount --rbind /$one $one; done`,
        `mount --bind ${files} app && pivot_root . old && cd / && umount -l /old`,
        'exec /app/bin/my-editor /app/client.js',
      ].join(' && '),
    );
    return await (await door.nextCall()).program();
  }

  test('a flatpak is known by where its files are, whatever commit they are [C7]', async (context) => {
    installed(context, 'pivot_root');
    await using door = await Doorkeeper.open();
    const app = join(door.folder, 'flatpak', 'app', 'org.example.Editor', 'x86_64', 'stable');
    const files = join(app, '0123456789abcdef'.repeat(4), 'files');
    mkdirSync(join(files, 'bin'), { recursive: true });
    const editor = join(files, 'bin', 'my-editor');
    copyFileSync(process.execPath, editor);
    const program = await inSandbox(door, files, `[Application]\nname=x\n[Instance]\napp-path=${files}\n`);
    const path = join(app, 'active', 'files', 'bin', 'my-editor');
    expect(program).toMatchObject({ id: `${path}#sha256:${sha256(editor)}`, path, kind: 'program' });
  });

  test('a sandbox that says it is another app’s is nobody [C7]', async (context) => {
    installed(context, 'pivot_root');
    await using door = await Doorkeeper.open();
    const [honest, evil] = ['honest', 'evil'].map((name) => join(door.folder, name)) as [string, string];
    for (const [index, files] of [honest, evil].entries()) {
      mkdirSync(join(files, 'bin'), { recursive: true });
      copyFileSync(process.execPath, join(files, 'bin', 'my-editor'));
      appendFileSync(join(files, 'bin', 'my-editor'), String(index));
    }
    expect(await inSandbox(door, evil, `[Instance]\napp-path=${honest}\n`)).toEqual(unknownProgram);
  });

  test('another user’s process is refused, and one that becomes another user is nobody [C2]', async () => {
    await using door = await Doorkeeper.open();
    const [setpriv, ...argv] = asOtherUser;
    door.start(setpriv, ...argv, process.execPath, '-e', door.connecting);
    expect(await door.next()).toBeUndefined();
    const editor = door.program('my-editor');
    door.start(
      editor,
      '-e',
      `${door.connecting} process.stdin.once('data', () => { process.setuid(65534); process.title = 'x'; });`,
    );
    const call = await door.nextCall();
    expect(await call.caller.program()).toMatchObject({ path: editor });
    const later = door.start(
      editor,
      '-e',
      `const socket = require('node:net').connect(${door.port}, '127.0.0.1', () => { process.setuid(65534); socket.write('x'); });`,
    );
    expect(await (await door.nextCall()).program()).toEqual(unknownProgram);
    later.kill('SIGKILL');
  });

  /** Runs the look-up as the other user, who then starts a client; gives the id and the kind that it was found to be. */
  async function lookedUpByOtherUser(executable: string, folder: string): Promise<Pick<Program, 'id' | 'kind'>> {
    const tree = treeForOtherUser();
    const script = join(folder, 'lookup.ts');
    await writeFile(
      script,
      `import { spawn } from 'node:child_process';
       import { createServer } from 'node:net';
       import { connectionOf } from '${tree}/main/callers/caller.ts';
       import { systemCallerLookup } from '${tree}/main/callers/systemLookup.ts';
       import { keepConnectionTimes } from '${tree}/main/callers/linux/connectionTime.ts';
       const server = createServer((socket) => {
         socket.on('error', () => undefined);
         socket.once('data', async () => {
           const program = await (await systemCallerLookup().find(connectionOf(socket)!))!.program();
           process.stdout.write(JSON.stringify({ id: program.id, kind: program.kind }), () => { child.kill('SIGKILL'); process.exit(); });
         });
       }).listen(0, '127.0.0.1', () => { keepConnectionTimes(server); child = spawn('${executable}', ['-e',
         \`for (const up = performance.now(); performance.now() - up < 60; );
          const socket = require('node:net').connect(\${server.address().port}, '127.0.0.1', () => socket.write('x')).resume();\`]); });
       let child;`,
    );
    const tsx = join(tree, 'node_modules', 'tsx', 'dist', 'loader.mjs');
    const [setpriv, ...argv] = [...asOtherUser, process.execPath, '--import', tsx, script];
    const child = spawn(setpriv, argv, {
      cwd: folder,
      env: { PATH: process.env.PATH, HOME: folder, TMPDIR: folder },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let printed = '';
    child.stdout.on('data', (data: Buffer) => {
      printed += data.toString();
    });
    await once(child, 'close');
    return JSON.parse(printed) as Pick<Program, 'id' | 'kind'>;
  }

  test('without root a program of the same user is known, and one that may not be looked at is not [C9]', async () => {
    const folder = otherUsersFolder();
    try {
      const editor = join(folder, 'my-editor');
      copyFileSync(process.execPath, editor);
      chmodSync(editor, 0o755);
      expect(await lookedUpByOtherUser(editor, folder)).toEqual({
        id: `${editor}#sha256:${sha256(editor)}`,
        kind: 'program',
      });
      // The kernel hides the descriptors of a process whose executable its user may not read.
      chmodSync(editor, 0o711);
      expect(await lookedUpByOtherUser(editor, folder)).toEqual({ id: 'unknown', kind: 'unknown' });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
