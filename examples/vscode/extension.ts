/** Loopgate as one of VS Code's accounts: what VS Code asks of an account, asked of Loopgate. */

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import * as loopgate from './loopgate.ts';

const providerId = 'loopgate';
const startCommand = 'loopgate.start';

export function activate(context: vscode.ExtensionContext): void {
  const provider = new LoopgateProvider();
  context.subscriptions.push(
    provider,
    vscode.authentication.registerAuthenticationProvider(providerId, 'Loopgate', provider),
    vscode.commands.registerCommand('loopgate.switchAccount', switchAccount),
    vscode.commands.registerCommand(startCommand, () => startLoopgate(context.extensionUri)),
  );
  provider.follow();
}

/**
 * The sessions, as Loopgate has them at that moment: nothing is kept here. One person is active for all programs; a token is
 * theirs alone.
 */
class LoopgateProvider implements vscode.AuthenticationProvider, vscode.Disposable {
  readonly #changes = new vscode.EventEmitter<vscode.AuthenticationProviderAuthenticationSessionsChangeEvent>();
  readonly onDidChangeSessions = this.#changes.event;
  readonly #warning = vscode.window.createStatusBarItem('loopgate.notRunning', vscode.StatusBarAlignment.Left);
  readonly #stop = new AbortController();
  /** The sets of scopes that somebody wanted: by these VS Code knows which entry "Sign in" of its menu is done with. */
  readonly #wanted = new Map<string, readonly string[]>([['', []]]);
  /** Who VS Code was told of. */
  #told: readonly loopgate.Person[] = [];
  #looking = Promise.resolve();

