import { describe, expect, it } from 'vitest';
import { printable } from './printable.ts';
import { buildProgram, lastingOf, type ProgramKind } from './program.ts';
import { kindOf } from './programKinds.ts';
import { appImageRoot, normalisedPath } from './programPaths.ts';
import { scriptOf } from './scripts.ts';

describe('what a program is [C3]', () => {
  it.each<[ProgramKind, string[]]>([
    [
      'interpreter',
      [
        ...['/usr/bin/node', '/usr/bin/node20', '/home/a/.nvm/versions/node/v22.1.0/bin/node', '/usr/bin/nodejs'],
        ...['/usr/bin/python3.11', '/usr/bin/python', '/opt/python3.13t', '/usr/bin/pypy3.10', '/usr/bin/ruby3.1'],
        ...['/usr/bin/perl', '/usr/bin/perl5.36.0', '/usr/bin/perl5.36-x86_64-linux-gnu', '/usr/bin/php8.2'],
        ...['/usr/lib/jvm/java-17-openjdk-amd64/bin/java', '/opt/idea/jbr/bin/java', '/usr/bin/deno', '/usr/bin/bun'],
        ...['/usr/share/dotnet/dotnet', '/usr/bin/Rscript', '/usr/bin/gjs-console', '/usr/bin/mono-sgen'],
        ...['/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2', '/usr/lib/electron33/electron', '/usr/bin/electron30'],
        // Languages, debuggers, emulators and loaders that are less at home in such a folder.
        ...['/usr/lib/dart/bin/dart', '/usr/libexec/swift/bin/swift-frontend', '/usr/bin/octave-cli-7.3.0'],
        ...['/usr/bin/ocaml', '/usr/bin/ocamlrun', '/usr/lib/ghc-9.4/bin/ghc-9.4.7', '/usr/bin/luajit-2.1.0-beta3'],
        ...['/usr/bin/python3.11-dbg', '/nix/store/x-nodejs/bin/.node-wrapped', '/usr/bin/js102', '/usr/bin/wasmtime'],
        ...['/usr/bin/gdb', '/usr/bin/gdb-12', '/usr/bin/gdbserver', '/usr/bin/arm-none-eabi-gdb', '/usr/bin/lldb-14'],
        ...['/usr/bin/strace', '/usr/libexec/valgrind/memcheck-amd64-linux', '/opt/frida-server', '/usr/bin/rr'],
        ...[
          '/usr/bin/qemu-aarch64-static',
          '/usr/bin/qemu-i386',
          '/usr/local/bin/box64',
          '/opt/wine-stable/bin/wine64',
        ],
        ...['/usr/bin/wine64-preloader', '/lib/x86_64-linux-gnu/ld-2.31.so', '/lib64/ld64.so.2'],
        ...['/lib/ld-musl-riscv64.so.1', '/lib/ld-linux-armhf.so.3', '/usr/lib/libc.so', '/lib/libc.musl-x86_64.so.1'],
        ...['C:\\Windows\\System32\\rundll32.exe', 'C:\\Tools\\AutoHotkey64.exe', 'C:\\Tools\\x64dbg.exe'],
        'C:\\Program Files\\nodejs\\node.exe',
        'C:\\Windows\\py\\Python312\\python.exe',
        '/Library/Frameworks/Python.framework/Versions/3.12/Resources/Python.app/Contents/MacOS/Python',
      ],
    ],
    [
      'shell',
      [
        ...['/usr/bin/bash', '/usr/bin/dash', '/bin/zsh', '/usr/bin/zsh-5.9', '/usr/bin/fish', '/bin/busybox'],
        ...['/opt/microsoft/powershell/7/pwsh', 'C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe'],
        'C:\\Windows\\System32\\cmd.exe',
      ],
    ],
    [
      'httpClient',
      ['/usr/bin/curl', '/usr/bin/wget', '/usr/bin/wget2', '/usr/bin/xh', 'C:\\Windows\\System32\\curl.exe'],
    ],
    [
      'forwarder',
      [
        ...[
          '/usr/bin/ssh',
          '/usr/sbin/sshd',
          '/usr/bin/socat',
          '/usr/bin/socat1',
          '/usr/bin/nc.openbsd',
          '/usr/bin/ncat',
        ],
        ...['/usr/libexec/docker/docker-proxy', '/usr/bin/slirp4netns', '/usr/bin/rootlesskit', '/usr/bin/gvproxy'],
        ...['/usr/bin/xdg-dbus-proxy', '/usr/bin/qemu-system-x86_64', 'C:\\Windows\\System32\\wslrelay.exe'],
        '/Applications/Docker.app/Contents/MacOS/com.docker.backend',
        // Proxies, tunnels and remote desktops: somebody else is at their other end.
        ...['/opt/mitmproxy/mitmdump', '/usr/bin/proxychains4', '/usr/bin/sshuttle', '/usr/bin/tor', '/opt/chisel'],
        ...['/usr/local/bin/gost', '/usr/bin/xray', '/usr/bin/openvpn', '/usr/bin/stunnel4', '/usr/sbin/apache2'],
        ...['/usr/bin/rustdesk', '/usr/bin/x11vnc', '/usr/bin/Xtigervnc', '/usr/sbin/xrdp', '/opt/anydesk/anydesk'],
        ...[
          '/usr/lib/code-server/bin/code-server',
          '/usr/bin/ttyd',
          '/usr/bin/tailscale',
          '/usr/bin/qemu-system-riscv64',
        ],
      ],
    ],
    [
      'browser',
      [
        ...['/usr/lib/firefox-esr/firefox-esr', '/snap/firefox/current/usr/lib/firefox/firefox', '/usr/bin/epiphany'],
        ...['/usr/lib/chromium/chromium', '/opt/google/chrome/chrome', '/opt/brave.com/brave/brave'],
        ...['/opt/microsoft/msedge/msedge', '/usr/lib/x86_64-linux-gnu/opera/opera', '/opt/vivaldi/vivaldi-bin'],
        ...['/opt/mullvad-browser/Browser/mullvadbrowser', '/opt/mullvad-browser/Browser/mullvadbrowser.real'],
        ...['/usr/bin/icecat', '/usr/lib/qt6/libexec/QtWebEngineProcess', '/usr/bin/netsurf-gtk3', '/usr/bin/dillo'],
        ...['/usr/bin/nyxt', '/usr/bin/Ladybird', '/opt/naver/whale/whale', '/opt/basilisk/basilisk'],
        ...['/home/a/opera/opera-developer', '/opt/ungoogled-chromium/chrome', '/usr/bin/ungoogled-chromium'],
        ...['/usr/bin/firefox-nightly', '/nix/store/x-firefox/bin/.firefox-wrapped', '/usr/bin/iridium-browser'],
        // Whatever else runs from the folder of a browser.
        ...['/opt/google/chrome/nacl_helper', '/usr/lib/firefox/pingsender'],
        '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
        '/Applications/Google Chrome.app/Contents/Frameworks/x/Google Chrome Helper (Renderer)',
        '/Applications/Safari.app/Contents/MacOS/Safari',
        '/System/Library/Frameworks/WebKit.framework/XPCServices/x/com.apple.WebKit.Networking',
        'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe',
      ],
    ],
    [
      'program',
      [
        // The extension host of an editor runs in the editor's own executable.
        ...[
          '/usr/share/code/code',
          '/usr/bin/nvim',
          '/usr/bin/emacs-gtk',
          '/opt/idea/bin/idea',
          '/opt/Signal/signal-desktop',
        ],
        '/Applications/Visual Studio Code.app/Contents/Frameworks/x/Code Helper (Plugin)',
        'C:\\Users\\a\\AppData\\Local\\Programs\\Microsoft VS Code\\Code.exe',
        // Names that only begin, or end, like another one's.
        ...['/usr/bin/nodepad', '/usr/bin/mynode', '/usr/bin/basher', '/usr/bin/curlew', '/usr/bin/chromed'],
        ...['/usr/bin/gdbus', '/usr/bin/torrent', '/usr/bin/qemulator', '/usr/bin/ld-tool', '/usr/bin/dartboard'],
        ...[
          '/usr/bin/operation',
          '/opt/swiftly',
          '/usr/lib/libcurl.so',
          '/opt/tool-amd64-linux',
          '/usr/bin/code-insiders',
        ],
        '/home/a/firefox-notes',
      ],
    ],
  ])('%s', (kind, paths) => {
    expect(paths.map((path) => [path, kindOf(path)])).toEqual(paths.map((path) => [path, kind]));
  });

  it('an Electron with an app of its own is that app', () => {
    expect(kindOf('/opt/notes/electron', true)).toBe('program');
    expect(kindOf('/opt/notes/node', true)).toBe('interpreter');
  });

  it.each<[ProgramKind, string]>([
    ['program', 'always'],
    ['interpreter', 'hours'],
    ['shell', 'hours'],
    ['httpClient', 'hours'],
    ['forwarder', 'hours'],
    ['browser', 'never'],
    ['unknown', 'once'],
  ])('a %s may be allowed %s [C4, C5]', (kind, lasting) => {
    expect(lastingOf(kind)).toBe(lasting);
  });
});

