import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { electronBuilderConfiguration, fuses } from './electron-builder.ts';

const projectFolder = dirname(dirname(fileURLToPath(import.meta.url)));
const read = (name: string) => readFileSync(resolve(projectFolder, name));

const configuration = electronBuilderConfiguration({
  root: projectFolder,
  runtime: { executable: '/runtime/electron', distFolder: '/runtime', version: '45.4.1', official: true },
  outputFolder: 'dist',
  sbom: '{}',
  mustBeSigned: true,
});

describe('the configuration', () => {
  it('makes all packages of all systems', () => {
    const { linux, mac, win } = configuration;
    expect([linux?.target, mac?.target, win?.target]).toEqual([
      ['AppImage', 'deb', 'rpm'],
      ['dmg', 'zip'],
      ['nsis', 'portable'],
    ]);
  });

  it('names only files that are there, in sizes that every system takes', () => {
    const { icon, win, mac, nsis, deb, rpm } = configuration;
    const named = [icon, win?.icon, mac?.entitlements, mac?.entitlementsInherit, nsis?.include, deb?.afterRemove];
    const scripts = [deb, rpm].flatMap((one) => /^--before-remove=(.*)$/.exec(one?.fpm?.[0] ?? '')?.[1] ?? []);
    expect(scripts).toHaveLength(2);
    for (const file of [...named, rpm?.afterRemove, ...scripts]) {
      expect(existsSync(resolve(projectFolder, String(file))), String(file)).toBe(true);
    }
    // electron-builder makes macOS's icon from a picture of 512 pixels or more.
    expect(read('build/icons/app.png').readUInt32BE(16)).toBeGreaterThanOrEqual(512);
    // 0 stands for 256 in the directory of an .ico.
    const ico = read('build/icons/app.ico');
    const widths = Array.from({ length: ico.readUInt16LE(4) }, (_, index) => ico.readUInt8(6 + 16 * index));
    expect(widths).toEqual([16, 24, 32, 48, 64, 128, 0]);
  });

  it('macOS: hardened, with the one exception that V8 needs; in the menu bar', () => {
    const { mac } = configuration;
    expect(mac).toMatchObject({ hardenedRuntime: true, extendInfo: { LSUIElement: true } });
    expect(mac?.notarize).not.toBe(false);
    const keys = [
      ...read('build/mac/entitlements.plist')
        .toString()
        .matchAll(/<key>(.*)<\/key>/g),
    ].map(([, key]) => key);
    expect(keys).toEqual(['com.apple.security.cs.allow-jit']);
  });

  it('what is released without a signature is refused; whoever packs for themselves needs none', () => {
    expect(configuration.forceCodeSigning).toBe(true);
  });

  it('Windows: for one user, never as an administrator', () => {
    expect(configuration.nsis).toMatchObject({ perMachine: false, oneClick: true });
    expect(configuration.portable).toMatchObject({ requestExecutionLevel: 'user' });
  });

  it('Windows: removing takes the start at login away, asks before the data, and does neither at an update', () => {
    const script = read('build/windows/installer.nsh').toString();
    const inside =
      /!macro customUnInstall\n {2}\$\{ifNot\} \$\{isUpdated\}\n([\s\S]*) {2}\$\{endIf\}\n!macroend\n$/.exec(script);
    const steps = inside?.[1] ?? '';
    for (const key of ['Run', 'Explorer\\StartupApproved\\Run']) {
      expect(steps).toContain(
        `DeleteRegValue HKCU "Software\\Microsoft\\Windows\\CurrentVersion\\${key}" "\${APP_ID}"`,
      );
    }
    expect(steps).toMatch(/MessageBox MB_YESNO[^\n]* IDNO keepData\n\s*RMDir \/r "\$APPDATA\\Loopgate"\n\s*keepData:/);
    // The value is named after the id that main/index.ts gives the app, and the folder is settings.ts's.
    expect(read('main/index.ts').toString()).toContain(`setAppUserModelId('${configuration.appId}')`);
  });

  it('the fuses are those of Electron’s security checklist', () => {
    expect(Object.values(fuses({ inspectable: false }))).toEqual([
      false, // RunAsNode
      true, // EnableCookieEncryption
      false, // EnableNodeOptionsEnvironmentVariable
      false, // EnableNodeCliInspectArguments
      true, // EnableEmbeddedAsarIntegrityValidation
      true, // OnlyLoadAppFromAsar
      false, // LoadBrowserProcessSpecificV8Snapshot
      false, // GrantFileProtocolExtraPrivileges
      true, // WasmTrapHandlers
    ]);
  });
});

