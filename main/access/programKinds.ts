import type { ProgramKind } from './program.ts';
import { baseName } from './programPaths.ts';

/** Base names without what {@link spellings} takes away, in lower case. The kind of every other name is `program`. */
const names: Readonly<Record<'interpreter' | 'shell' | 'httpClient' | 'forwarder' | 'browser', string>> = {
  // Languages, then debuggers, then what runs the programs of another system or processor.
  interpreter: `node nodejs deno bun qjs tjs njs js d8 jsc hermes nw gjs gjs-console cjs cjs-console python pythonw
    pypy pypy-c graalpy micropython perl raku rakudo moar ruby ruby-mri truffleruby jruby irb crystal php php-cgi
    php-fpm phpdbg hhvm java javaw jshell jrunscript dotnet mono mono-sgen mono-boehm csi fsi dart dartvm
    dartaotruntime flutter_tester swift swift-frontend r rscript rterm rgui julia octave octave-cli octave-gui scilab
    scilab-bin scilab-cli-bin matlab maxima mathkernel wolframkernel wolframscript wolfram ocaml ocamlrun utop ghc ghci
    runghc poly polyml lua luajit luau lune luatex luahbtex texlua love godot tclsh wish expect guile erl erlexec
    beam.smp racket gracket sbcl clisp lisp.run ecl ccl scheme petite mit-scheme gsi gosh janet swipl yap gprolog
    gforth gst pharo squeak regina rexx dyalog jconsole tcc cling evcxr yaegi gomacro osascript cscript wscript mshta
    rundll regsvr msbuild autohotkey autohotkeyu autoit awk gawk mawk nawk goawk wasmtime wasmer wasmedge wasm iwasm
    wazero gdb gdb-multiarch gdbserver lldb lldb-server lldb-mi lldb-vscode lldb-dap codelldb dlv rr strace ltrace
    bpftrace valgrind radare rizin r2 frida frida-server frida-inject drrun pin pinbin windbg cdb ntsd x64dbg x32dbg
    wine wine-preloader wine64 wine64-preloader wineloader box64 box86 fex fexloader fexinterpreter rosetta darling`,
  shell: `sh bash rbash dash zsh fish ksh mksh tcsh csh ash yash elvish nu xonsh busybox toybox pwsh powershell
    powershell_ise cmd`,
  // A `loopgate` outside the known command (another copy, an AppImage's own mount) prints tokens for any caller.
  httpClient: `curl wget http https xh xhs aria2c axel hurl lynx w3m links elinks lftp ftp grpcurl ab wrk hey oha siege
    httperf h2load nghttp vegeta bombardier k6 httping bitsadmin certutil loopgate`,
  // Tunnels and proxies, then remote desktops, then containers and virtual machines.
  forwarder: `ssh sshd sshd-session autossh sshuttle plink putty dropbear dbclient mosh-client mosh-server teleport tsh
    socat nc ncat netcat nc.openbsd nc.traditional telnet openssl websocat websockify wstunnel stunnel rinetd redir
    simpleproxy haproxy nginx openresty envoy caddy traefik squid varnishd lighttpd apache httpd tinyproxy privoxy
    3proxy sockd danted microsocks redsocks mitmdump mitmproxy mitmweb charles fiddler burpsuite proxychains torsocks
    tor lyrebird obfs4proxy snowflake-client i2pd ss-local ss-server sslocal ssserver v2ray xray sing-box clash mihomo
    trojan trojan-go hysteria gost chisel ngrok frpc frps bore rathole inlets zrok ziti-edge-tunnel cloudflared
    tailscale tailscaled zerotier-one nebula netbird openvpn openconnect wireguard-go session-manager-plugin
    cloud-sql-proxy cloud_sql_proxy devtunnel code-tunnel code-server openvscode-server ttyd gotty wetty sshx tmate
    upterm tty-share shellinaboxd rustdesk anydesk teamviewer teamviewerd nxserver nxnode nxagent nxplayer parsecd
    sunshine moonlight remmina mstsc xfreerdp wlfreerdp sdl-freerdp freerdp-shadow-cli xrdp guacd x11vnc x0vncserver
    xvnc xtigervnc wayvnc vncserver vncviewer winvnc tvnserver krfb vino-server gnome-remote-desktop-daemon
    remoting_host meshagent dwagent docker-proxy dockerd com.docker.backend com.docker.vpnkit vpnkit vpnkit-bridge
    gvproxy rootlesskit rootlessport slirp4netns pasta passt containerd-shim-runc-v conmon runsc limactl kubectl
    kubefwd telepresence xdg-dbus-proxy wslrelay wslhost wslservice vmmem vmwp vmware-vmx vmnet-natd vmnat prl_vm_app
    prl_naptd hyperkit vfkit krunkit firecracker cloud-hypervisor crosvm virtualboxvm vboxheadless vboxnetnat adb
    iproxy usbmuxd`,
  browser: `firefox firefox-trunk firefox-devedition plugin-container librewolf waterfox floorp zen zen-twilight
    iceweasel icecat abrowser firedragon cachy-browser mullvadbrowser torbrowser seamonkey iceape palemoon basilisk
    k-meleon chromium ungoogled-chromium chrome google-chrome chrome-headless-shell headless_shell thorium cromite
    bromite iridium brave msedge msedgewebview microsoft-edge opera vivaldi yandex_browser yandex-browser whale naver-whale
    slimjet maxthon ucbrowser centbrowser qqbrowser 360chrome 360se avastbrowser safari iexplore arc orion duckduckgo
    epiphany epiphany-search-provider webkitwebprocess webkitnetworkprocess wpewebprocess wpenetworkprocess
    com.apple.webkit.networking minibrowser cog qtwebengineprocess jcef_helper cef_server cefsharp.browsersubprocess
    steamwebhelper konqueror falkon qupzilla rekonq angelfish morph-browser otter-browser qutebrowser midori eolie luakit
    badwolf vimb surf uzbl-core dooble netsurf netsurf-gtk netsurf-fb dillo nyxt vieb servo servoshell ladybird`,
};

