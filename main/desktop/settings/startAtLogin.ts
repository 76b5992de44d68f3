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

/** The part of Electron's `app` that handles the login items of macOS and Windows. */
export interface LoginItems {
  getLoginItemSettings(options?: { args?: string[] }): {
    openAtLogin: boolean;
    wasOpenedAtLogin?: boolean;
    executableWillLaunchAtLogin?: boolean;
    status?: string;
  };
  setLoginItemSettings(settings: { openAtLogin: boolean; args?: string[]; enabled?: boolean }): void;
}

/** What start at login depends on; `process` and Electron's `app` provide all of it. */
export interface LoginWorld {
  readonly platform: NodeJS.Platform;
  /** False in development, where the program is Electron itself with a folder as its argument. */
  readonly isPackaged: boolean;
  /** The absolute path of the running program. */
  readonly execPath: string;
  /** On Linux: `XDG_CONFIG_HOME`, `HOME`, and for an AppImage `APPIMAGE` and `APPDIR`. */
  readonly environment: NodeJS.ProcessEnv;
  readonly loginItems: LoginItems;
}

export interface StartAtLoginState {
  /** Whether the system starts Loopgate at login, as far as it reports that. */
  readonly isOn: boolean;
  /** False if {@link StartAtLogin.set} would refuse. */
  readonly isAvailable: boolean;
  /** A text for the person: why it is not available, or what the system still requires. */
  readonly notice?: string;
}

/** Whether Loopgate starts when the person logs in. It is off by default. */
export interface StartAtLogin {
  /** Asks the system again, because the person may have changed it in the system's settings. */
  state(): StartAtLoginState;
  /**
   * Switches it on or off. @returns the state that the system then reports
   * @throws LoopgateError when it is not available or the system refuses; nothing has changed then
   */
  set(isOn: boolean): StartAtLoginState;
  /**
   * Call it at each start. It corrects our own entry if that names another program than this one (an AppImage that was
   * moved).
   */
  repair(): void;
  /** For "Remove everything". Entries that are not ours stay. @throws LoopgateError when our entry could not be removed */
  remove(): void;
}

/** Start at login, the way the system does it. */
export function startAtLogin(world: LoginWorld): StartAtLogin {
  if (!world.isPackaged) return new NotAvailable();
  return world.platform === 'linux' ? new AutostartEntry(world) : new SystemLoginItem(world);
}

/** Start at login for this very program. It corrects our own entry if the program has moved. */
export function ownStartAtLogin(app: LoginItems & { readonly isPackaged: boolean }): StartAtLogin {
  const { platform, execPath, env: environment } = process;
  const own = startAtLogin({ platform, execPath, environment, isPackaged: app.isPackaged, loginItems: app });
  own.repair();
  return own;
}

/**
 * Whether the system started the app at login, so that no window opens.
 * @param argv - the arguments of this process, or of a second one that has just been started
 * @param loginItems - needed on macOS, which passes no arguments at login; absent for a second start
 */
export function startsHidden(argv: readonly string[], platform: NodeJS.Platform, loginItems?: LoginItems): boolean {
  if (argv.includes(hiddenArgument)) return true;
  return platform === 'darwin' && loginItems?.getLoginItemSettings().wasOpenedAtLogin === true;
}

/** The system could not start the running program by itself. */
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

  /** macOS follows an app that is moved, and a Windows installer does not move it. */
  repair(): void {}

  remove(): void {
    this.#items.setLoginItemSettings({ openAtLogin: false, ...this.#arguments() });
  }

  #arguments(): { args?: string[] } {
    return this.#isMac ? {} : { args: [hiddenArgument] };
  }
}

/** Marks an entry as ours, so that we never change another program's. */
const ownMark = 'X-Loopgate-StartAtLogin';
/** An entry has a few hundred bytes. */
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
    // Keep the person's changes to the entry, even if they have switched it off.
    const mended = entry.text
      .replace(/^Exec=.*$/m, () => `Exec=${execOf(this.#program)}`)
      .replace(/^TryExec=.*$/m, () => `TryExec=${escaped(this.#program)}`);
    if (mended === entry.text) return;
    try {
      this.#write(mended);
    } catch {
      // The next start tries again.
    }
  }

  remove(): void {
    if (this.#read()?.isOurs) this.#change(() => rmSync(this.#path, { force: true }));
  }

  /** Only a plain file can be ours. An entry that cannot be read is not ours, and counts as off. */
  #read(): { text: string; isOurs: boolean } | undefined {
    try {
      const link = lstatSync(this.#path, { throwIfNoEntry: false });
      if (link === undefined) return undefined;
      // Check the type first: opening a pipe would wait for a writer.
      const status = statSync(this.#path);
      if (!status.isFile() || status.size > maxEntryBytes) return { text: '', isOurs: false };
      const text = readFileSync(this.#path, 'utf8');
      return { text, isOurs: link.isFile() && entryValue(text, ownMark) === 'true' };
    } catch (error) {
      // A file where the folder should be: there is no entry.
      return errorCode(error) === 'ENOTDIR' ? undefined : { text: '', isOurs: false };
    }
  }

  /** Writes the whole entry or leaves the old one. A desktop does not start a file with the temporary name. */
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

/** An absolute path; empty if there is none (XDG Base Directory Specification). */
function configFolder({ XDG_CONFIG_HOME, HOME = '' }: NodeJS.ProcessEnv): string {
  if (XDG_CONFIG_HOME !== undefined && isAbsolute(XDG_CONFIG_HOME)) return XDG_CONFIG_HOME;
  return join(HOME, '.config');
}

function entryFor(program: string): string {
  return [
    '[Desktop Entry]',
    'Type=Application',
    'Name=Loopgate',
    // Desktop Entry Specification, localized values: the desktop's language may change later.
    ...languages.map(({ language, startAtLogin: { comment } }) =>
      language === 'en' ? `Comment=${comment}` : `Comment[${language}]=${comment}`,
    ),
    `Exec=${execOf(program)}`,
    // If the program is gone, the desktop starts nothing and reports no error.
    `TryExec=${escaped(program)}`,
    'Icon=loopgate',
    'Terminal=false',
    'X-GNOME-Autostart-enabled=true',
    `${ownMark}=true`,
    '',
  ].join('\n');
}

/** A command line by the Desktop Entry Specification, with the escapes that every value needs. */
function execOf(program: string): string {
  // The specification forbids `=` in a program's path, and GLib looks for a path with `%` under its doubled name. So a shell
  // starts these.
  const start = /[%=]/.test(program) ? ['sh', '-c', quoted('exec "$0" "$@"')] : [];
  return escaped([...start, quoted(program), hiddenArgument].join(' '));
}

/**
 * One argument of `Exec`, in double quotes: characters that they do not cover get a backslash, and `%`, which begins a field
 * code, is doubled.
 */
function quoted(argument: string): string {
  return `"${argument.replace(/["`$\\]/g, '\\$&').replaceAll('%', '%%')}"`;
}

/** Escapes a value of type string. */
function escaped(value: string): string {
  const letters: Record<string, string> = { '\\': '\\\\', '\n': '\\n', '\t': '\\t', '\r': '\\r' };
  return value.replace(/[\\\n\t\r]/g, (character) => letters[character] ?? character);
}

function isEnabled(text: string): boolean {
  if (entryValue(text, 'Exec') === undefined) return false;
  return entryValue(text, 'Hidden') !== 'true' && entryValue(text, 'X-GNOME-Autostart-enabled') !== 'false';
}

/** The value of a key in the group `Desktop Entry`. If the key occurs twice the last one counts, as for the desktops. */
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
