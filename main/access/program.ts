/** What a program is, for the question who may use a sign-in (C3). Pure: what is read of a system is read elsewhere. */

/**
 * - `program`: speaks for itself
 * - `interpreter`, `shell`: runs whatever script it is given
 * - `httpClient`: a command-line HTTP client, such as curl; sends whatever it is told to
 * - `forwarder`: carries the bytes of somebody who cannot be seen from here (SSH, a container, a virtual machine)
 * - `browser`: carries the requests of any page and extension
 * - `unknown`: cannot be identified
 */
export type ProgramKind = 'program' | 'interpreter' | 'shell' | 'httpClient' | 'forwarder' | 'browser' | 'unknown';

/** For how long a program may be allowed at most: `hours` is twelve of them, `never` that it may not be offered at all. */
export type Lasting = 'always' | 'hours' | 'once' | 'never';

/** Who is calling, as a person and a list of allowed programs know it. */
export interface Program {
  /** What a list remembers it by: the normalised path, with the SHA-256 of its file where not only root can write. */
  readonly id: string;
  /** "Visual Studio Code". For people; another program may have the same one. */
  readonly name: string;
  /** The normalised path, for people. Empty when unknown. */
  readonly path: string;
  readonly kind: ProgramKind;
  readonly lasting: Lasting;
  /** The script of an interpreter, as its command line has it: what the process says of itself, and no more than that. */
  readonly claim?: string;
  /** The file of its icon. */
  readonly icon?: string;
  /** A debugger holds it, and can make it do anything: it is asked about again, and allowed once at most. */
  readonly isDebugged?: true;
  /** Which run of it this is: what allows it once is over when it ends. Absent when unknown. */
  readonly process?: string;
}

/** What is at the other end of a connection. The same object for all requests of one connection. */
export interface Identified {
  /** Never rejects: what cannot be identified is the unknown program. */
  program(): Promise<Program>;
}

/** A caller that cannot be identified. It is never remembered, so that one id for all of them does no harm. */
export const unknownProgram: Program = {
  id: 'unknown',
  name: 'Unknown program',
  path: '',
  kind: 'unknown',
  lasting: 'once',
};

/** C4, C5: what speaks for whoever drives it is allowed once or for twelve hours, and a browser never. */
export function lastingOf(kind: ProgramKind): Lasting {
  if (kind === 'program') return 'always';
  if (kind === 'browser') return 'never';
  return kind === 'unknown' ? 'once' : 'hours';
}

/** Base names without version, in lower case. A name that is missing here is a program of its own. */
const names: Readonly<Record<'interpreter' | 'shell' | 'httpClient' | 'forwarder' | 'browser', string>> = {
  interpreter: `node nodejs deno bun qjs gjs gjs-console python pythonw pypy pypy3 perl ruby jruby irb php php-cgi
    php-fpm java javaw dotnet mono mono-sgen r rscript lua luajit tclsh wish expect guile julia erl erlexec beam.smp
    racket sbcl osascript cscript wscript mshta awk gawk mawk wine wine-preloader wine64 wine64-preloader
    ld.so ld-linux ld-linux-x86-64.so ld-linux-aarch64.so ld-musl-x86_64.so ld-musl-aarch64.so`,
  shell: `sh bash rbash dash zsh fish ksh mksh tcsh csh ash yash elvish nu xonsh busybox toybox pwsh powershell
    powershell_ise cmd`,
  // A `loopgate` that is not known as the command (another copy, an AppImage's own mount) prints tokens for whoever calls it.
  httpClient:
    'curl wget wget2 http https xh xhs aria2c axel hurl lynx w3m links elinks grpcurl ab wrk hey bitsadmin loopgate',
  forwarder: `ssh sshd sshd-session autossh plink putty dropbear dbclient mosh-client socat nc ncat netcat nc.openbsd
    nc.traditional telnet openssl websocat stunnel haproxy nginx envoy caddy squid ngrok frpc frps cloudflared tailscaled
    docker-proxy dockerd com.docker.backend com.docker.vpnkit vpnkit vpnkit-bridge gvproxy rootlesskit rootlessport
    slirp4netns pasta passt containerd-shim-runc-v conmon limactl kubectl xdg-dbus-proxy wslrelay wslhost wslservice
    vmmem vmwp virtualboxvm vboxheadless vboxnetnat adb iproxy qemu-system-x86_64 qemu-system-aarch64`,
  browser: `firefox firefox-bin firefox-esr firefox.real plugin-container librewolf waterfox floorp zen-bin zen-browser
    seamonkey palemoon chromium chromium-browser chrome google-chrome google-chrome-stable google-chrome-beta
    google-chrome-unstable chrome-headless-shell headless_shell thorium thorium-browser brave brave-browser msedge
    msedgewebview microsoft-edge microsoft-edge-stable opera vivaldi vivaldi-bin yandex_browser safari iexplore arc orion
    duckduckgo epiphany epiphany-browser epiphany-search-provider webkitnetworkprocess com.apple.webkit.networking
    konqueror falkon midori`,
};

const kindByName = new Map<string, ProgramKind>(
  (['interpreter', 'shell', 'httpClient', 'forwarder', 'browser'] as const).flatMap((kind) =>
    names[kind].split(/\s+/).map((name): [string, ProgramKind] => [name, kind]),
  ),
);

/** Names of a bundle or a product, which are several words. */
const browserTitles =
  /^(google chrome|chromium|brave browser|microsoft edge|mozilla firefox|firefox( developer edition| nightly)?|opera( gx)?|vivaldi|tor browser|safari technology preview)( |$)/;

