/**
 * A desktop for end-to-end tests, of their own: a screen (Xvfb), a session bus, an unlocked keyring, a real panel that shows
 * tray icons and a real notification service (dunst). Nothing of the person's own session is touched, and several may run at once.
 */

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type GVariant, parseGVariant } from './gvariant.ts';
import { inTime } from './inTime.ts';
import { NOTIFICATIONS_NAME, type ShownNotifications, startDunst } from './testNotifications.ts';

const execute = promisify(execFile);

const KEYRING_PASSWORD = 'throwaway';

/** Owned on the bus by what shows tray icons. */
const watcherName = 'org.kde.StatusNotifierWatcher';

/** How long anything of the session may take to be there, in milliseconds. Generous: it is only reached when it is broken. */
const START_DEADLINE = 15_000;

/** As `spawn` and Playwright's `launch` take it. */
export type Environment = Record<string, string>;

export interface DesktopSession {
  /** For the app under test: display, bus, home and XDG folders of this session, and nothing else of the caller's but PATH. */
  readonly environment: Environment;
  /** The throwaway home folder. */
  readonly home: string;
  readonly tray: Tray;
  /** Throws when asked on a desktop that was started without. */
  readonly notifications: ShownNotifications;
  /** Photographs the whole screen into a PNG file. */
  screenshot(file: string): Promise<void>;
  /** Locks the keyring, as after a log-in without a password. */
  lockKeyring(): Promise<void>;
  /** Unlocks it again, as the person would at the prompt. */
  unlockKeyring(): Promise<void>;
  /** Waits until the keyring asks for its password in a window, and types it there. */
  answerKeyringPrompt(): Promise<void>;
  /** Waits until it asks for a password for a new keyring, and types one there, twice. */
  answerNewKeyringPrompt(): Promise<void>;
  /** Whether the keyring asks for something in a window now. */
  isPrompted(): Promise<boolean>;
  /** Starts the panel on a desktop that has none yet: from now on tray icons are shown. */
  startPanel(): Promise<void>;
  /** Ends the panel: from now on nothing shows tray icons. */
  stopPanel(): Promise<void>;
  /** Ends all its processes and removes its folders. */
  stop(): Promise<void>;
}

/** The panel's tray, over D-Bus: what is there is what a person sees. */
export interface Tray {
  /** The registered items, e.g. `:1.12/StatusNotifierItem`. */
  items(): Promise<string[]>;
  /** Waits for an item and returns it. Rejects when none comes. `timeout` in milliseconds. */
  waitForItem(timeout?: number): Promise<string>;
  /** A property of `org.kde.StatusNotifierItem`, e.g. `ToolTip`. */
  property(name: string, item?: string): Promise<GVariant>;
  /** The item's context menu, as it is now. Without an item: of the newest one. */
  menu(item?: string): Promise<TrayMenuEntry[]>;
  /** Chooses the entry with that label, in a submenu too. Rejects when there is none or it is greyed out. */
  click(label: string, item?: string): Promise<void>;
  /** A left click on the icon. */
  activate(item?: string): Promise<void>;
}

export interface TrayMenuEntry {
  readonly id: number;
  /** Empty for a separator. */
  readonly label: string;
  readonly separator: boolean;
  readonly enabled: boolean;
  readonly visible: boolean;
  /** For a check box or radio button. */
  readonly checked?: boolean;
  readonly children: readonly TrayMenuEntry[];
}

export interface DesktopSessionOptions {
  /** False for a desktop that shows no tray icons, such as GNOME without an extension. Default true. */
  readonly panel?: boolean;
  /** Default `light`. */
  readonly panelColours?: PanelColours;
  /**
   * False for a desktop without a notification service; or the program that the bus starts when one is asked for. Default: a
   * real one runs.
   */
  readonly notifications?: boolean | { readonly startedBy: string };
  /** `new`: one runs that has kept nothing yet, as of a person who has just been given the machine. Default `open`. */
  readonly keyring?: 'open' | 'new';
}

export type PanelColours = 'light' | 'dark';