  /** Follows who is signed in, and says it while Loopgate is not running. */
  follow(): void {
    this.#warning.name = 'Loopgate';
    this.#warning.text = '$(warning) Loopgate is not running';
    this.#warning.tooltip = 'Nobody can sign in with Loopgate. Click to start it.';
    this.#warning.command = startCommand;
    void loopgate.follow((isRunning) => {
      if (isRunning) this.#warning.hide();
      else this.#warning.show();
      this.#looking = this.#looking.then(() => this.#look());
    }, this.#stop.signal);
  }

  dispose(): void {
    this.#stop.abort();
    this.#warning.dispose();
    this.#changes.dispose();
  }

  /** @param scopes - absent: VS Code fills its Accounts menu, which needs no token and gets none */
  async getSessions(
    scopes: readonly string[] | undefined,
    { account }: vscode.AuthenticationProviderSessionOptions,
  ): Promise<vscode.AuthenticationSession[]> {
    const people = await peopleIfRunning();
    if (!scopes) return people.map((person) => sessionOf(person, []));
    this.#wanted.set(scopes.join(' '), scopes);
    const [active] = people;
    // Another account becomes the active one by createSession only, when VS Code may ask the person.
    if (!active || (account && account.id !== active.id)) return [];
    return [sessionOf(active, scopes, await loopgate.accessToken(active.id, scopes))];
  }

  /** The person wants this: Loopgate may ask them, and opens the login in the browser where nobody is signed in. */
  async createSession(
    scopes: readonly string[],
    { account }: vscode.AuthenticationProviderSessionOptions,
  ): Promise<vscode.AuthenticationSession> {
    const progress = {
      location: vscode.ProgressLocation.Notification,
      title: 'Loopgate: finish the sign-in in your browser',
      cancellable: true,
    };
    return await vscode.window.withProgress(progress, async (_, cancelled) => {
      const stop = new AbortController();
      cancelled.onCancellationRequested(() => stop.abort());
      try {
        const person = await loopgate.signIn(account?.id, stop.signal);
        return sessionOf(person, scopes, await loopgate.accessToken(person.id, scopes));
      } catch (error) {
        if (stop.signal.aborted) throw new vscode.CancellationError();
        if (isNotRunning(error)) void offerStart();
        throw error;
      }
    });
  }

  async removeSession(sessionId: string): Promise<void> {
    await loopgate.signOut(sessionId);
  }

  /** Tells VS Code what is new. */
  async #look(): Promise<void> {
    const before = this.#told;
    const now = await peopleIfRunning().catch(() => before);
    this.#told = now;
    const sessions = (people: readonly loopgate.Person[]) =>
      people.flatMap((person) => [...this.#wanted.values()].map((scopes) => sessionOf(person, scopes)));
    const notIn = (people: readonly loopgate.Person[]) => (one: loopgate.Person) =>
      !people.some(({ id, label }) => id === one.id && label === one.label);
    const isSwitched = before[0]?.id !== now[0]?.id;
    const added = sessions(now.filter(notIn(before)));
    const removed = sessions(before.filter(notIn(now)));
    const changed = isSwitched ? sessions(now.filter((one) => !notIn(before)(one))) : [];
    if (added.length + removed.length + changed.length > 0) this.#changes.fire({ added, removed, changed });
    // The entry "Sign in" in the Accounts menu is VS Code's own: it is there once an extension has asked in vain.
    if (now.length === 0) void vscode.authentication.getSession(providerId, []);
  }
}

/** No token, but for who has asked for one. */
function sessionOf(person: loopgate.Person, scopes: readonly string[], accessToken = ''): vscode.AuthenticationSession {
  return { id: person.id, account: person, scopes, accessToken };
}

/** A Loopgate that does not run has nobody. */
async function peopleIfRunning(): Promise<loopgate.Person[]> {
  try {
    return await loopgate.people();
  } catch (error) {
    if (isNotRunning(error)) return [];
    throw error;
  }
}

function isNotRunning(error: unknown): boolean {
  return error instanceof loopgate.LoopgateError && error.code === loopgate.notRunning;
}

async function switchAccount(): Promise<void> {
  const add = { label: '$(add) Another account: add it in Loopgate', id: undefined };
  try {
    const others = (await loopgate.people()).slice(1);
    const chosen = await vscode.window.showQuickPick([...others, add], {
      title: 'Loopgate: the account for all programs',
    });
    if (chosen === add) await vscode.commands.executeCommand(startCommand);
    else if (chosen) await loopgate.signIn(chosen.id);
  } catch (error) {
    if (isNotRunning(error)) await offerStart();
    // VS Code shows it.
    else throw error;
  }
}

function offerStart(): Promise<void> {
  return offer('Loopgate is not running.', 'Start Loopgate', startCommand);
}

/** Starts the installed app; one that runs already shows its window. */
async function startLoopgate(extension: vscode.Uri): Promise<void> {
  const program = installedProgram();
  if (program === undefined) {
    // As the package spells it.
    const readme = vscode.Uri.joinPath(extension, 'readme.md');
    return await offer('Loopgate was not found on this machine.', 'How to Get It', 'markdown.showPreview', readme);
  }
  // What VS Code tells its own Electron is not for another one, and no other program decides about Loopgate's settings.
  const own = /^(ELECTRON_|VSCODE_|LOOPGATE_(?!HOME$))/;
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !own.test(name)));
  const started = spawn(program, [], { detached: true, stdio: 'ignore', env });
  started.on('error', ({ message }: Error) => {
    void vscode.window.showErrorMessage(`Loopgate could not be started: ${message}`);
  });
  started.unref();
}

function installedProgram(): string | undefined {
  const chosen = vscode.workspace.getConfiguration('loopgate').get<string>('program');
  const usual = [
    '/opt/Loopgate/loopgate',
    '/Applications/Loopgate.app/Contents/MacOS/Loopgate',
    join(homedir(), 'Applications', 'Loopgate.app', 'Contents', 'MacOS', 'Loopgate'),
    join(process.env.LOCALAPPDATA ?? homedir(), 'Programs', 'loopgate', 'Loopgate.exe'),
  ];
  return (chosen ? [chosen] : usual).find((program) => existsSync(program));
}

/** Says what is wrong, with one button. */
async function offer(problem: string, button: string, command: string, ...argv: readonly vscode.Uri[]): Promise<void> {
  const chosen = await vscode.window.showErrorMessage(problem, button);
  if (chosen === button) await vscode.commands.executeCommand(command, ...argv);
}
