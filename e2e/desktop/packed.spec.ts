import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { extractFile, getRawHeader } from '@electron/asar';
import { FuseV1Options } from '@electron/fuses';
import { expect, test } from '@playwright/test';
import { fuses, readFuses, sbomFile } from '../../build/electron-builder.ts';
import { sandboxArguments } from '../../build/electronRuntime.ts';
import { inTime } from '../../build/inTime.ts';
import { inspectableCopy, type Packed, pack } from '../../build/pack.ts';
import { parseSbom } from '../../build/sbom.ts';
import { findTestRuntime } from '../../build/testApp.ts';
import { freePort } from '../../testing/freePort.ts';
import { type DesktopApp, heading, press, startDesktopApp } from '../support/desktopApp.ts';
import { failureOf, type Headless, projectFolder, startHeadless } from '../support/headless.ts';
import { knock, providerIn, socketActivate } from '../support/hostInNetwork.ts';
import { asOtherUser, otherUsersFolder } from '../support/otherUser.ts';
import { type OwnNetwork, ownNetwork, whyNoOwnNetwork } from '../support/ownNetwork.ts';
import { renewPicture } from '../support/picture.ts';
import { probe, probedLines } from '../support/probe.ts';
import { onStage } from '../support/stage.ts';
import { hashOf, startUpdateFeed } from '../support/updateFeed.ts';

/** How long the packed app may take to start and to end, in milliseconds. Only reached when something is broken. */
const timeout = 30_000;

/** Packed once, as it is released. No test changes anything in it. */
let packed: Packed;
/** The same but for the fuse that Playwright needs. */
let inspectable: string;
/** The folder of what is released, where every user may read it. */
let installed: string;
let folder: string;

test.beforeAll(async () => {
  test.setTimeout(180_000);
  packed = await pack();
  folder = await mkdtemp(join(tmpdir(), 'loopgate-packed-'));
  inspectable = await inspectableCopy(packed.program, join(folder, 'inspectable'));
  installed = join(folder, 'installed');
  await cp(dirname(packed.program), installed, { recursive: true, verbatimSymlinks: true });
  await chmod(folder, 0o755);
});

test.afterAll(() => rm(folder, { recursive: true, force: true }));

const asarOf = (program: string) => join(dirname(program), 'resources', 'app.asar');
const sha256 = (content: Buffer) => createHash('sha256').update(content).digest('hex');

/** The decided fuses by name, of those that this runtime has: an older Electron has fewer. */
function decided(options: { inspectable: boolean }, present: Record<string, boolean>): Record<string, boolean> {
  const all = Object.entries(fuses(options)).map(([fuse, on]) => [FuseV1Options[Number(fuse)] ?? fuse, on] as const);
  return Object.fromEntries(all.filter(([name]) => name in present || name !== 'WasmTrapHandlers'));
}

/** A packed app that nothing is attached to. */
interface Started {
  readonly process: ChildProcess;
  /** All that it has written. */
  text(): string;
  /** Resolves with its exit code, undefined when a signal ended it. */
  readonly ended: Promise<number | undefined>;
}

