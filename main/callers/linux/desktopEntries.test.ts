import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DesktopEntries, localesOf, parseDesktopEntry } from './desktopEntries.ts';

const entry = (...lines: string[]) => ['[Desktop Entry]', 'Type=Application', ...lines].join('\n');

describe('a desktop entry [C13]', () => {
  it('the name, the icon and the command', () => {
    const text = [
      '# a comment',
      entry('Name=Visual Studio Code', 'Exec=/usr/share/code/code --unity-launch %F', 'Icon=vscode'),
      'Name=the second of two does not count',
      '[Desktop Action new-empty-window]',
      'Name=New Empty Window',
    ].join('\n');
    expect(parseDesktopEntry(text)).toEqual({
      name: 'Visual Studio Code',
      icon: 'vscode',
      command: ['/usr/share/code/code', '--unity-launch'],
      isVisible: true,
    });
  });

  it.each<[string, string[]]>([
    ['/opt/a %U', ['/opt/a']],
    ['"/opt/with space/a" "%f"', ['/opt/with space/a']],
    ['"/opt/a \\\\"b\\\\"" 100%%', ['/opt/a "b"', '100%']],
    ['env A=b C=d /opt/a --x', ['/opt/a', '--x']],
    ['/usr/bin/env -u X a', ['X', 'a']],
  ])('the command of %j', (exec, command) => {
    expect(parseDesktopEntry(entry('Name=A', `Exec=${exec}`))?.command).toEqual(command);
  });

  it.each<[string, string]>([
    ['a link', '[Desktop Entry]\nType=Link\nName=A\nExec=/a'],
    ['no name', entry('Exec=/a')],
    ['no command', entry('Name=A')],
    ['only an env', entry('Name=A', 'Exec=env A=b')],
    ['another group', '[Other]\nType=Application\nName=A\nExec=/a'],
    ['nothing', ''],
  ])('%s is no entry of a program', (_name, text) => {
    expect(parseDesktopEntry(text)).toBeUndefined();
  });

  it.each<[NodeJS.ProcessEnv, string]>([
    [{ LANG: 'de_AT.UTF-8' }, 'Österreichisch'],
    [{ LANG: 'de_DE.UTF-8' }, 'Deutsch'],
    [{ LANG: 'de_DE', LC_ALL: 'fr_FR' }, 'English'],
    [{ LANG: 'C' }, 'English'],
    [{}, 'English'],
  ])('the name in the language of %o is %s', (environment, name) => {
    const text = entry('Name=English', 'Name[de]=Deutsch', 'Name[de_AT]=Österreichisch', 'Exec=/a');
    expect(parseDesktopEntry(text, localesOf(environment))?.name).toBe(name);
  });
});