/** Starts it and resolves when screen, bus, keyring and panel all answer. Rejects, leaving nothing behind, when one does not. */
export async function startDesktopSession({
  panel = true,
  panelColours = 'light',
  notifications = true,
  keyring = 'open',
}: DesktopSessionOptions = {}): Promise<DesktopSession> {
  const folder = await mkdtemp(join(tmpdir(), 'loopgate-desktop-'));
  const processes = new ProcessGroup(folder);
  const stop = () => processes.end();
  try {
    const environment = await makeHome(folder);
    environment.DISPLAY = `:${await processes.startAndRead('Xvfb', screenArguments, environment)}`;
    const starts = typeof notifications === 'object' ? notifications.startedBy : undefined;
    const busArguments = await configureBus(folder, starts);
    environment.DBUS_SESSION_BUS_ADDRESS = await processes.startAndRead('dbus-daemon', busArguments, environment);
    await startKeyring(processes, environment, keyring === 'open');
    if (panel) await startPanel(processes, environment, panelColours);
    const start = (command: string, argv: readonly string[]) => void processes.start(command, argv, environment);
    const shown = notifications === true ? await startDunst(folder, environment, start) : undefined;
    return {
      environment,
      home: folder,
      tray: trayOf(environment),
      get notifications() {
        if (!shown) throw new Error('This desktop has no notification service');
        return shown;
      },
      screenshot: async (file) => {
        await execute('import', ['-window', 'root', file], { env: environment, timeout: START_DEADLINE });
      },
      lockKeyring: () => lockKeyring(environment),
      unlockKeyring: () => unlockKeyring(environment),
      answerKeyringPrompt: () => answerKeyringPrompt(environment),
      answerNewKeyringPrompt: () => answerKeyringPrompt(environment, true),
      isPrompted: () => isPrompted(environment),
      startPanel: () => startPanel(processes, environment, panelColours),
      stopPanel: async () => {
        // It answers before it is gone from the bus.
        await execute('xfce4-panel', ['--quit'], { env: environment, timeout: START_DEADLINE });
        await until('the end of the panel', START_DEADLINE, async () =>
          (await hasOwner(watcherName, environment)) ? undefined : true,
        );
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

// --- its parts ------------------------------------------------------------------------------------------------------------

/** Screen and bus report on file descriptor 3 when they are ready: the display's number, the bus's address. */
const screenArguments = ['-displayfd', '3', '-screen', '0', '1280x900x24', '-nolisten', 'tcp', '-noreset'];

/** What the bus starts when somebody asks for it, as the machine's packages say. */
const SERVICES = '/usr/share/dbus-1/services';

/**
 * The bus starts what the machine has installed, but for notifications: for those what the test says.
 * @returns the arguments of dbus-daemon
 */
async function configureBus(home: string, notificationsProgram: string | undefined): Promise<string[]> {
  const services = join(home, 'services');
  await mkdir(services);
  const line = `Name=${NOTIFICATIONS_NAME}`;
  for (const name of await readdir(SERVICES)) {
    const says = await readFile(join(SERVICES, name), 'utf8');
    if (!says.split('\n').includes(line)) await symlink(join(SERVICES, name), join(services, name));
  }
  if (notificationsProgram !== undefined) {
    const service = `[D-BUS Service]\n${line}\nExec=${notificationsProgram}\n`;
    await writeFile(join(services, 'notifications.service'), service);
  }
  const file = join(home, 'bus.conf');
  await writeFile(
    file,
    `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
      "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
    <busconfig>
      <type>session</type>
      <listen>unix:path=${join(home, 'session-bus')}</listen>
      <servicedir>${services}</servicedir>
      <policy context="default">
        <allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/>
      </policy>
      <limit name="service_start_timeout">120000</limit>
    </busconfig>`,
  );
  return [`--config-file=${file}`, '--nofork', '--nopidfile', '--print-address=3'];
}

async function makeHome(home: string): Promise<Environment> {
  const folders = {
    XDG_CONFIG_HOME: join(home, '.config'),
    XDG_CACHE_HOME: join(home, '.cache'),
    XDG_DATA_HOME: join(home, '.local', 'share'),
    XDG_STATE_HOME: join(home, '.local', 'state'),
    XDG_RUNTIME_DIR: join(home, 'run'),
  };
  for (const folder of Object.values(folders)) await mkdir(folder, { recursive: true, mode: 0o700 });
  return {
    PATH: process.env.PATH ?? '',
    LANG: 'C.UTF-8',
    HOME: home,
    ...folders,
    // By the desktop's name Electron chooses the Secret Service for safeStorage.
    XDG_CURRENT_DESKTOP: 'XFCE',
    XDG_SESSION_TYPE: 'x11',
    NO_AT_BRIDGE: '1',
  };
}

async function startKeyring(processes: ProcessGroup, environment: Environment, isOpen: boolean): Promise<void> {
  const argv = ['--foreground', '--components=secrets', ...(isOpen ? ['--unlock'] : [])];
  const keyring = processes.start('gnome-keyring-daemon', argv, environment);
  keyring.stdin?.end(KEYRING_PASSWORD);
  await waitForName('org.freedesktop.secrets', environment);
}

async function lockKeyring(environment: Environment): Promise<void> {
  const method = 'org.freedesktop.Secret.Service.Lock';
  const collections = "['/org/freedesktop/secrets/collection/login']";
  await callBus(environment, 'org.freedesktop.secrets', '/org/freedesktop/secrets', method, collections);
}

/**
 * Over the daemon's control socket, as its log-in module does it. The packet: its length, the operation, the password's length
 * and the password; before it one empty byte, which carries the sender's credentials. The answer ends with the result, 0 for
 * done. (`gnome-keyring-daemon --unlock` would only start a second daemon.)
 */
async function unlockKeyring(environment: Environment): Promise<void> {
  const password = Buffer.from(KEYRING_PASSWORD);
  const packet = Buffer.alloc(12);
  packet.writeUInt32BE(packet.length + password.length, 0);
  packet.writeUInt32BE(1, 4);
  packet.writeUInt32BE(password.length, 8);
  const socket = connect(join(environment.XDG_RUNTIME_DIR ?? '', 'keyring', 'control'));
  socket.write(Buffer.concat([Buffer.from([0]), packet, password]));
  const answer: Buffer[] = [];
  for await (const chunk of socket) answer.push(chunk as Buffer);
  if (Buffer.concat(answer).readUInt32BE(4) !== 0) throw new Error('The keyring was not unlocked');
}

const promptWindow = ['search', '--onlyvisible', '--limit', '1', '--class', 'gcr-prompter'];

/**
 * The prompt is a window of gcr-prompter, which the bus starts. Without a window manager it is given the focus by hand.
 * @param isNew - the password is wanted twice
 */
async function answerKeyringPrompt(environment: Environment, isNew = false): Promise<void> {
  const xdotool = (...argv: string[]) => execute('xdotool', argv, { env: environment, timeout: START_DEADLINE });
  const [search = '', ...what] = promptWindow;
  const { stdout } = await xdotool(search, '--sync', ...what);
  await xdotool('windowfocus', '--sync', stdout.trim(), 'type', '--delay', '50', KEYRING_PASSWORD);
  if (isNew) await xdotool('key', 'Tab', 'type', '--delay', '50', KEYRING_PASSWORD);
  await xdotool('key', 'Return');
}

async function isPrompted(environment: Environment): Promise<boolean> {
  // It fails when it finds none.
  const found = await execute('xdotool', promptWindow, { env: environment, timeout: START_DEADLINE }).catch(
    () => undefined,
  );
  return found !== undefined && found.stdout.trim() !== '';
}

/** A bar at the top with nothing in it but the tray. Without a configuration the panel would ask for one in a window. */
const panelConfiguration = (isDark: boolean) => `<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-panel" version="1.0">
  <property name="configver" type="int" value="2"/>
  <property name="panels" type="array">
    <value type="int" value="1"/>
    <property name="dark-mode" type="bool" value="${isDark}"/>
    <property name="panel-1" type="empty">
      <property name="position" type="string" value="p=6;x=0;y=0"/>
      <property name="position-locked" type="bool" value="true"/>
      <property name="length" type="uint" value="100"/>
      <property name="size" type="uint" value="32"/>
      <property name="plugin-ids" type="array">
        <value type="int" value="1"/>
      </property>
    </property>
  </property>
  <property name="plugins" type="empty">
    <property name="plugin-1" type="string" value="systray"/>
  </property>
</channel>
`;

async function startPanel(processes: ProcessGroup, environment: Environment, colours: PanelColours): Promise<void> {
  const folder = join(environment.XDG_CONFIG_HOME ?? '', 'xfce4', 'xfconf', 'xfce-perchannel-xml');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'xfce4-panel.xml'), panelConfiguration(colours === 'dark'));
  processes.start('xfce4-panel', ['--disable-wm-check'], environment);
  await waitForName(watcherName, environment);
}

// --- the tray -------------------------------------------------------------------------------------------------------------

function trayOf(environment: Environment): Tray {
  const items = async (): Promise<string[]> => {
    const path = '/StatusNotifierWatcher';
    const name = watcherName;
    return asList(await getProperty(environment, name, path, name, 'RegisteredStatusNotifierItems')).map(String);
  };
  const addressOf = async (item: string | undefined): Promise<Address> => {
    const chosen = item ?? (await items()).at(-1);
    if (!chosen) throw new Error('No item in the tray');
    return splitItem(chosen);
  };
  const property = async (name: string, item?: string): Promise<GVariant> => {
    const { bus, path } = await addressOf(item);
    return getProperty(environment, bus, path, 'org.kde.StatusNotifierItem', name);
  };
  const callMenu = async (item: string | undefined, method: string, ...values: string[]): Promise<GVariant> => {
    const { bus } = await addressOf(item);
    return callBus(
      environment,
      bus,
      String(await property('Menu', item)),
      `com.canonical.dbusmenu.${method}`,
      ...values,
    );
  };
  const menu = async (item?: string): Promise<TrayMenuEntry[]> =>
    readMenuLayout(await callMenu(item, 'GetLayout', '0', '-1', '@as []'));
  return {
    items,
    property,
    menu,
    waitForItem: (timeout = START_DEADLINE) =>
      until('an item in the tray', timeout, async () => (await items()).at(-1)),
    click: async (label, item) => {
      const entries = flatten(await menu(item));
      const entry = entries.find((candidate) => candidate.label === label && candidate.visible);
      if (!entry) throw new Error(`No "${label}" in the tray's menu: ${entries.map((each) => each.label).join(' | ')}`);
      if (!entry.enabled) throw new Error(`"${label}" in the tray's menu is greyed out`);
      await callMenu(item, 'Event', String(entry.id), 'clicked', "<''>", '0');
    },
    activate: async (item) => {
      const { bus, path } = await addressOf(item);
      await callBus(environment, bus, path, 'org.kde.StatusNotifierItem.Activate', '0', '0');
    },
  };
}

interface Address {
  readonly bus: string;
  readonly path: string;
}

/** `:1.12/StatusNotifierItem` → the connection's name on the bus, and the object's path there. */
function splitItem(item: string): Address {
  const slash = item.indexOf('/');
  return slash < 0
    ? { bus: item, path: '/StatusNotifierItem' }
    : { bus: item.slice(0, slash), path: item.slice(slash) };
}

/** The answer of dbusmenu's `GetLayout`: `(revision, (id, properties, children))`. */
export function readMenuLayout(answer: GVariant): TrayMenuEntry[] {
  const [, root] = asList(answer);
  return asList(asList(root)[2]).map(readMenuEntry);
}

function readMenuEntry(value: GVariant): TrayMenuEntry {
  const [id, properties, children] = asList(value);
  const given = isDictionary(properties) ? properties : {};
  const toggled = given['toggle-state'];
  return {
    id: Number(id),
    // An underscore marks the access key, two are one.
    label: String(given.label ?? '').replace(/_(.)/g, '$1'),
    separator: given.type === 'separator',
    enabled: given.enabled !== false,
    visible: given.visible !== false,
    ...(given['toggle-type'] ? { checked: toggled === 1 } : {}),
    children: asList(children).map(readMenuEntry),
  };
}

function flatten(entries: readonly TrayMenuEntry[]): TrayMenuEntry[] {
  return entries.flatMap((entry) => [entry, ...flatten(entry.children)]);
}

function asList(value: GVariant | undefined): readonly GVariant[] {
  return Array.isArray(value) ? value : [];
}

function isDictionary(value: GVariant | undefined): value is { readonly [key: string]: GVariant } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

// --- the bus --------------------------------------------------------------------------------------------------------------

async function callBus(
  environment: Environment,
  destination: string,
  path: string,
  method: string,
  ...values: string[]
): Promise<GVariant> {
  const addressing = ['--session', '--dest', destination, '--object-path', path, '--method', method];
  // `--` because a value may begin with a dash, such as -1.
  const { stdout } = await execute('gdbus', ['call', ...addressing, '--', ...values], {
    env: environment,
    timeout: START_DEADLINE,
    maxBuffer: 16 * 1024 * 1024,
  });
  return parseGVariant(stdout);
}

async function getProperty(
  environment: Environment,
  destination: string,
  path: string,
  ofInterface: string,
  name: string,
): Promise<GVariant> {
  const answer = await callBus(
    environment,
    destination,
    path,
    'org.freedesktop.DBus.Properties.Get',
    ofInterface,
    name,
  );
  return asList(answer)[0] ?? null;
}

async function hasOwner(name: string, environment: Environment): Promise<boolean> {
  const bus = 'org.freedesktop.DBus';
  const answer = await callBus(environment, bus, '/org/freedesktop/DBus', `${bus}.NameHasOwner`, name);
  return asList(answer)[0] === true;
}

/** Resolves when somebody owns the name on the bus. */
async function waitForName(name: string, environment: Environment): Promise<void> {
  const seconds = String(START_DEADLINE / 1000);
  await execute('gdbus', ['wait', '--session', '--timeout', seconds, name], { env: environment });
}

/** Asks again and again until there is an answer: the bus offers no call that waits for it. `timeout` in milliseconds. */
async function until<T>(what: string, timeout: number, ask: () => Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + timeout;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > deadline) throw new Error(`Waited ${timeout} ms in vain for ${what}`);
    await delay(50);
  }
}

