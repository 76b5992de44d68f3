import { execFile, execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { App } from 'electron';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseDesktopEntry } from '../../callers/linux/desktopEntries.ts';
import { LoopgateError } from '../../errors/errors.ts';
import { type LoginItems, type LoginWorld, startAtLogin, startsHidden } from './startAtLogin.ts';

let home: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'loopgate-login-'));
});

afterEach(() => rmSync(home, { recursive: true, force: true }));

/** Only for its types: Electron's `app` must fit the parameter. */
const isElectrons = (app: App): LoginItems => app;
void isElectrons;

/** On Linux the login items of the other systems must not be used. */
const noLoginItems: LoginItems = {
  getLoginItemSettings: () => expect.fail('asked'),
  setLoginItemSettings: () => expect.fail('set'),
};

const linux = (details: Partial<LoginWorld> = {}): LoginWorld => ({
  platform: 'linux',
  isPackaged: true,
  execPath: '/opt/Loopgate/loopgate',
  environment: { HOME: home },
  loginItems: noLoginItems,
  ...details,
});

const folder = () => join(home, '.config', 'autostart');
const path = () => join(folder(), 'loopgate.desktop');
const entry = () => readFileSync(path(), 'utf8');
function writeEntry(text: string): void {
  mkdirSync(folder(), { recursive: true });
  writeFileSync(path(), text);
}