describe('a program stays the same from start to start [C7]', () => {
  const commits = ['0', 'f'].map((digit) => digit.repeat(64));

  it.each<[string, string[], string]>([
    [
      'a snap',
      [
        '/snap/code/164/usr/share/code/code',
        '/snap/code/x1/usr/share/code/code',
        '/var/lib/snapd/snap/code/9/usr/share/code/code',
      ],
      '/snap/code/current/usr/share/code/code',
    ],
    [
      'a flatpak',
      commits.map((commit) => `/var/lib/flatpak/app/org.a.B/x86_64/stable/${commit}/files/bin/b`),
      '/var/lib/flatpak/app/org.a.B/x86_64/stable/active/files/bin/b',
    ],
    [
      'a flatpak of the user’s',
      commits.map((commit) => `/home/a/.local/share/flatpak/app/org.a.B/x86_64/stable/${commit}/files/bin/b`),
      '/home/a/.local/share/flatpak/app/org.a.B/x86_64/stable/active/files/bin/b',
    ],
    [
      'a Windows app package',
      ['1.0.0.0', '2.3.4.0'].map(
        (version) => `C:\\Program Files\\WindowsApps\\A.B_${version}_x64__8wekyb3d8bbwe\\b.exe`,
      ),
      'C:\\Program Files\\WindowsApps\\A.B_8wekyb3d8bbwe\\b.exe',
    ],
    ['everything else', ['/usr/share/code/code'], '/usr/share/code/code'],
    ['a folder that is called like an AppImage’s mount', ['/tmp/.mount_aAb3dE9/a'], '/tmp/.mount_aAb3dE9/a'],
    ['a folder that is called like a snap', ['/home/snap/code/164/code'], '/home/snap/code/164/code'],
  ])('%s', (_name, paths, normalised) => {
    expect(paths.map((path) => normalisedPath(path))).toEqual(paths.map(() => normalised));
  });

  it('the mount of an AppImage, which has another name at each start', () => {
    const paths = ['Ab3dE9', 'ZZZZZZ'].map((name) =>
      normalisedPath(`/tmp/.mount_Obsidi${name}/obsidian`, `/tmp/.mount_Obsidi${name}`),
    );
    expect(paths).toEqual(paths.map(() => '/tmp/.mount_Obsidi*/obsidian'));
  });

  it('the folder that is called like one', () => {
    expect(appImageRoot('/tmp/.mount_ObsidiAb3dE9/usr/bin/obsidian')).toBe('/tmp/.mount_ObsidiAb3dE9');
    expect(appImageRoot('/usr/bin/obsidian')).toBeUndefined();
  });
});

