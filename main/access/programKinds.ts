import type { ProgramKind } from './program.ts';
import { baseName } from './programPaths.ts';

/** Base names without version, in lower case. The kind of every other name is `program`. */
const names: Readonly<Record<'interpreter' | 'shell' | 'httpClient' | 'forwarder' | 'browser', string>> = {
  interpreter: `node nodejs deno bun qjs gjs gjs-console python pythonw pypy pypy3 perl ruby jruby irb php php-cgi
    php-fpm java javaw dotnet mono mono-sgen r rscript lua luajit tclsh wish expect guile julia erl erlexec beam.smp
    racket sbcl osascript cscript wscript mshta awk gawk mawk wine wine-preloader wine64 wine64-preloader
    ld.so ld-linux ld-linux-x86-64.so ld-linux-aarch64.so ld-musl-x86_64.so ld-musl-aarch64.so`,
  shell: `sh bash rbash dash zsh fish ksh mksh tcsh csh ash yash elvish nu xonsh busybox toybox pwsh powershell
    powershell_ise cmd`,
  // A `loopgate` outside the known command (another copy, an AppImage's own mount) prints tokens for any caller.
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

/** Names of bundles and products with several words. */
const browserTitles =
  /^(google chrome|chromium|brave browser|microsoft edge|mozilla firefox|firefox( developer edition| nightly)?|opera( gx)?|vivaldi|tor browser|safari technology preview)( |$)/;

/** Where browsers are installed. Everything in these folders is part of a browser. */
const browserFolders =
  /\/(opt\/google\/chrome[^/]*|opt\/brave\.com|opt\/microsoft\/msedge[^/]*|opt\/vivaldi[^/]*|lib(64)?\/(chromium|firefox|opera|x86_64-linux-gnu\/opera)[^/]*)\//;

/**
 * Finds a program's kind by the path of its executable.
 * @param hasOwnApp - for an executable called `electron`: its own folder contains the app. Without one, it is an
 * interpreter that runs the app on its command line
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