describe('start at login on Linux', () => {
  it('is off by default, and looking at it or repairing it writes nothing', () => {
    const login = startAtLogin(linux());
    expect(login.state()).toEqual({ isOn: false, isAvailable: true });
    login.repair();
    login.remove();
    expect(readdirSync(home)).toEqual([]);
  });

  it('switched on, an entry starts the program without a window; switched off, it is gone', () => {
    const login = startAtLogin(linux());
    expect(login.set(true)).toEqual({ isOn: true, isAvailable: true });
    expect(parseDesktopEntry(entry())).toMatchObject({
      name: 'Loopgate',
      command: ['/opt/Loopgate/loopgate', '--hidden'],
      tryExec: '/opt/Loopgate/loopgate',
      isVisible: true,
    });
    expect(statSync(folder()).mode & 0o777).toBe(0o700);
    expect(readdirSync(folder())).toEqual(['loopgate.desktop']);
    expect(login.set(false)).toEqual({ isOn: false, isAvailable: true });
    expect(readdirSync(folder())).toEqual([]);
    expect(login.set(false).isOn).toBe(false);
  });

  it.each<[string, NodeJS.ProcessEnv, string]>([
    ['$XDG_CONFIG_HOME', { XDG_CONFIG_HOME: '<home>/mine' }, 'mine/autostart'],
    ['~/.config where it is empty', { XDG_CONFIG_HOME: '' }, '.config/autostart'],
    ['~/.config where it is relative, which does not count', { XDG_CONFIG_HOME: 'mine' }, '.config/autostart'],
  ])('the entry is in %s', (_name, environment, expected) => {
    const given = environment.XDG_CONFIG_HOME?.replace('<home>', home);
    startAtLogin(linux({ environment: { HOME: home, XDG_CONFIG_HOME: given } })).set(true);
    expect(existsSync(join(home, expected, 'loopgate.desktop'))).toBe(true);
  });

  const names = [
    'plain',
    'with space',
    'it\'s "quoted"',
    'back\\slash and \\n',
    '$HOME `id` $(id)',
    '100% %u %%',
    'tab\there',
    'a;b&c|d<e>f*g?h#i(j)~',
    'ünïcödé 程序',
    '=a=b',
  ];

  it.each(names)(
    'Desktop Entry Specification: the Exec of a program in a folder named %j is read back as it was',
    (name) => {
      const execPath = join(home, name, 'loopgate');
      startAtLogin(linux({ execPath })).set(true);
      expect(parseDesktopEntry(entry())?.command.slice(-2)).toEqual([execPath, '--hidden']);
      expect(parseDesktopEntry(entry())?.tryExec).toBe(execPath);
      expect(
        entry()
          .split('\n')
          .filter((line) => line.startsWith('Exec=')),
      ).toHaveLength(1);
    },
  );

  // GLib is what GNOME, XFCE and others start entries with; KDE leaves it to systemd.
  it.skipIf(!existsSync('/usr/bin/gio')).each(names)('GLib starts a program in a folder named %j', async (name) => {
    const execPath = program(join(home, name));
    startAtLogin(linux({ execPath })).set(true);
    await promisify(execFile)('/usr/bin/gio', ['launch', path()], { env: { PATH: '/usr/bin:/bin', HOME: home } });
    await expect
      .poll(() => existsSync(join(home, 'started')) && readFileSync(join(home, 'started'), 'utf8'))
      .toBe(`${execPath}\n--hidden\n`);
  });

  const generator = '/usr/lib/systemd/user-generators/systemd-xdg-autostart-generator';
  it.skipIf(!existsSync(generator))(
    'systemd makes a service of the entry, and none of one that is switched off',
    () => {
      const execPath = program(join(home, 'with space'));
      const login = startAtLogin(linux({ execPath }));
      const generated = () => {
        const out = mkdtempSync(join(home, 'units-'));
        const environment = { PATH: '/usr/bin:/bin', HOME: home, XDG_CONFIG_DIRS: join(home, 'none') };
        execFileSync(generator, [out, out, out], { env: environment, stdio: 'ignore' });
        const unit = readdirSync(out).find((file) => file.endsWith('.service'));
        return unit === undefined ? undefined : readFileSync(join(out, unit), 'utf8');
      };
      login.set(true);
      expect(generated()).toMatch(new RegExp(`^ExecStart=:?"${execPath}" "?--hidden"?$`, 'm'));
      writeEntry(entry().replace('[Desktop Entry]', '[Desktop Entry]\nHidden=true'));
      expect(generated()).toBeUndefined();
    },
  );

  function program(folder: string): string {
    mkdirSync(folder, { recursive: true });
    const file = join(folder, 'loopgate');
    writeFileSync(file, `#!/bin/sh\nprintf '%s\\n' "$0" "$@" > '${home}/new' && mv '${home}/new' '${home}/started'\n`);
    chmodSync(file, 0o755);
    return file;
  }

  it('of an AppImage, the AppImage is started and not what it was unpacked to', () => {
    const environment = { HOME: home, APPIMAGE: '/home/ada/My Apps/Loopgate.AppImage', APPDIR: '/tmp/.mount_Loopg1' };
    startAtLogin(linux({ environment, execPath: '/tmp/.mount_Loopg1/loopgate' })).set(true);
    expect(parseDesktopEntry(entry())?.command).toEqual(['/home/ada/My Apps/Loopgate.AppImage', '--hidden']);
  });

  it.each([
    { APPIMAGE: '/home/ada/Editor.AppImage', APPDIR: '/tmp/.mount_Editor' },
    { APPIMAGE: '/home/ada/Editor.AppImage', APPDIR: '/opt/Loop' },
    { APPIMAGE: '/home/ada/Editor.AppImage' },
    { APPIMAGE: 'Editor.AppImage', APPDIR: '/opt/Loopgate' },
  ])('started from an editor that is an AppImage itself, the editor is not what starts at login (%j)', (inherited) => {
    startAtLogin(linux({ environment: { HOME: home, ...inherited } })).set(true);
    expect(parseDesktopEntry(entry())?.command[0]).toBe('/opt/Loopgate/loopgate');
  });

  describe('what the person has switched off in the system’s settings', () => {
    it.each([
      ['Hidden=true', '[Desktop Entry]\nHidden=true'],
      ['X-GNOME-Autostart-enabled=false', '[Desktop Entry]\nX-GNOME-Autostart-enabled=false'],
    ])('%s counts as off, stays so at the next start, and can be switched on here', (_name, start) => {
      const login = startAtLogin(linux());
      login.set(true);
      const changed = entry().replace('X-GNOME-Autostart-enabled=true\n', '').replace('[Desktop Entry]', start);
      writeEntry(changed);
      expect(login.state()).toEqual({ isOn: false, isAvailable: true });
      login.repair();
      expect(entry()).toBe(changed);
      expect(login.set(true).isOn).toBe(true);
    });

    it('a key of another group decides nothing', () => {
      const login = startAtLogin(linux());
      login.set(true);
      writeEntry(`${entry()}\n[Desktop Action x]\nHidden=true\n`);
      expect(login.state().isOn).toBe(true);
    });
  });

  describe('an entry that somebody else made', () => {
    const theirs = '[Desktop Entry]\nType=Application\nName=Mine\nExec=/opt/Loopgate/loopgate --mine\n';

    it('is not overwritten, not mended and not removed, and is said', () => {
      writeEntry(theirs);
      const login = startAtLogin(linux());
      expect(login.state()).toMatchObject({ isOn: true, isAvailable: false, notice: expect.stringContaining(path()) });
      expect(() => login.set(true)).toThrow(LoopgateError);
      expect(() => login.set(false)).toThrow(/was not made by Loopgate/);
      login.repair();
      login.remove();
      expect(entry()).toBe(theirs);
    });

    it('a link stays a link, wherever it leads', () => {
      mkdirSync(folder(), { recursive: true });
      symlinkSync(join(home, 'elsewhere'), path());
      const login = startAtLogin(linux());
      expect(login.state()).toMatchObject({ isOn: false, isAvailable: false });
      expect(() => login.set(true)).toThrow(LoopgateError);
      login.remove();
      expect(lstatSync(path()).isSymbolicLink()).toBe(true);
      expect(existsSync(join(home, 'elsewhere'))).toBe(false);
    });

    it('a link to an entry of ours is somebody’s order of their files, and is left as it is', () => {
      startAtLogin(linux()).set(true);
      renameSync(path(), join(home, 'kept.desktop'));
      symlinkSync(join(home, 'kept.desktop'), path());
      const login = startAtLogin(linux());
      expect(login.state()).toMatchObject({ isOn: true, isAvailable: false });
      login.remove();
      expect(lstatSync(path()).isSymbolicLink()).toBe(true);
    });

    it('a pipe in its place is not waited for', () => {
      mkdirSync(folder(), { recursive: true });
      execFileSync('mkfifo', [path()]);
      expect(startAtLogin(linux()).state()).toMatchObject({ isOn: false, isAvailable: false });
    });
  });

  describe('an AppImage that was moved', () => {
    const appImage = (at: string) =>
      linux({ environment: { HOME: home, APPIMAGE: at, APPDIR: '/tmp/.mount' }, execPath: '/tmp/.mount/loopgate' });

    it('mends its entry at the next start, and keeps what the person wrote into it', () => {
      startAtLogin(appImage('/home/ada/Downloads/Loopgate.AppImage')).set(true);
      writeEntry(`${entry()}X-GNOME-Autostart-Delay=10\n`);
      startAtLogin(appImage("/home/ada/$& $1 it's/Loopgate.AppImage")).repair();
      const command = ["/home/ada/$& $1 it's/Loopgate.AppImage", '--hidden'];
      expect(parseDesktopEntry(entry())).toMatchObject({ command, tryExec: command[0] });
      expect(entry()).toContain('X-GNOME-Autostart-Delay=10');
      expect(entry()).not.toContain('Downloads');
    });

    it('an entry that is right is not written again', () => {
      const login = startAtLogin(appImage('/home/ada/Loopgate.AppImage'));
      login.set(true);
      const before = statSync(path(), { bigint: true });
      login.repair();
      expect(statSync(path(), { bigint: true }).ino).toBe(before.ino);
    });
  });

  it('"Remove everything" removes the entry of ours, switched off or not', () => {
    const login = startAtLogin(linux());
    login.set(true);
    writeEntry(entry().replace('[Desktop Entry]', '[Desktop Entry]\nHidden=true'));
    login.remove();
    expect(readdirSync(folder())).toEqual([]);
  });

  it('where the folder cannot be made, it says so, nothing changes, and a start goes on', () => {
    writeFileSync(join(home, '.config'), 'a file in its place, which stops even root');
    const login = startAtLogin(linux());
    expect(login.state()).toEqual({ isOn: false, isAvailable: true });
    expect(() => login.set(true)).toThrow(/Start at login could not be changed: .*autostart/);
    login.repair();
    expect(login.state().isOn).toBe(false);
  });

  it('a write that was killed leaves nothing that a desktop would start, and does not stop the next', () => {
    mkdirSync(folder(), { recursive: true });
    writeFileSync(join(folder(), '.loopgate.desktop.new'), 'half');
    const login = startAtLogin(linux());
    expect(login.set(true).isOn).toBe(true);
    expect(readdirSync(folder())).toEqual(['loopgate.desktop']);
  });
});