function start(program: string, environment: NodeJS.ProcessEnv, ...args: string[]): Started {
  const child = spawn(program, [...sandboxArguments(), ...args], {
    env: environment,
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let written = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (written += chunk));
  const ended = new Promise<number | undefined>((resolve) => child.once('close', (code) => resolve(code ?? undefined)));
  return { process: child, text: () => written, ended };
}

/** The TCP ports that a process listens at. */
async function portsOf({ pid }: ChildProcess): Promise<number[]> {
  const { stdout } = await promisify(execFile)('ss', ['-ltnpH']);
  const own = stdout.split('\n').filter((line) => line.includes(`pid=${pid},`));
  return [...new Set(own.map((line) => Number(/:(\d+)\s/.exec(line)?.[1])))];
}

/** The processes whose program lies in that folder. */
async function processesOf(place: string): Promise<string[]> {
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const programs = await Promise.all(ids.map((id) => readlink(`/proc/${id}/exe`).catch(() => '')));
  return programs.filter((program) => program.startsWith(`${place}/`));
}

test('what is released has every fuse as it was decided; the copy for tests differs in one', async () => {
  const released = await readFuses(packed.program);
  expect(released).toEqual(decided({ inspectable: false }, released));
  const forTests = await readFuses(inspectable);
  expect(forTests).toEqual({ ...released, EnableNodeCliInspectArguments: true });
});

test('the asar holds what was bundled, byte for byte, and nothing else; each file has its hash', async () => {
  const asar = asarOf(packed.program);
  const { files } = getRawHeader(asar).header as unknown as { files: Record<string, AsarEntry> };
  const entries = [...filesOf(files)];
  const names = entries.map(([name]) => name).sort();
  const bundled: string[] = [];
  for (const part of ['main', 'preload', 'renderer']) {
    const inside = await readdir(join(projectFolder, 'out', part), { recursive: true, withFileTypes: true });
    bundled.push(
      ...inside
        .filter((one) => one.isFile())
        .map((one) => join(one.parentPath, one.name).slice(projectFolder.length + 1)),
    );
  }
  const shipped = bundled.filter((name) => name !== `out/main/${sbomFile}` && !name.endsWith('.map'));
  expect(names).toEqual([...shipped, 'package.json'].sort());
  // Of the program's own only what was bundled: no sources, no maps, no tests, no packages.
  expect(names.filter((name) => /\.(map|tsx?|node)$|\btest\b|node_modules|\.env/.test(name))).toEqual([]);
  expect(names.filter((name) => /\.[cm]js$/.test(name))).toEqual([
    'out/main/entry.mjs',
    'out/main/index.cjs',
    'out/preload/index.cjs',
  ]);
  for (const [name, entry] of entries) {
    const content = extractFile(asar, name);
    if (name !== 'package.json') expect(sha256(content), name).toBe(sha256(await readFile(join(projectFolder, name))));
    expect(entry.integrity?.hash, name).toBe(sha256(content));
    expect(entry.unpacked ?? false, name).toBe(false);
  }
  expect(JSON.parse(extractFile(asar, 'package.json').toString())).not.toHaveProperty('scripts');
});

interface AsarEntry {
  readonly files?: Record<string, AsarEntry>;
  readonly integrity?: { readonly hash: string };
  readonly unpacked?: boolean;
}

function* filesOf(entries: Record<string, AsarEntry>, at = ''): Generator<[string, AsarEntry]> {
  for (const [name, entry] of Object.entries(entries)) {
    if (entry.files) yield* filesOf(entry.files, `${at}${name}/`);
    else yield [`${at}${name}`, entry];
  }
}

test('beside the asar lie the list of what is shipped, with the runtime that it is, and the licences of that', async () => {
  const resources = dirname(asarOf(packed.program));
  expect((await readdir(resources)).sort()).toEqual(['app.asar', 'bin', sbomFile, 'systemd']);
  expect((await readdir(join(resources, 'bin'))).sort()).toEqual(['loopgate', 'loopgate-port']);
  const units = ['headless-linux.md', 'loopgate@.service', 'loopgate@.socket'];
  expect((await readdir(join(resources, 'systemd'))).sort()).toEqual(units);
  const text = await readFile(join(resources, sbomFile), 'utf8');
  expect(text).toBe(await readFile(packed.sbom, 'utf8'));
  const versions = new Map(parseSbom(text).components.map(({ name, version }) => [name, version]));
  const runtime = await findTestRuntime();
  expect(versions.get('electron')).toBe(runtime?.version);
  expect([...versions.keys()]).toEqual(expect.arrayContaining(['chromium', 'node', 'express', 'openid-client', 'zod']));
  expect(await readdir(dirname(packed.program))).toEqual(
    expect.arrayContaining(['LICENSE.electron.txt', 'LICENSES.chromium.html']),
  );
});

test('the released app is no Node and no debuggee; it runs nothing but its asar; a removal ends it and leaves no lock', () =>
  onStage(async ({ environment, home, session }) => {
    // A folder of its own to plant in, and to remove.
    const program = await inspectableCopy(packed.program, join(folder, 'released'));
    await rm(program);
    await promisify(execFile)('cp', [packed.program, program]);
    const mark = join(folder, 'planted-code-ran');
    const planted = `require('node:fs').appendFileSync(${JSON.stringify(mark)}, 'x');`;
    const planting = join(dirname(program), 'resources', 'app');
    await mkdir(planting);
    await writeFile(join(planting, 'package.json'), '{ "name": "planted", "main": "main.js" }');
    await writeFile(join(planting, 'main.js'), planted);
    const required = join(folder, 'required.cjs');
    await writeFile(required, planted);

    // That the trap works is seen with the runtime as it comes.
    const runtime = await findTestRuntime();
    if (!runtime) throw new Error('No Electron runtime');
    const traps = { ELECTRON_RUN_AS_NODE: '1', NODE_OPTIONS: `--require=${required}` };
    await promisify(execFile)(runtime.executable, ['-e', planted], { env: { ...process.env, ...traps } });
    expect(await readFile(mark, 'utf8')).toBe('xx');
    await rm(mark);

    const inspected = await freePort();
    const app = start(program, { ...environment, ...traps }, `--inspect=127.0.0.1:${inspected}`, '-e', planted);
    await expect.poll(app.text, { timeout }).toContain('listening on http://localhost:');
    await session.tray.waitForItem();
    expect(existsSync(mark)).toBe(false);
    expect(app.text()).not.toContain('Debugger listening');
    // It listens for its API and for nothing else.
    expect(await portsOf(app.process)).toEqual([Number(/listening on http:\/\/localhost:(\d+)/.exec(app.text())?.[1])]);
    expect(existsSync(join(home, 'lock.json'))).toBe(true);

    // What the deb and the rpm do before they take the files away, on this folder in the place of /opt/Loopgate.
    expect((await processesOf(dirname(program))).length).toBeGreaterThan(1);
    const script = await readFile(join(projectFolder, 'build/linux/before-remove.sh'), 'utf8');
    const here = join(folder, 'before-remove.sh');
    await writeFile(here, script.replace('folder=/opt/Loopgate\n', `folder=${dirname(program)}\n`));
    await promisify(execFile)('sh', [here, 'upgrade']);
    expect(app.process.exitCode).toBe(null);
    await promisify(execFile)('sh', [here, 'remove']);
    expect(await processesOf(dirname(program))).toEqual([]);
    // It had the time to end by itself.
    expect(await app.ended).toBe(0);
    expect(existsSync(join(home, 'lock.json'))).toBe(false);

    // Even without its asar it takes nothing else.
    await rm(asarOf(program));
    const gutted = start(program, environment);
    expect(await inTime('the end of an app without its asar', timeout, gutted.ended)).not.toBe(0);
    expect(existsSync(mark)).toBe(false);
  }));

test('a start is refused by which others could answer its questions, read it, run code in it or take its keyring away; it says by which switch', () =>
  onStage(async ({ environment, home }) => {
    const openings = [
      ...['--remote-debugging-port=0', '-remote-debugging-port=0', '--remote-debugging-pipe'],
      ...['--force-renderer-accessibility', '--force-renderer-accessibility=form'],
      ...['--password-store=basic', '--log-net-log=net.json', '--trace-startup=*', '--js-flags=--allow-natives-syntax'],
    ];
    for (const opening of openings) {
      const opened = start(packed.program, environment, opening);
      const [name = ''] = opening.replace(/^-+/, '--').split('=');
      await expect.poll(opened.text, { timeout }).toContain(`was started with ${name}`);
      expect(opened.text(), opening).not.toMatch(/DevTools listening|listening on/);
      expect(await portsOf(opened.process), opening).toEqual([]);
      expect(await readdir(home), opening).toEqual([]);
      opened.process.kill('SIGKILL');
      await opened.ended;
    }
  }));

test('it starts with what people and their systems pass, and none of that brings a token to anybody or takes the keyring away', () =>
  onStage(async ({ environment, home, signInAs, session }) => {
    // A proxy that is told to carry loopback too, and that an extension would call.
    const reached: string[] = [];
    const recorder = createServer(
      (socket) => void socket.on('data', (data) => reached.push(String(data))).on('error', () => 0),
    );
    await new Promise<void>((resolve) => void recorder.listen(0, '127.0.0.1', resolve));
    const { port } = recorder.address() as AddressInfo;
    const extension = join(session.home, 'extension');
    await mkdir(extension);
    const manifest = { manifest_version: 3, name: 'x', version: '1', background: { service_worker: 'worker.js' } };
    await writeFile(join(extension, 'manifest.json'), JSON.stringify(manifest));
    await writeFile(join(extension, 'worker.js'), `fetch('http://127.0.0.1:${port}/extension');`);
    const log = join(session.home, 'chromium.log');
    const app = start(
      packed.program,
      { ...environment, XDG_CURRENT_DESKTOP: 'sway' },
      ...['--ozone-platform=x11', '--disable-gpu', '--force-device-scale-factor=1', '--gtk-version=3', '--lang=de'],
      ...['--enable-features=UseOzonePlatform,WaylandWindowDecorations', '--enable-blink-features=MojoJS'],
      ...[
        `--proxy-server=127.0.0.1:${port}`,
        '--proxy-bypass-list=<-loopback>',
        '--unsafely-treat-insecure-origin-as-secure=*',
      ],
      ...[`--user-data-dir=${join(session.home, 'elsewhere')}`, `--load-extension=${extension}`, '--test-type'],
      ...['--enable-logging=file', `--log-file=${log}`, '--v=9', '--log-level=0', '--password-store=kwallet5'],
    );
    await expect
      .poll(() => readFile(join(home, 'endpoint.json'), 'utf8').catch(() => ''), { timeout })
      .toContain('port');
    const endpoint = JSON.parse(await readFile(join(home, 'endpoint.json'), 'utf8')) as { port: number };
    const address = `http://localhost:${endpoint.port}`;
    let signedIn: Promise<Response> | undefined;
    await signInAs('Grace Hopper', async () => {
      signedIn = fetch(`${address}/os/sign_in`, { method: 'POST' });
    });
    expect((await signedIn)?.status).toBe(200);
    const token = await (await fetch(`${address}/user/access_token`)).text();
    expect(token.length).toBeGreaterThan(20);
    app.process.kill('SIGTERM');
    expect(await app.ended).toBe(0);
    expect(reached).toEqual([]);
    // The keyring that was named is not there; the one that is keeps the session.
    expect(await readdir(home)).toContain('session.gnome_libsecret.json');
    const logged = await readFile(log, 'latin1');
    expect(logged).toContain('VERBOSE');
    expect(logged).not.toContain(token);
    recorder.close();
  }));

test('the packed app passes the same first sign-in', () =>
  onStage(async ({ session, browser, environment, trayLabels, home }) => {
    const app = await startDesktopApp({
      environment,
      command: { executable: inspectable, args: sandboxArguments() },
    });
    expect(await app.electron.evaluate(({ app: running }) => running.isPackaged)).toBe(true);
    expect(app.window.url()).toMatch(/^app:\/\//);
    await session.tray.waitForItem();
    const [tab] = await Promise.all([browser.nextTab(), session.tray.click('Sign in')]);
    await tab.getByLabel('Your name').fill('Grace Hopper');
    await tab.getByRole('button', { name: 'Continue' }).click();
    await expect(tab.getByRole('heading', { name: 'You are signed in' })).toBeVisible();
    await expect(app.window.getByRole('heading', { name: 'Grace Hopper' })).toBeVisible();
    await expect(app.window.locator('img[src^="data:image/png"]')).toBeVisible();
    await expect.poll(trayLabels).toContain('Signed in as Grace Hopper');
    const token = await fetch(`${app.address}/userinfo`);
    expect(await token.json()).toMatchObject({ name: 'Grace Hopper' });
    // The command, without a display and without Node.
    const launcher = join(dirname(inspectable), 'resources', 'bin', 'loopgate');
    const loopgate = async (...argv: string[]): Promise<unknown> => {
      const env = { PATH: process.env.PATH, HOME: home, LOOPGATE_HOME: home };
      const { stdout } = await promisify(execFile)(launcher, [...argv, '--json'], { env, timeout: 30_000 });
      return JSON.parse(stdout);
    };
    expect(await loopgate('status')).toMatchObject({ signed_in: true, user: { name: 'Grace Hopper' } });
    expect(await loopgate('token')).toEqual({ access_token: expect.any(String) });
    // C6: it is this test, which started it, that was asked about.
    const { programs } = (await loopgate('programs')) as { programs: { path: string }[] };
    expect(programs.map(({ path }) => path)).toContain(process.execPath);
    expect(programs.map(({ path }) => path)).not.toContain(inspectable);
    await app.quit();
  }));

test('started twice, the packed app is one: the second start shows the window of the first, says so and ends with 0', () =>
  onStage(async ({ session, environment }) => {
    const app = await startDesktopApp({ environment, command: { executable: inspectable, args: sandboxArguments() } });
    const countWindows = () => app.electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length);
    await session.tray.waitForItem();
    // The desktop finds the entry of the package by this name (StartupWMClass).
    const { desktopName } = JSON.parse(await readFile(join(projectFolder, 'package.json'), 'utf8')) as Named;
    const named = ['search', '--classname', `^${basename(desktopName, '.desktop')}$`];
    expect((await promisify(execFile)('xdotool', named, { env: session.environment })).stdout).not.toBe('');
    await app.electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.close());
    await expect.poll(countWindows).toBe(0);
    const second = start(inspectable, environment);
    expect(await inTime('the second start', timeout, second.ended)).toBe(0);
    expect(second.text()).toContain('Loopgate already runs: its window is shown.');
    await expect.poll(countWindows).toBe(1);
    expect(await session.tray.items()).toHaveLength(1);
    await app.quit();
  }));