// --- processes ------------------------------------------------------------------------------------------------------------

/**
 * Processes that do not outlive this one. Each leads a process group, which is ended as a whole; and should this process be
 * killed without a chance to end them, the kernel does it (`setpriv --pdeathsig`).
 */
class ProcessGroup {
  private readonly children: ChildProcess[] = [];
  private readonly leaveNothing = () => {
    for (const child of this.children) signal(child, 'SIGKILL');
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  };

  /** @param folder What they write into; removed with them. */
  constructor(private readonly folder: string) {
    process.once('exit', this.leaveNothing);
  }

  start(command: string, args: readonly string[], environment: Environment): ChildProcess {
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', command, ...args], {
      env: environment,
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore', 'pipe'],
    });
    child.on('error', () => undefined);
    this.children.push(child);
    return child;
  }

  /** Starts it and returns the first line that it writes on file descriptor 3. */
  async startAndRead(command: string, args: readonly string[], environment: Environment): Promise<string> {
    const child = this.start(command, args, environment);
    return inTime(`the start of ${command}`, START_DEADLINE, firstLine(child.stdio[3] as Readable, command));
  }

  /** In reverse order, so that nobody loses the bus or the screen before it is ended itself. */
  async end(): Promise<void> {
    for (const child of this.children.reverse()) {
      const ended = hasEnded(child) ? Promise.resolve() : once(child, 'exit');
      signal(child, 'SIGTERM');
      const inTime = await Promise.race([ended.then(() => true), delay(2_000, false, { ref: false })]);
      // Also when its leader has ended: the group may have others in it.
      signal(child, 'SIGKILL');
      if (!inTime) await ended;
    }
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
    process.removeListener('exit', this.leaveNothing);
  }
}

async function firstLine(output: Readable, command: string): Promise<string> {
  let said = '';
  output.setEncoding('utf8');
  for await (const chunk of output) {
    said += String(chunk);
    if (said.includes('\n')) return said.split('\n')[0] ?? '';
  }
  throw new Error(`${command} did not start`);
}

function hasEnded(child: ChildProcess): boolean {
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
}

function signal(child: ChildProcess, name: NodeJS.Signals): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, name);
  } catch {
    // The group is gone already, which is what was wanted.
  }
}