/** Electron's list of login items, as the documentation has it: a double, as neither system is here. */
class FakeLoginItems implements LoginItems {
  readonly calls: Parameters<LoginItems['setLoginItemSettings']>[0][] = [];
  answer: ReturnType<LoginItems['getLoginItemSettings']> = { openAtLogin: false };
  isRefused = false;
  asked: unknown[] = [];

  getLoginItemSettings(options?: { args?: string[] }): typeof this.answer {
    this.asked.push(options);
    return this.answer;
  }

  setLoginItemSettings(settings: Parameters<LoginItems['setLoginItemSettings']>[0]): void {
    this.calls.push(settings);
    const { openAtLogin } = settings;
    if (!this.isRefused) this.answer = { openAtLogin, executableWillLaunchAtLogin: openAtLogin };
  }
}

describe('start at login on macOS and Windows', () => {
  const worldOf = (platform: NodeJS.Platform, loginItems: LoginItems) => linux({ platform, loginItems });

  it('Windows: the entry has --hidden, and is found by it', () => {
    const items = new FakeLoginItems();
    const login = startAtLogin(worldOf('win32', items));
    expect(login.state()).toEqual({ isOn: false, isAvailable: true });
    expect(login.set(true)).toEqual({ isOn: true, isAvailable: true });
    expect(items.calls).toEqual([{ openAtLogin: true, args: ['--hidden'], enabled: true }]);
    expect(items.asked.at(-1)).toEqual({ args: ['--hidden'] });
    expect(login.set(false).isOn).toBe(false);
  });

  it('Windows: what was switched off in the Task Manager counts as off', () => {
    const items = new FakeLoginItems();
    items.answer = { openAtLogin: true, executableWillLaunchAtLogin: false };
    expect(startAtLogin(worldOf('win32', items)).state().isOn).toBe(false);
  });

  it('macOS: no arguments, which it has not; an approval that is missing is said', () => {
    const items = new FakeLoginItems();
    const login = startAtLogin(worldOf('darwin', items));
    expect(login.set(true)).toEqual({ isOn: true, isAvailable: true });
    expect(items.calls).toEqual([{ openAtLogin: true }]);
    items.answer = { openAtLogin: false, status: 'requires-approval' };
    expect(login.state()).toMatchObject({ isOn: false, notice: expect.stringContaining('Login Items') });
    items.isRefused = true;
    expect(login.set(true)).toMatchObject({ isOn: false, notice: expect.stringContaining('Login Items') });
  });

  it.each(['darwin', 'win32'] as const)('%s: a system that does nothing is not believed', (platform) => {
    const items = new FakeLoginItems();
    items.isRefused = true;
    expect(() => startAtLogin(worldOf(platform, items)).set(true)).toThrow(/did not add Loopgate/);
  });

  it.each(['darwin', 'win32'] as const)('%s: "Remove everything" removes it; a start changes nothing', (platform) => {
    const items = new FakeLoginItems();
    const login = startAtLogin(worldOf(platform, items));
    login.repair();
    expect(items.calls).toEqual([]);
    login.remove();
    expect(items.calls).toMatchObject([{ openAtLogin: false }]);
  });
});