const kindByName = new Map<string, ProgramKind>(
  (['interpreter', 'shell', 'httpClient', 'forwarder', 'browser'] as const).flatMap((kind) =>
    names[kind].split(/\s+/).map((name): [string, ProgramKind] => [name, kind]),
  ),
);

/** Names of which there is one for each processor or version. */
const families: readonly (readonly [ProgramKind, RegExp])[] = [
  // A loader runs the program that it is given: ld-linux-x86-64.so.2, ld-2.31.so, ld-musl-x86_64.so.1, musl's libc.so.
  ['interpreter', /^(ld(32|64)?(-.+)?|libc(\.musl-.+)?)\.so$/],
  ['forwarder', /^qemu-system-/],
  ['interpreter', /^qemu-/],
  // Valgrind's tools, each of which runs the program itself: memcheck-amd64-linux.
  ['interpreter', /^(memcheck|none|helgrind|drd|massif|callgrind|cachegrind|dhat|lackey|exp-bbv)-\w+-linux$/],
  // Debuggers for other processors: arm-none-eabi-gdb.
  ['interpreter', /-gdb$/],
];

/** Names of bundles and products with several words. */
const browserTitles =
  /^(google chrome|chromium|brave browser|microsoft edge|mozilla firefox|firefox( developer edition| nightly)?|opera( gx)?|vivaldi|tor browser|safari technology preview)( |$)/;

/** Where browsers are installed. Everything in these folders is part of a browser. */
const browserFolders =
  /\/(opt\/google\/chrome[^/]*|opt\/brave\.com|opt\/microsoft\/msedge[^/]*|opt\/vivaldi[^/]*|opt\/chromium\.org|opt\/naver\/whale[^/]*|opt\/yandex\/browser[^/]*|opt\/opera[^/]*|lib(64)?\/(chromium|firefox|opera|x86_64-linux-gnu\/opera)[^/]*)\//;

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
  const candidates = spellings(title);
  if (!hasOwnApp && candidates.includes('electron')) return 'interpreter';
  for (const candidate of candidates) {
    const kind = kindByName.get(candidate) ?? families.find(([, family]) => family.test(candidate))?.[0];
    if (kind !== undefined) return kind;
  }
  return 'program';
}

/**
 * A name with and without its version and its build: `python3.11`, `node20`, `perl5.36-x86_64-linux-gnu`,
 * `python3.13t`, `ruby-3.3`, `ld-linux-x86-64.so.2`, `opera-developer`, `firefox.real`, NixOS's `.node-wrapped`.
 */
function spellings(name: string): string[] {
  const found = new Set([name]);
  // A set goes on to what is added meanwhile.
  for (const one of found) {
    found.add(one.replace(/[-_.]?\d+(\.\d+)*[a-z]?(-[a-z0-9_]+-linux-\w+)?$/, ''));
    found.add(one.replace(builds, ''));
    found.add(one.replace(/^\.(.+)-wrapped$/, '$1'));
  }
  return [...found];
}
const builds =
  /[-_.](stable|beta|dev|developer|unstable|nightly|canary|preview|snapshot|trunk|bin|browser|esr|real|static|debug|dbg)$/;
