import {
  closeSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { languages, spoken } from '../../../preload/texts/index.ts';
import { verbatim } from '../../../preload/texts/messages.ts';
import { LoopgateError } from '../../errors/errors.ts';
import { syncFolder, writeFailure } from '../../storage/jsonFile.ts';
import { errorCode } from '../../system/errorCode.ts';
import { hiddenArgument, launchTarget } from '../../system/launchTarget.ts';

/** The part of Electron's `app` that knows the login items of macOS and Windows. */
export interface LoginItems {
  getLoginItemSettings(options?: { args?: string[] }): {
    openAtLogin: boolean;
    wasOpenedAtLogin?: boolean;
    executableWillLaunchAtLogin?: boolean;
    status?: string;
  };
  setLoginItemSettings(settings: { openAtLogin: boolean; args?: string[]; enabled?: boolean }): void;
}

/** What start at login depends on; `process` and Electron's `app` have all of it. */
export interface LoginWorld {
  readonly platform: NodeJS.Platform;
  /** False in development, where the program is Electron itself with a folder as its argument. */
  readonly isPackaged: boolean;
  /** The program that runs, absolute. */
  readonly execPath: string;
  /** Of Linux: `XDG_CONFIG_HOME`, `HOME`, and of an AppImage `APPIMAGE` and `APPDIR`. */
  readonly environment: NodeJS.ProcessEnv;
  readonly loginItems: LoginItems;
}

export interface StartAtLoginState {
  /** Whether the system starts Loopgate at login, as far as it says. */
  readonly isOn: boolean;
  /** False where {@link StartAtLogin.set} would refuse. */
  readonly isAvailable: boolean;
  /** What a person should know or do, in words: why it is not available, or what the system still wants. */
  readonly notice?: string;
}

/** Whether Loopgate starts when the person logs in. Off until they want it. */
export interface StartAtLogin {
  /** Asks the system again: the person may have changed it in the system's settings. */
  state(): StartAtLoginState;
  /**
   * Switches it. @returns the state as the system then has it
   * @throws LoopgateError when it is not available or the system refuses; nothing has changed then
   */
  set(isOn: boolean): StartAtLoginState;
  /** At each start: an entry of ours that names another program than this one (an AppImage that was moved) is mended. */
  repair(): void;
  /** For "Remove everything". What is not ours stays. @throws LoopgateError when it could not be removed */
  remove(): void;
}

/** Start at login as the system does it. */
export function startAtLogin(world: LoginWorld): StartAtLogin {
  if (!world.isPackaged) return new NotAvailable();
  return world.platform === 'linux' ? new AutostartEntry(world) : new SystemLoginItem(world);
}

/** That of this very program. An entry of ours that names another place, from where it was moved, is mended. */
export function ownStartAtLogin(app: LoginItems & { readonly isPackaged: boolean }): StartAtLogin {
  const { platform, execPath, env: environment } = process;
  const own = startAtLogin({ platform, execPath, environment, isPackaged: app.isPackaged, loginItems: app });
  own.repair();
  return own;
}

/**
 * Whether this start is one at login, so that no window opens.
 * @param argv - of this process, or of a second one that has just been started
 * @param loginItems - on macOS, which gives no arguments to what it starts at login; absent for a second start
 */
export function startsHidden(argv: readonly string[], platform: NodeJS.Platform, loginItems?: LoginItems): boolean {
  if (argv.includes(hiddenArgument)) return true;
  return platform === 'darwin' && loginItems?.getLoginItemSettings().wasOpenedAtLogin === true;
}

/** The program that runs here is not one that the system could start by itself. */
class NotAvailable implements StartAtLogin {
  state(): StartAtLoginState {
    return {
      isOn: false,
      isAvailable: false,
      notice: spoken().texts.startAtLogin.fromSources,
    };
  }

  set(): StartAtLoginState {
    throw refusal(this.state().notice ?? '');
  }

  repair(): void {}

  remove(): void {}
}

/** macOS and Windows: the system keeps the list, and its settings show it. */
class SystemLoginItem implements StartAtLogin {
  readonly #items: LoginItems;
  readonly #isMac: boolean;

  constructor({ loginItems, platform }: LoginWorld) {
    this.#items = loginItems;
    this.#isMac = platform === 'darwin';
  }

  state(): StartAtLoginState {
    const { openAtLogin, executableWillLaunchAtLogin, status } = this.#items.getLoginItemSettings(this.#arguments());
    if (this.#isMac && status === 'requires-approval') {
      const notice = spoken().texts.startAtLogin.approval;
      return { isOn: false, isAvailable: true, notice };
    }
    // Windows keeps an entry that was switched off in the Task Manager.
    return { isOn: openAtLogin && (this.#isMac || executableWillLaunchAtLogin === true), isAvailable: true };
  }

  set(isOn: boolean): StartAtLoginState {
    this.#items.setLoginItemSettings({
      openAtLogin: isOn,
      ...this.#arguments(),
      ...(!this.#isMac && { enabled: true }),
    });
    const state = this.state();
    if (state.isOn !== isOn && state.notice === undefined) {
      const { startAtLogin: words } = spoken().texts;
      throw refusal(isOn ? words.notAdded : words.notRemoved);
    }
    return state;
  }

  /** macOS follows an app that is moved, and an installer of Windows leaves it where it is. */
  repair(): void {}

  remove(): void {
    this.#items.setLoginItemSettings({ openAtLogin: false, ...this.#arguments() });
  }

  #arguments(): { args?: string[] } {
    return this.#isMac ? {} : { args: [hiddenArgument] };
  }
}

/** What shows that an entry was made here, so that nobody else's is changed. */
const ownMark = 'X-Loopgate-StartAtLogin';
/** Bytes; an entry has a few hundred. */
const maxEntryBytes = 64 * 1024;

/** Linux: a file in the autostart folder (Desktop Application Autostart Specification). */
class AutostartEntry implements StartAtLogin {
  readonly #path: string;
  readonly #program: string;

  constructor(world: LoginWorld) {
    this.#path = join(configFolder(world.environment), 'autostart', 'loopgate.desktop');
    this.#program = launchTarget(world);
  }

  state(): StartAtLoginState {
    const entry = this.#read();
    if (entry === undefined) return { isOn: false, isAvailable: true };
    if (entry.isOurs) return { isOn: isEnabled(entry.text), isAvailable: true };
    const notice = spoken().texts.startAtLogin.foreign(this.#path);
    return { isOn: isEnabled(entry.text), isAvailable: false, notice };
  }

  set(isOn: boolean): StartAtLoginState {
    const { isAvailable, notice = '' } = this.state();
    if (!isAvailable) throw refusal(notice);
    this.#change(() => (isOn ? this.#write(entryFor(this.#program)) : rmSync(this.#path, { force: true })));
    return this.state();
  }

  repair(): void {
    const entry = this.#read();
    if (!entry?.isOurs) return;
    // What the person has changed in it, switched off too, stays as it is.
    const mended = entry.text
      .replace(/^Exec=.*$/m, () => `Exec=${execOf(this.#program)}`)
      .replace(/^TryExec=.*$/m, () => `TryExec=${escaped(this.#program)}`);
    if (mended === entry.text) return;
    try {
      this.#write(mended);
    } catch {
      // It is looked at again at the next start; nobody waits for it.
    }
  }

  remove(): void {
    if (this.#read()?.isOurs) this.#change(() => rmSync(this.#path, { force: true }));
  }

  /** Only a plain file can be ours. What cannot be read is somebody else's, and counts as off. */
  #read(): { text: string; isOurs: boolean } | undefined {
    try {
      const link = lstatSync(this.#path, { throwIfNoEntry: false });
      if (link === undefined) return undefined;
      // Looked at first: to open a pipe would wait for who writes into it.
      const status = statSync(this.#path);
      if (!status.isFile() || status.size > maxEntryBytes) return { text: '', isOurs: false };
      const text = readFileSync(this.#path, 'utf8');
      return { text, isOurs: link.isFile() && entryValue(text, ownMark) === 'true' };
    } catch (error) {
      // A file where the folder should be: there is no entry.
      return errorCode(error) === 'ENOTDIR' ? undefined : { text: '', isOurs: false };
    }
  }

  /** The old entry or the new one, whatever happens. The name beside it is none that a desktop starts. */
  #write(text: string): void {
    const folder = dirname(this.#path);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const written = join(folder, '.loopgate.desktop.new');
    try {
      rmSync(written, { force: true });
      const file = openSync(written, 'wx', 0o644);
      try {
        writeFileSync(file, text);
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
      renameSync(written, this.#path);
    } catch (error) {
      rmSync(written, { force: true });
      throw error;
    }
    syncFolder(folder);
  }

  #change(change: () => void): void {
    try {
      change();
    } catch (error) {
      const { startAtLogin: words, said } = spoken().texts;
      const failure = writeFailure(error, dirname(this.#path));
      const reason = failure === undefined ? words.failedPath(this.#path) : said(failure);
      throw refusal(words.failed(reason), words.failedNext);
    }
  }
}

/** An absolute path, or none (XDG Base Directory Specification). */
function configFolder({ XDG_CONFIG_HOME, HOME = '' }: NodeJS.ProcessEnv): string {
  if (XDG_CONFIG_HOME !== undefined && isAbsolute(XDG_CONFIG_HOME)) return XDG_CONFIG_HOME;
  return join(HOME, '.config');
}

function entryFor(program: string): string {
  return [
    '[Desktop Entry]',
    'Type=Application',
    'Name=Loopgate',
    // Desktop Entry Specification, localized values: the desktop may speak another language tomorrow.
    ...languages.map(({ language, startAtLogin: { comment } }) =>
      language === 'en' ? `Comment=${comment}` : `Comment[${language}]=${comment}`,
    ),
    `Exec=${execOf(program)}`,
    // Where the program is gone, nothing is started and nothing is said.
    `TryExec=${escaped(program)}`,
    'Icon=loopgate',
    'Terminal=false',
    'X-GNOME-Autostart-enabled=true',
    `${ownMark}=true`,
    '',
  ].join('\n');
}

/** A command line by the Desktop Entry Specification, with the escapes that every value has. */
function execOf(program: string): string {
  // The specification forbids `=` in a program's path, and GLib looks for one with `%` under its doubled name: a shell starts these.
  const start = /[%=]/.test(program) ? ['sh', '-c', quoted('exec "$0" "$@"')] : [];
  return escaped([...start, quoted(program), hiddenArgument].join(' '));
}

/** One argument of `Exec`: a backslash before what double quotes do not cover, and `%` doubled, which begins a field code. */
function quoted(argument: string): string {
  return `"${argument.replace(/["`$\\]/g, '\\$&').replaceAll('%', '%%')}"`;
}

/** The escapes of a value of type string. */
function escaped(value: string): string {
  const letters: Record<string, string> = { '\\': '\\\\', '\n': '\\n', '\t': '\\t', '\r': '\\r' };
  return value.replace(/[\\\n\t\r]/g, (character) => letters[character] ?? character);
}

function isEnabled(text: string): boolean {
  if (entryValue(text, 'Exec') === undefined) return false;
  return entryValue(text, 'Hidden') !== 'true' && entryValue(text, 'X-GNOME-Autostart-enabled') !== 'false';
}

/** The value of a key in the group `Desktop Entry`; of two the last, as the desktops have it. */
function entryValue(text: string, key: string): string | undefined {
  let group = '';
  let value: string | undefined;
  for (const line of text.split(/\r?\n/)) {
    group = /^\[(.*)\]\s*$/.exec(line)?.[1] ?? group;
    const [, name, given] = /^([A-Za-z0-9-]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (group === 'Desktop Entry' && name === key) value = given;
  }
  return value;
}

function refusal(happened: string, next = ''): LoopgateError {
  return new LoopgateError('internal', { happened: verbatim(happened), next: verbatim(next) });
}