describe('start at login in development', () => {
  it.each(['linux', 'darwin', 'win32'] as const)(
    '%s: it is not available, says so, and touches nothing',
    (platform) => {
      const login = startAtLogin(linux({ platform, isPackaged: false }));
      expect(login.state()).toMatchObject({
        isOn: false,
        isAvailable: false,
        notice: expect.stringContaining('packed'),
      });
      expect(() => login.set(true)).toThrow(LoopgateError);
      login.repair();
      login.remove();
      expect(readdirSync(home)).toEqual([]);
    },
  );
});

describe('a start at login opens no window', () => {
  it.each<[string, readonly string[], NodeJS.Platform, boolean | undefined, boolean]>([
    ['started by hand', ['loopgate'], 'linux', undefined, false],
    ['started at login', ['loopgate', '--hidden'], 'linux', undefined, true],
    ['with what Chromium adds', ['loopgate', '--enable-crashpad', '--hidden', '--x'], 'win32', undefined, true],
    ['a file of that name', ['loopgate', './--hidden.txt'], 'linux', undefined, false],
    ['macOS, at login', ['Loopgate'], 'darwin', true, true],
    ['macOS, by hand', ['Loopgate'], 'darwin', false, false],
  ])('%s', (_name, argv, platform, wasOpenedAtLogin, expected) => {
    const items = new FakeLoginItems();
    if (wasOpenedAtLogin !== undefined) items.answer = { openAtLogin: true, wasOpenedAtLogin };
    expect(startsHidden(argv, platform, items)).toBe(expected);
    expect(startsHidden(argv, platform)).toBe(expected && platform !== 'darwin');
  });
});