interface Named {
  readonly desktopName: string;
}

async function checkForUpdates(app: DesktopApp): Promise<void> {
  await press(app, 'Settings');
  await press(app, 'Check for updates');
}

test('updates: the packed app fetches a newer version and installs it at quit; no older one, no damaged one, none while a sign-in waits', () =>
  onStage(async ({ home, environment, signInAs, browser }) => {
    const appImage = join(home, 'Loopgate.AppImage');
    const note = join(home, 'started');
    const present = '#!/bin/sh\n';
    const configuration = join(dirname(inspectable), 'resources', 'app-update.yml');
    const feed = await startUpdateFeed(note);
    try {
      // As electron-builder writes it for a build that names a feed; only installers have it, and none can be built here.
      await writeFile(
        configuration,
        `provider: generic\nurl: ${feed.address}\nupdaterCacheDirName: loopgate-updater\n`,
      );
      await writeFile(appImage, present);
      await chmod(appImage, 0o755);
      const startIt = () =>
        startDesktopApp({
          environment: { ...environment, APPIMAGE: appImage },
          command: { executable: inspectable, args: sandboxArguments() },
        });
      let app = await startIt();
      await signInAs('Grace Hopper', () => press(app, 'Sign in'));
      await expect(heading(app, 'Grace Hopper')).toBeVisible();
      const state = () => app.window.getByRole('status').filter({ hasText: 'Version' });

      feed.published.version = '0.0.1';
      await checkForUpdates(app);
      await expect(state()).toContainText('The newest one');
      feed.published.version = '9.0.0';
      feed.published.sha512 = hashOf('another file');
      await press(app, 'Check for updates');
      await expect(state()).toContainText('could not be looked for');
      feed.published.sha512 = hashOf(feed.newer);
      await press(app, 'Check for updates');
      await expect(state()).toContainText('Version 9.0.0 is installed when you quit Loopgate.');
      await state().scrollIntoViewIfNeeded();
      await renewPicture(app.window, '19-update-ready');
      // Fetched is not installed; and who quits while a login is open in the browser comes back to what they left.
      expect(await readFile(appImage, 'utf8')).toBe(present);
      await press(app, 'Account');
      await Promise.all([browser.nextTab(), press(app, 'Add another account')]);
      await expect(app.window.getByRole('button', { name: 'Cancel' })).toBeVisible();
      await app.quit();
      expect(await readFile(appImage, 'utf8')).toBe(present);

      // Fetched already: looked for once more, and installed at the next quit. The session is there.
      app = await startIt();
      await expect(heading(app, 'Grace Hopper')).toBeVisible();
      await checkForUpdates(app);
      await expect(state()).toContainText('Version 9.0.0 is installed');
      expect(feed.requested.filter((path) => path === '/Loopgate.AppImage')).toHaveLength(2);
      await app.quit();
      expect(await readFile(appImage, 'utf8')).toBe(feed.newer);
      expect(await readFile(note, 'utf8')).toBe('true\n');
    } finally {
      await rm(configuration, { force: true });
      await feed.close();
    }
  }));