/** Where browsers are installed: whatever runs from there is a part of one. */
const browserFolders =
  /\/(opt\/google\/chrome[^/]*|opt\/brave\.com|opt\/microsoft\/msedge[^/]*|opt\/vivaldi[^/]*|lib(64)?\/(chromium|firefox|opera|x86_64-linux-gnu\/opera)[^/]*)\//;

/**
 * What a program is, by the path of its executable.
 * @param hasOwnApp - for an executable called `electron`: the app is in its own folder. One without is an interpreter, which
 * runs the app that its command line names
 */
export function kindOf(path: string, hasOwnApp = false): ProgramKind {
  const name = baseName(path)
    .toLowerCase()
    .replace(/\.exe$/, '');
  // The helpers of a bundle: "Google Chrome Helper (Renderer)".
  const title = name.replace(/ helper( \(.*\))?$/, '');
  if (browserTitles.test(title) || browserFolders.test(path.replaceAll('\\', '/').toLowerCase())) return 'browser';
  const candidates = [title, withoutVersion(title)];
  if (!hasOwnApp && candidates.includes('electron')) return 'interpreter';
  for (const candidate of candidates) {
    const kind = kindByName.get(candidate);
    if (kind !== undefined) return kind;
  }
  return 'program';
}

/** `python3.11`, `node20`, `perl5.36-x86_64-linux-gnu`, `python3.13t`, `ruby-3.3`, `ld-linux-x86-64.so.2`. */
function withoutVersion(name: string): string {
  return name.replace(/[-_.]?\d+(\.\d+)*[a-z]?(-[a-z0-9_]+-linux-\w+)?$/, '');
}

/** The last part of a path of either kind. */
export function baseName(path: string): string {
  return path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
}

/**
 * The path without what changes from start to start or from update to update, so that a program stays the same one: a
 * snap's revision, a flatpak's commit, the mount of an AppImage, the version of a Windows app package. Of an AppImage the
 * kernel tells the mount alone: its file is named by the environment and the mount's source, both of which the program
 * itself sets. It lies in a folder that anybody can write, so that its hash tells it from others.
 */
export function normalisedPath(path: string): string {
  return path
    .replace(/^(?:\/var\/lib\/snapd)?\/snap\/([^/]+)\/x?\d+\//, '/snap/$1/current/')
    .replace(/(\/flatpak\/(?:app|runtime)\/[^/]+\/[^/]+\/[^/]+)\/[0-9a-f]{64}\//, '$1/active/')
    .replace(/\/\.mount_([^/]*?)[A-Za-z0-9]{6}\//, '/.mount_$1*/')
    .replace(/(\\WindowsApps\\[^\\_]+)_[^\\]*(_[0-9a-z]+\\)/i, '$1$2');
}

/** The root of an AppImage's mount, where its own desktop entry is. */
export function appImageRoot(path: string): string | undefined {
  return /^.*?\/\.mount_[^/]*[A-Za-z0-9]{6}(?=\/)/.exec(path)?.[0];
}

/** Options of interpreters whose value is the next argument, and no script. */
const optionsWithValue = new Set(
  '-r --require --import --loader --experimental-loader --env-file --conditions -C -W -X -cp -classpath --class-path -I -d -M'.split(
    ' ',
  ),
);
/** After these the next argument is what runs. */
const optionsThatName = new Set(['-m', '-jar', '--jar', '--module']);
/** After these the next argument is code. It may hold secrets, so that only the option is shown. */
const optionsWithCode = new Set(['-c', '-e', '-p', '-pe', '--eval', '--print', '-Command', '-EncodedCommand']);

/**
 * What an interpreter says that it runs.
 * @param argv - the command line, with the program first
 * @returns the script as the command line has it, `-m module`, or the bare option of inline code
 */
export function scriptOf(argv: readonly string[]): string | undefined {
  for (let index = 1; index < argv.length; index += 1) {
    const argument = argv[index] ?? '';
    if (optionsWithCode.has(argument)) return argument;
    if (optionsThatName.has(argument)) return `${argument} ${argv[index + 1] ?? ''}`.trim();
    if (optionsWithValue.has(argument)) index += 1;
    else if (argument !== '' && !argument.startsWith('-')) return argument;
  }
  return undefined;
}

/** Text of a stranger, for a person to read: what breaks lines, hides or turns text round cannot act. */
export function printable(text: string, most = 300): string {
  const shown = text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu, '\uFFFD');
  return shown.length > most ? `${shown.slice(0, most - 1)}…` : shown;
}

/** What was found out about a program, put together. */
export interface Findings {
  /** As the system has it. */
  readonly path: string;
  readonly kind: ProgramKind;
  /** SHA-256 in hexadecimal; absent where only root can write. */
  readonly hash?: string;
  readonly name: string;
  readonly claim?: string | undefined;
  readonly icon?: string | undefined;
  readonly isDebugged?: boolean;
  /** What tells this process from all others, also from those that get its number later. */
  readonly process: string;
}

export function programOf({ path, kind, hash, name, claim, icon, isDebugged, process }: Findings): Program {
  const normalised = normalisedPath(path);
  const lasting = lastingOf(kind);
  return {
    id: hash === undefined ? normalised : `${normalised}#sha256:${hash}`,
    name: printable(name, 100),
    path: printable(normalised, 4096),
    kind,
    lasting: isDebugged && lasting !== 'never' ? 'once' : lasting,
    ...(claim !== undefined && { claim: printable(claim) }),
    ...(icon !== undefined && { icon }),
    ...(isDebugged && { isDebugged }),
    // What it was allowed before the debugger came is over.
    process: isDebugged ? `${process} debugged` : process,
  };
}