describe('the claim of an interpreter [C4]', () => {
  it.each<[string, string | undefined]>([
    ['node server.js --port 1', 'server.js'],
    ['node --no-warnings --import tsx main.ts', 'main.ts'],
    ['node -r dotenv/config app.js', 'app.js'],
    ['python3 -m http.server', '-m http.server'],
    ['python3 -W error tool.py', 'tool.py'],
    ['java -Xmx1g -cp a.jar:b.jar com.example.Main', 'com.example.Main'],
    ['java -jar tool.jar', '-jar tool.jar'],
    ['bash', undefined],
    ['', undefined],
    ['bash -l', undefined],
  ])('%j claims %j', (command, claim) => {
    expect(scriptOf(command.split(' '))).toBe(claim);
  });

  it.each(['-e', '-c', '-p', '--eval'])('inline code, which may hold secrets, is not shown: %s', (option) => {
    expect(scriptOf(['node', option, 'const token = "secret"'])).toBe(option);
  });
});

describe('what is shown and what is remembered', () => {
  it('the hash is a part of the id, and of nothing that is shown [C3]', () => {
    const program = buildProgram({
      process: '7@100',
      path: '/home/a/editor',
      kind: 'program',
      compared: { hash: 'ab12', isWhole: true },
      name: 'Editor',
    });
    expect(program).toEqual({
      id: '/home/a/editor#sha256:ab12',
      name: 'Editor',
      path: '/home/a/editor',
      kind: 'program',
      process: '7@100',
      lasting: 'always',
    });
    expect(buildProgram({ process: '7@100', path: '/usr/bin/editor', kind: 'program', name: 'Editor' }).id).toBe(
      '/usr/bin/editor',
    );
  });

  it('a program whose code is known in part is allowed for hours at most, and each mount of it for itself [C3]', () => {
    const mount = '/tmp/.mount_EditorAb3dE9';
    const found = { process: '7@100', path: `${mount}/editor`, mount, name: 'Editor' } as const;
    const [whole, part] = [true, false].map((isWhole) => ({ hash: 'ab12', isWhole }));
    expect(buildProgram({ ...found, kind: 'program', compared: whole })).toMatchObject({
      id: '/tmp/.mount_Editor*/editor#sha256:ab12',
      lasting: 'always',
    });
    expect(buildProgram({ ...found, kind: 'program', compared: part })).toMatchObject({
      id: `${mount}/editor#sha256:ab12`,
      lasting: 'hours',
    });
    expect(buildProgram({ ...found, kind: 'browser', compared: part })).toMatchObject({ lasting: 'never' });
  });

  it('text of a stranger cannot break lines, hide or turn round [C10]', () => {
    expect(printable('a\nb\u202Ec\u200Bd\u2028e\u0000')).toBe('a\uFFFDb\uFFFDc\uFFFDd\uFFFDe\uFFFD');
    expect(printable('Éditeur – 編集者')).toBe('Éditeur – 編集者');
    expect(printable('x'.repeat(1000))).toHaveLength(300);
    const path = '/home/a/evil\n/usr/bin/editor';
    const program = buildProgram({ process: '7@100', path, kind: 'interpreter', name: 'a\u202Eb', claim: 'c\nd' });
    expect(program).toMatchObject({ path: path.replace('\n', '\uFFFD'), name: 'a\uFFFDb', claim: 'c\uFFFDd' });
    // Two paths that look alike stay two programs.
    expect(program.id).toBe(path);
  });

  it.each([
    ['Visual Studio Code', 'as it is'],
    ['ज़िंदगी क़ुंदूज़', 'Hindi'],
    ['ที่ปรึกษา น้ำผึ้ง', 'Thai'],
    ['မြို့တော်', 'Burmese'],
    ['བརྒྱུད་པ', 'Tibetan'],
    ['Tiếng Việt', 'Vietnamese, composed'],
    ['Tiê\u0301ng Việt'.normalize('NFD'), 'Vietnamese, decomposed'],
    ['שָּׁלוֹם', 'Hebrew with points'],
    ['اللّٰه مُحَمَّد', 'Arabic with vowels'],
    ['한국어 編集者', 'Korean and Chinese'],
    ['❤️ 1️⃣', 'emoji'],
  ])('%s stays readable: %s [C10]', (text) => expect(printable(text)).toBe(text));

  it('a letter bears few marks, and letters without a shape are shown as such [C10]', () => {
    const marks = '\u0301\u0302\u0303\u0304\u0305\u0306\u0489';
    expect(printable(`Co${marks}de`)).toBe('Co\u0301\u0302\uFFFDde');
    expect(printable(`ก${'\u0e49'.repeat(30)}`)).toBe(`ก${'\u0e49'.repeat(4)}\uFFFD`);
    const blank = '\u3164\u115f\u1160\uffa0\u2800\u034f\u17b4\u00ad\u{1d159}\u180b\u{e0100}';
    expect(printable(`a${blank}b`)).toMatch(/^a\uFFFD+b$/);
  });

  it.each([
    ['\u3164\u2800', '/home/a/editor', 'editor'],
    [' \u00a0\u2003', '/home/a/editor', 'editor'],
    ['\u0301', '/home/a/editor', 'editor'],
    ['\u3164', '/home/a/\u3164', '/home/a/\uFFFD'],
    ['Loopgate', '/home/a/evil', 'evil'],
    ['LOOP GATE update (answer: Allow)', '/home/a/evil', 'evil'],
    ['Update of Loop\u00adgate', '/home/a/evil', 'evil'],
    ['Ｌｏｏｐｇａｔｅ', '/home/a/evil', 'evil'],
    ['Loopgate', '/home/a/Loopgate update', '/home/a/Loopgate update'],
  ])('nobody is called nothing, or by our own name: %j at %s is %s [C13]', (name, path, shown) => {
    const program = buildProgram({ process: '7@100', path, kind: 'program', name, icon: '/icons/any.png' });
    expect(program.name).toBe(shown);
    expect(program.icon !== undefined).toBe(!/o.*g/i.test(name.normalize('NFKC')));
  });
});