test.describe('headless: `loopgate serve` of the packed app', () => {
  // Linux, and root: who else can become another user, and have port 1000 for nobody but a test?
  test.skip(whyNoOwnNetwork !== undefined, whyNoOwnNetwork);

  /** As a service: another user than root, who can become nothing more, without a display, a bus, a home or a /tmp to write. */
  const unprivileged = [...asOtherUser, '--no-new-privs', '--inh-caps=-all', '--bounding-set=-all'];
  const bare = { HOME: '/nowhere', TMPDIR: '/nowhere' };
  const launcher = () => join(installed, 'resources', 'bin', 'loopgate');
  /** The program itself, as the link of the .deb calls it. */
  const program = () => join(installed, 'loopgate');

  const cleanings: (() => unknown)[] = [];
  test.afterEach(async () => {
    for (const clean of cleanings.splice(0).reverse()) await clean();
    expect(await processesOf(installed)).toEqual([]);
  });

  async function network(): Promise<OwnNetwork> {
    const made = await ownNetwork();
    cleanings.push(made.stop);
    return made;
  }

  function home(): string {
    const made = otherUsersFolder();
    cleanings.push(() => rm(made, { recursive: true, force: true }));
    return made;
  }

  interface Serve {
    readonly home?: string;
    readonly prefix?: readonly string[];
    readonly environment?: NodeJS.ProcessEnv;
    readonly program?: readonly string[];
  }

  async function serve({ prefix = [], environment, ...options }: Serve = {}): Promise<Headless> {
    const host = await startHeadless({
      home: options.home ?? home(),
      prefix: [...prefix, ...unprivileged],
      program: options.program ?? [launcher(), 'serve'],
      environment: { ...bare, ...environment },
    });
    cleanings.push(() => host.stop('SIGKILL'));
    return host;
  }

  const asked = async (on: OwnNetwork, ...targets: string[]) =>
    probedLines(
      await on.run([
        ...asOtherUser,
        ...[process.execPath, '--input-type=module', '-e', probe, 'http://localhost:1000', ...targets],
      ]),
    );

  test('as an ordinary user, on the sockets of systemd: port 1000, a sign-in, and a credential that keeps it', async () => {
    const on = await network();
    const data = home();
    const provided = await providerIn(on);
    // What the browser gets of the host, before it signs in.
    const [listing, browser] = [join(data, 'listing'), join(data, 'browser')];
    await writeFile(
      browser,
      `#!/bin/sh\n{ ls -l /proc/self/fd; env; } > ${listing}\nunset TMPDIR\nexec ${provided.BROWSER} "$@"\n`,
    );
    await chmod(browser, 0o755);
    const credentials = join(data, 'credentials');
    await mkdir(credentials);
    await writeFile(join(credentials, 'loopgate-vault-key'), randomBytes(32).toString('base64'));
    const environment = {
      ...provided,
      ...bare,
      LOOPGATE_PORT: '',
      BROWSER: browser,
      CREDENTIALS_DIRECTORY: credentials,
    };
    /** Its socket unit: a program connects, and it is started. */
    const activated = async () => {
      const prefix = [...on.prefix, ...socketActivate(['127.0.0.1:1000', '[::1]:1000'], environment)];
      const starting = serve({ home: data, prefix, environment });
      starting.catch(() => undefined);
      await on.run([process.execPath, '--input-type=module', '-e', knock, 'http://127.0.0.1:1000']);
      return await starting;
    };

    const first = await activated();
    expect(first.address).toBe('http://localhost:1000');
    expect(first.output()).toContain('encrypted with the systemd credential loopgate-vault-key');
    const done = await asked(on, 'POST /pkce/code', 'POST /pkce/token', 'GET /userinfo');
    expect(done.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(JSON.parse(done[2]?.body ?? '')).toMatchObject({ name: 'Ada Lovelace' });

    // The sockets stay its own: no process of Chromium has them, and no program that it starts.
    const holders = await on.run(['ss', '-ltnpH', 'sport = :1000']);
    expect(new Set([...holders.matchAll(/pid=(\d+)/g)].map(([, pid]) => Number(pid)))).toEqual(new Set([first.pid]));
    expect(await readFile(listing, 'utf8')).not.toMatch(/socket:|LISTEN_/);

    // C6: the installed command is the program that started it, here too.
    const typed = `'${launcher()}' userinfo --json; true`;
    const shell = await on.run([...asOtherUser, 'bash', '-c', typed], { LOOPGATE_HOME: data, HOME: bare.HOME });
    expect(JSON.parse(shell)).toMatchObject({ name: 'Ada Lovelace' });
    const callers = first.errors().match(/"program":"[^"]*"/g);
    expect(callers?.at(-1)).toMatch(/bash"$/);

    expect(await first.stop()).toBe(0);
    const second = await activated();
    expect(await asked(on, 'GET /userinfo')).toMatchObject([{ status: 200 }]);
    expect(await second.stop()).toBe(0);
  });

  test('SIGTERM ends it with 0 and takes its lock away; neither that nor SIGKILL leaves a process [L11]', async () => {
    const data = home();
    const first = await serve({ home: data });
    expect((await processesOf(installed)).length).toBeGreaterThan(0);
    expect(await first.stop('SIGTERM')).toBe(0);
    expect(await readdir(data)).not.toContain('lock.json');
    expect(await readdir(data)).not.toContain('endpoint.json');
    expect(await processesOf(installed)).toEqual([]);
    const second = await serve({ home: data });
    await second.stop('SIGKILL');
    await expect.poll(() => processesOf(installed), { timeout }).toEqual([]);
  });

  test('exit codes: 2 for what cannot be used, 3 where another Loopgate of this user serves', async () => {
    const unusable = await failureOf(serve({ environment: { LOOPGATE_GUARD: 'ask' } }));
    expect(unusable).toMatchObject({ exitCode: 2, errors: expect.stringContaining('nobody can be asked here') });
    const first = await serve();
    const twice = await failureOf(serve({ environment: { LOOPGATE_PORT: String(first.port) } }));
    expect(twice).toMatchObject({ exitCode: 3, errors: expect.stringContaining('Loopgate already runs') });
    const sameFolder = await failureOf(serve({ home: first.home }));
    expect(sameFolder).toMatchObject({ exitCode: 2, errors: expect.stringContaining('already runs on') });
    await first.stop();
  });

  test('what would let others into it is refused in this form too, with 2', async () => {
    const switches =
      (await readFile(launcher(), 'utf8')).match(/^exec "\$program" (.*) -- "\$@"$/m)?.[1]?.split(' ') ?? [];
    expect(switches).toContain('--cli');
    for (const opening of ['--remote-debugging-port=0', '--log-net-log=net.json', '--host-rules=MAP * 127.0.0.1']) {
      const { exitCode, errors } = await failureOf(
        serve({ program: [program(), opening, ...switches, '--', 'serve'] }),
      );
      expect(exitCode, opening).toBe(2);
      expect(errors).toContain(`was started with ${opening.split('=')[0]}`);
      expect(errors).not.toContain('DevTools listening');
    }
    // Behind the word they are none of Chromium's: the command does not know them.
    const asCommand = {
      program: [launcher(), 'serve', '--remote-debugging-port=0'],
      environment: { TMPDIR: tmpdir() },
    };
    const behind = await failureOf(serve(asCommand));
    expect(behind.exitCode).toBe(2);
    expect(behind.errors).not.toContain('DevTools listening');
  });

  test('the program itself, called with a word, is the command; its `serve` ends with whoever passed it on', async () => {
    const data = home();
    const host = await serve({ home: data, program: [program(), 'serve'] });
    const { stdout } = await promisify(execFile)(
      asOtherUser[0],
      [...unprivileged.slice(1), program(), 'status', '--json'],
      {
        env: { PATH: process.env.PATH, LOOPGATE_HOME: data, HOME: bare.HOME },
        timeout,
      },
    );
    // The host is a process of its own: not the one that was started.
    const status = JSON.parse(stdout) as { pid: number };
    // If it does not end by itself, which the rest is about.
    cleanings.push(async () => {
      const running = await readlink(`/proc/${status.pid}/exe`).catch(() => '');
      if (running === program()) process.kill(status.pid, 'SIGKILL');
    });
    expect(status).toMatchObject({ running: true, port: host.port });
    expect(status.pid).not.toBe(host.pid);
    // Resolves when nobody has its output any more: the host has ended too, and in order.
    await host.stop('SIGKILL');
    expect(await readdir(data)).not.toContain('lock.json');
    expect(await processesOf(installed)).toEqual([]);

    const wrong = await failureOf(serve({ program: [program(), 'serve'], environment: { LOOPGATE_GUARD: 'ask' } }));
    expect(wrong.exitCode).toBe(2);
  });
});