describe('the name of a program [C13]', () => {
  let home: string;
  beforeEach(() => {
    home = realpathSync(mkdtempSync(join(tmpdir(), 'loopgate-entries-')));
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  const put = (path: string, text: string) => {
    const file = join(home, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    return file;
  };
  const program = (path: string) => {
    const file = put(path, '');
    chmodSync(file, 0o755);
    return file;
  };
  const environment = () => ({ HOME: home, XDG_DATA_DIRS: join(home, 'system'), PATH: join(home, 'bin') });
  const entries = () => new DesktopEntries(environment());

  it('by its real path: a link and PATH lead there', async () => {
    const editor = program('opt/editor');
    mkdirSync(join(home, 'bin'));
    symlinkSync(editor, join(home, 'bin', 'ed'));
    put('.local/share/applications/ed.desktop', entry('Name=Editor', 'Exec=ed %F'));
    expect(await entries().labelOf(editor, false)).toEqual({ name: 'Editor' });
    expect(await entries().labelOf(program('opt/other'), false)).toBeUndefined();
  });

  it('the entry in the menu and with the fewest arguments is the program’s own', async () => {
    const editor = program('opt/editor');
    put('system/applications/a.desktop', entry('Name=Handler', `Exec=${editor}`, 'NoDisplay=true'));
    put('system/applications/b.desktop', entry('Name=One page of it', `Exec=${editor} --app=https://a.example`));
    put('system/applications/c.desktop', entry('Name=Editor', `Exec=${editor} %F`));
    expect(await entries().labelOf(editor, false)).toEqual({ name: 'Editor' });
  });

  it('an entry that the user can write names nothing that only root can write', async () => {
    const editor = program('opt/editor');
    put('.local/share/applications/a.desktop', entry('Name=Visual Studio Code', `Exec=${editor}`));
    expect(await entries().labelOf(editor, true)).toBeUndefined();
  });

  it('a flatpak and a snap are named by the entry that says it is theirs', async () => {
    put(
      'system/applications/f.desktop',
      entry('Name=A flatpak', 'Exec=/usr/bin/flatpak run org.a.B', 'X-Flatpak=org.a.B'),
    );
    put('system/applications/s.desktop', entry('Name=A snap', 'Exec=/snap/bin/b', 'X-SnapInstanceName=b'));
    const found = entries();
    const flatpak = join(home, '.local/share/flatpak/app/org.a.B/x86_64/stable/0/files/bin/b');
    expect(await found.labelOf(flatpak, false)).toEqual({ name: 'A flatpak' });
    expect(await found.labelOf('/snap/b/12/bin/b', false)).toEqual({ name: 'A snap' });
    expect(await found.labelOf('/snap/c/12/bin/b', false)).toBeUndefined();
  });

  it('its icon is a file, the largest of the theme', async () => {
    const editor = program('opt/editor');
    put('system/applications/a.desktop', entry('Name=Editor', `Exec=${editor}`, 'Icon=editor'));
    expect(await entries().labelOf(editor, false)).toEqual({ name: 'Editor' });
    put('system/icons/hicolor/48x48/apps/editor.png', '');
    const large = put('system/icons/hicolor/128x128/apps/editor.png', '');
    expect(await entries().labelOf(editor, false)).toEqual({ name: 'Editor', icon: large });
  });

  it('an entry that comes while Loopgate runs is seen', async () => {
    const editor = program('opt/editor');
    put('system/applications/other.desktop', entry('Name=Other', 'Exec=/nowhere'));
    const found = entries();
    expect(await found.labelOf(editor, false)).toBeUndefined();
    put('system/applications/a.desktop', entry('Name=Editor', `Exec=${editor}`));
    expect(await found.labelOf(editor, false)).toEqual({ name: 'Editor' });
  });

  it('of a folder that is filled up, only its beginning is read, and only the beginning of a command [C12]', async () => {
    const [first, last] = [program('opt/first'), program('opt/last')];
    const applications = '.local/share/applications';
    put(`${applications}/0.desktop`, entry('Name=First', `Exec=${first}${' x'.repeat(100_000)}`));
    put(`${applications}/1.desktop`, entry('Name=Second', `Exec=${first}${' x'.repeat(2_000)}`));
    for (let number = 100; number < 170; number += 1)
      put(`${applications}/${number}.desktop`, entry('Name=X', `Exec=/nowhere${' x'.repeat(130_000)}`));
    put(`${applications}/2.desktop`, entry('Name=Last', `Exec=${last}`));
    const found = entries();
    // By their commands alone, the second would be the shorter one.
    expect(await found.labelOf(first, false)).toEqual({ name: 'Second' });
    expect(await found.labelOf(last, false)).toBeUndefined();
  });

  it('an AppImage is named by the entry that it carries', async () => {
    put('mount/notes.desktop', entry('Name=Notes', 'Exec=AppRun', 'Icon=../../etc/passwd'));
    expect(await entries().labelIn(join(home, 'mount'))).toEqual({ name: 'Notes' });
    expect(await entries().labelIn(join(home, 'nowhere'))).toBeUndefined();
  });
});