describe.runIf(process.platform === 'linux')('the removal of the Linux packages', () => {
  let folder: string;
  let started: ChildProcess[];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'loopgate-removal-'));
    chmodSync(folder, 0o755);
    started = [];
  });
  afterEach(async () => {
    for (const one of started) one.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  });

  /** Runs a script with folders of our own in the place of the system's, and our own programs before the system's. */
  function run(name: string, argument: string): void {
    const system = /\/(?:opt|usr\/bin|usr\/share|etc)\//g;
    const script = read(`build/linux/${name}`).toString();
    const here = join(folder, name);
    writeFileSync(
      here,
      script.replaceAll(system, (path) => `${folder}${path}`),
    );
    const PATH = [join(folder, 'programs'), process.env.PATH].join(delimiter);
    execFileSync('sh', [here, argument], { env: { PATH } });
  }

  /** A user whom only root can become. */
  const otherUser = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};

  /** Starts a copy of a program. @param path - in the folder; one with a line break is the other user's */
  async function runs(path: string, program: string, ...args: string[]): Promise<ChildProcess> {
    const whose = path.includes('\n') ? otherUser : {};
    const copy = join(folder, path);
    mkdirSync(dirname(copy), { recursive: true });
    if (!existsSync(copy)) copyFileSync(program, copy);
    const child = spawn(copy, args, { stdio: ['ignore', 'pipe', 'ignore'], ...whose });
    started.push(child);
    await once(child, 'spawn');
    return child;
  }

  const isGone = (one: ChildProcess) => one.exitCode !== null || one.signalCode !== null;

  it.each(['before-remove.sh', 'after-remove.sh'])(
    '%s is a script of any sh, and electron-builder finds no macro in it',
    (name) => {
      execFileSync('sh', ['-n', join(projectFolder, 'build/linux', name)]);
      expect(read(`build/linux/${name}`).toString()).not.toMatch(/\$\{[a-zA-Z]+\}/);
    },
  );

  it.each(['remove', '0'])(
    '%s ends what runs from the package, also what does not listen; nothing else',
    async (argument) => {
      const polite = await runs('opt/Loopgate/loopgate', '/bin/sleep', '600');
      const deaf = await runs(
        'opt/Loopgate/other',
        '/bin/sh',
        '-c',
        'trap "" TERM; echo deaf; while :; do sleep 0.1; done',
      );
      const namesake = await runs('home/Loopgate/loopgate', '/bin/sleep', '600');
      if (deaf.stdout) await once(deaf.stdout, 'data');
      run('before-remove.sh', argument);
      await expect.poll(() => isGone(polite) && isGone(deaf)).toBe(true);
      expect([polite.signalCode, deaf.signalCode]).toEqual(['SIGTERM', 'SIGKILL']);
      expect(isGone(namesake)).toBe(false);
    },
  );

  it('a path that a stranger has chosen, with a line break in it, ends no process but their own', async () => {
    const victim = await runs('victim', '/bin/sleep', '600');
    // What `ls -l /proc/*/exe` would print of the victim, if it ran from the package.
    const line = `\nl /proc/${victim.pid}/exe -> ${join(folder, 'opt/Loopgate/loopgate')}`;
    for (const path of [`a${line}`, `opt/Loopgate${line}`, 'opt/Loopgate\n/loopgate'])
      await runs(path, '/bin/sleep', '600');
    run('before-remove.sh', 'remove');
    // Node hears of an end only later; the kernel has it at once.
    const states = started.map(({ pid }) =>
      readFileSync(`/proc/${pid}/stat`, 'latin1').replace(/^.*\) (.) .*$/s, '$1'),
    );
    expect(states).toEqual(['S', 'S', 'S', 'S']);
  });

  it.each(['upgrade', '1'])('%s ends nothing and takes nothing away', async (argument) => {
    const app = await runs('opt/Loopgate/loopgate', '/bin/sleep', '600');
    furnish();
    run('before-remove.sh', argument);
    run('after-remove.sh', argument);
    expect(isGone(app)).toBe(false);
    expect(existsSync(join(folder, 'etc/apparmor.d/loopgate'))).toBe(true);
    expect(existsSync(join(folder, 'asked'))).toBe(false);
  });

  it.each(['remove', 'purge', '0'])(
    '%s takes away what the installation has added: command, AppArmor profile',
    (argument) => {
      furnish();
      symlinkSync(join(folder, 'opt/Loopgate/loopgate'), join(folder, 'usr/bin/loopgate'));
      run('after-remove.sh', argument);
      expect(existsSync(join(folder, 'etc/apparmor.d/loopgate'))).toBe(false);
      expect(() => readFileSync(join(folder, 'usr/bin/loopgate'))).toThrow();
      expect(execFileSync('ls', [join(folder, 'usr/bin')]).toString()).toBe('');
      expect(readFileSync(join(folder, 'asked'), 'utf8').split('\n')).toEqual([
        `update-alternatives --remove loopgate ${folder}/opt/Loopgate/loopgate`,
        'apparmor_status --enabled',
        `apparmor_parser --remove ${folder}/etc/apparmor.d/loopgate`,
        `update-desktop-database ${folder}/usr/share/applications`,
        '',
      ]);
    },
  );

  it('a command that is somebody else’s stays', () => {
    furnish();
    writeFileSync(join(folder, 'theirs'), '');
    symlinkSync(join(folder, 'theirs'), join(folder, 'usr/bin/loopgate'));
    run('after-remove.sh', 'remove');
    expect(existsSync(join(folder, 'usr/bin/loopgate'))).toBe(true);
  });

  /** What an installation leaves beside the package's files, and the system's programs, which here only note how they are called. */
  function furnish(): void {
    for (const path of ['etc/apparmor.d', 'usr/bin', 'programs']) mkdirSync(join(folder, path), { recursive: true });
    writeFileSync(join(folder, 'etc/apparmor.d/loopgate'), 'profile');
    for (const name of ['update-alternatives', 'apparmor_status', 'apparmor_parser', 'update-desktop-database']) {
      const program = join(folder, 'programs', name);
      writeFileSync(program, `#!/bin/sh\necho "${name} $*" >> ${join(folder, 'asked')}\n`);
      chmodSync(program, 0o755);
    }
  }
});
