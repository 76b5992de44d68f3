import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { copyFileSync, linkSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, expect, onTestFinished, type TestContext, vi } from 'vitest';
import { BrowserDouble } from '../../demo/identity-provider/person.ts';
import type { IdentityProvider, IdentityProviderOptions } from '../../demo/identity-provider/provider.ts';
import type { GuardMode } from '../../main/access/decisions.ts';
import type { Gate } from '../../main/access/gate.ts';
import type { ConsentAnswer, Question } from '../../main/access/questions.ts';
import { type ApiOptions, createApi } from '../../main/api/server.ts';
import { Broker } from '../../main/broker/broker.ts';
import type { DeviceCode } from '../../main/broker/login/deviceLogin.ts';
import { type CallerLookup, callerWith } from '../../main/callers/caller.ts';
import { systemCallerLookup } from '../../main/callers/systemLookup.ts';
import { type Listening, listen } from '../../main/listener/listen.ts';
import { FakeClock, localProvider, plainFetch, TestLog, TestVault } from '../../testing/brokerWorld.ts';
import { isLoginAddress } from '../../testing/loginAddress.ts';
import { TestListStore, testGate } from '../../testing/testGate.ts';
import { projectFolder } from './headless.ts';

/** Who is signed in here: the family name stands in name, id, e-mail and picture, and in no answer for another reason. */
export const person = 'Marigold Quillfeather';
export const subject = 'auth0|marigold-quillfeather';
const personal = /quillfeather/i;

/** The look-up of this machine, as the app has it. One for a whole file: it remembers the hashes of the executables. */
const systemCallers = systemCallerLookup();

/**
 * What a program does in these tests: it takes orders by its standard input, one JSON each, and tells what it got.
 * Each request has a connection of its own unless `connection` names one that is kept.
 */
const talking = `'use strict';
// Of a copy of Node that has just begun it is not known whether it was handed its socket (C8).
while (process.uptime() < 0.12);
const http = require('node:http');
const kept = new Map();
const say = (message) => process.stdout.write(JSON.stringify(message) + '\\n');
const orders = {
  ask({ id, port, method, path, headers, body, localPort, connection, reset }) {
    if (connection !== undefined && !kept.has(connection)) {
      kept.set(connection, new http.Agent({ keepAlive: true, maxSockets: 1 }));
    }
    const agent = kept.get(connection) ?? (reset ? new http.Agent({ keepAlive: true }) : false);
    const sent = http.request({ host: '127.0.0.1', port, method, path, agent, localPort,
      headers: { Host: 'localhost:' + port, ...headers } });
    sent.on('error', (error) => say({ id, error: String(error.code ?? error) }));
    sent.on('response', (answer) => {
      const { socket } = answer;
      const own = socket.localPort;
      let text = '';
      answer.setEncoding('utf8').on('data', (data) => { text += data; });
      answer.on('end', () => {
        if (reset) socket.resetAndDestroy();
        say({ id, status: answer.statusCode, headers: answer.headers, body: text, localPort: own });
      });
    });
    sent.end(body);
  },
  listen({ id, port, protocols, headers }) {
    const { WebSocket } = require(${JSON.stringify(join(projectFolder, 'node_modules', 'ws'))});
    const socket = new WebSocket('ws://127.0.0.1:' + port + '/user/stream', protocols,
      { headers: { Host: 'localhost:' + port, ...headers }, perMessageDeflate: false });
    socket.on('error', (error) => say({ id, error: String(error.message) }));
    socket.on('message', (data) => say({ id, frame: String(data) }));
  },
  title({ id, title }) {
    process.title = title;
    say({ id });
  },
};
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const { does, ...order } = JSON.parse(line);
  orders[does](order);
}).on('close', () => process.exit());
`;

/** Executables for the tests of one file, in a folder of the user's. */
export class ProgramFolder {
  readonly path = realpathSync(mkdtempSync(join(tmpdir(), 'loopgate-consent-')));
  /** The script that a {@link Talker} runs. */
  readonly talking = join(this.path, 'talking.cjs');

  /** @param names - of copies of Node's executable: programs of their own, and no interpreters by their names */
  constructor(...names: string[]) {
    writeFileSync(this.talking, talking);
    const [first, ...others] = names;
    if (first === undefined) return;
    this.copy(first);
    // One file under many names costs no time; a program is told by its path too.
    for (const name of others) linkSync(join(this.path, first), join(this.path, name));
    afterAll(() => rmSync(this.path, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 }));
  }

  /** A file of its own, which a test may change. */
  copy(name: string): string {
    copyFileSync(process.execPath, this.of(name));
    return this.of(name);
  }

  of(name: string): string {
    return join(this.path, name);
  }
}

/** An answer as a program got it. */
export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** The port of the program's end. */
  readonly localPort: number;
}

/** What a program sends. */
export interface Sent {
  readonly headers?: Readonly<Record<string, string>>;
  /** An object is sent as JSON, a URLSearchParams as a form. */
  readonly body?: object | URLSearchParams | string | boolean;
  /** Requests with the same one share a connection. */
  readonly connection?: string;
  /** The port to connect from. */
  readonly localPort?: number;
  /** Ends the connection by a reset, so that its port is free at once. */
  readonly reset?: boolean;
}

/** A running program that calls the API when the test says so. */
export class Talker {
  readonly #child: ChildProcess;
  readonly #port: number;
  readonly #heard = new Map<string, Record<string, unknown>[]>();
  readonly #waiting = new Set<() => void>();
  readonly #ended: Promise<unknown>;
  #isOver = false;

  /** @param command - the executable and what comes before the script's arguments */
  constructor(port: number, command: readonly string[], cwd: string) {
    this.#port = port;
    const [executable = '', ...argv] = command;
    this.#child = spawn(executable, argv, { stdio: ['pipe', 'pipe', 'inherit'], cwd });
    this.#ended = once(this.#child, 'close').then(() => {
      this.#isOver = true;
      this.#wake();
    });
    this.#child.stdin?.on('error', () => undefined);
    if (this.#child.stdout) {
      createInterface({ input: this.#child.stdout }).on('line', (line) => {
        const { id, ...said } = JSON.parse(line) as { id: string };
        this.#heard.set(id, [...(this.#heard.get(id) ?? []), said]);
        this.#wake();
      });
    }
    onTestFinished(() => this.end());
  }

  /** Sends a request and gives its answer. @throws Error when there was none */
  async ask(method: string, path: string, { body, headers = {}, ...rest }: Sent = {}): Promise<Answered> {
    const sent = { method, path, headers: { ...typeOf(body), ...headers }, body: textOf(body), ...rest };
    const said = await this.#said(this.#order('ask', sent), 0);
    if (said.error !== undefined) throw new Error(`${method} ${path}: ${String(said.error)}`);
    return said as unknown as Answered;
  }

  /** Opens /user/stream. Gives frame number `index` (the first is 0), once it has come. */
  listen(protocols: readonly string[] = [], headers: Readonly<Record<string, string>> = {}) {
    const id = this.#order('listen', { protocols, headers });
    const text = (said: Record<string, unknown>) => {
      if (typeof said.frame !== 'string') throw new Error(`no frame: ${String(said.error)}`);
      return said.frame;
    };
    return {
      frame: async (index: number) => text(await this.#said(id, index)),
      frames: () => (this.#heard.get(id) ?? []).map(text),
    };
  }

  /** Gives itself another name, in its command line too. */
  async call(title: string): Promise<void> {
    await this.#said(this.#order('title', { title }), 0);
  }

  /** Kills it, and waits until it is gone. */
  async end(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }

  #order(does: string, order: object): string {
    const id = randomUUID();
    this.#child.stdin?.write(`${JSON.stringify({ does, id, port: this.#port, ...order })}\n`);
    return id;
  }

  async #said(id: string, index: number): Promise<Record<string, unknown>> {
    for (;;) {
      const said = this.#heard.get(id)?.[index];
      if (said) return said;
      if (this.#isOver) throw new Error('the program has ended');
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  #wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }
}

function typeOf(body: Sent['body']): Record<string, string> {
  if (body === undefined || typeof body === 'string') return {};
  if (body instanceof URLSearchParams) return { 'Content-Type': 'application/x-www-form-urlencoded' };
  return { 'Content-Type': 'application/json' };
}

function textOf(body: Sent['body']): string | undefined {
  if (body === undefined || typeof body === 'string') return body;
  return body instanceof URLSearchParams ? body.toString() : JSON.stringify(body);
}

/** The person's browser: signs in at once as {@link person}, and brings the callback to the API by itself. */
class PersonsBrowser {
  readonly opened: string[] = [];
  /** False leaves the login pages open. */
  signsIn = true;
  readonly failures: unknown[] = [];
  readonly #double = new BrowserDouble();
  readonly #work = new Set<Promise<unknown>>();

  readonly open = async (address: string): Promise<void> => {
    this.opened.push(address);
    if (!this.signsIn || !isLoginAddress(address)) return;
    const work = this.finish(address).catch((error: unknown) => this.failures.push(error));
    this.#work.add(work);
    void work.then(() => this.#work.delete(work));
  };

  /** Signs in at a login page, whoever has opened it; gives the status of the page at the end. */
  async finish(address: string, name = person): Promise<number> {
    return (await this.#double.signInAs(address, name)).status;
  }

  /** What the login at this address would bring to the callback. */
  async callback(address: string): Promise<URLSearchParams> {
    return new URLSearchParams((await this.#double.signInAs(address, person, { deliver: false })).fields);
  }

  /** The login pages that were opened. */
  get tabs(): string[] {
    return this.opened.filter(isLoginAddress);
  }

  /** Login page number `index` (the first is 0), once it is open. */
  async tab(index = 0): Promise<string> {
    await vi.waitFor(() => expect(this.tabs.length).toBeGreaterThan(index), { timeout: 20_000, interval: 5 });
    return this.tabs[index] ?? '';
  }

  async settled(): Promise<void> {
    await Promise.all(this.#work);
  }
}

export interface ConsentStageOptions {
  readonly mode?: GuardMode;
  /** The setting `origins`. */
  readonly origins?: string[];
  readonly redirectUris?: string[];
  /** Waited for before a connection's owner is looked up. */
  readonly beforeFind?: () => Promise<void>;
  /** Waited for before it is looked up whether a connection may bring a login. */
  readonly beforeBringing?: () => Promise<void>;
  /** Waited for before a program is looked up. */
  readonly beforeProgram?: () => Promise<void>;
  readonly provider?: IdentityProviderOptions;
  /** Set for a machine without a browser. */
  readonly showDeviceCode?: (code: DeviceCode) => void;
  /** False leaves everybody signed out. */
  readonly signedIn?: boolean;
}

/**
 * The whole API in the test's own process, with the person's answers in the test's hand: the real broker in front of the
 * local provider, the real look-up, real sockets; and programs that are processes. Time passes when the test says so.
 */
export class ConsentStage {
  readonly broker: Broker;
  readonly gate: Gate;
  readonly provider: IdentityProvider;
  readonly clock = new FakeClock();
  readonly vault = new TestVault();
  readonly list = new TestListStore();
  readonly log = new TestLog();
  readonly browser = new PersonsBrowser();
  readonly programs: ProgramFolder;
  /** Every question that was ever asked. */
  readonly asked: Question[] = [];
  readonly commandKey = randomUUID();
  /** What the operations are made from, for a test that goes through all of them. */
  readonly api: ApiOptions;
  #listening: Listening | undefined;

  private constructor(provider: IdentityProvider, programs: ProgramFolder, options: ConsentStageOptions) {
    this.provider = provider;
    this.programs = programs;
    const { clock, log, vault } = this;
    this.broker = new Broker(
      {
        issuer: provider.issuer,
        clientId: provider.clientId,
        audience: provider.audience,
        scope: 'openid profile email offline_access',
        signInTimeout: 240_000,
        clients: [],
        redirectUris: options.redirectUris ?? [],
        returnTo: [],
        exposeRefreshToken: false,
      },
      {
        clock,
        vault,
        log,
        fetch: plainFetch,
        random: () => 0,
        ...(options.showDeviceCode ? { showDeviceCode: options.showDeviceCode } : { openBrowser: this.browser.open }),
      },
    );
    this.gate = testGate(options.mode ?? 'ask', { clock, log, store: this.list }, options.origins);
    this.gate.onChange(() => {
      for (const question of this.gate.questions) if (!this.asked.includes(question)) this.asked.push(question);
    });
    this.api = {
      broker: this.broker,
      gate: this.gate,
      callers: slowed(systemCallers, options),
      now: () => clock.now(),
      log: Object.assign(log, { debug: () => undefined }),
      instance: { id: randomUUID(), version: '1.2.3', compatibleVersion: '12.3.4' },
      commandKey: this.commandKey,
      docsFolder: join(projectFolder, 'out', 'headless', 'docs'),
    };
  }

  static async set(programs: ProgramFolder, options: ConsentStageOptions = {}): Promise<ConsentStage> {
    const provider = await localProvider({ anyLoopbackCallback: true, deviceFlow: false, ...options.provider });
    const stage = new ConsentStage(provider, programs, options);
    await stage.#open(options.signedIn ?? true);
    return stage;
  }

  async #open(signedIn: boolean): Promise<void> {
    const api = createApi(this.api);
    const listening = await listen({ port: 0, ...api });
    this.#listening = listening;
    onTestFinished(async () => {
      this.gate.close();
      await this.browser.settled();
      await this.broker.close();
      await Promise.all([api.close(), listening.close()]);
      expect(this.browser.failures).toEqual([]);
    });
    await this.broker.start(this.address);
    if (!signedIn) return;
    await this.broker.signIn();
    expect(this.broker.state().person?.subject).toBe(subject);
  }

  get port(): number {
    return this.#listening?.port ?? 0;
  }

  get address(): string {
    return `http://localhost:${this.port}`;
  }

  /** Starts a program by its name in the folder, or by the path of any Node. */
  start(name: string): Talker {
    const executable = name.startsWith('/') ? name : this.programs.of(name);
    return new Talker(this.port, [executable, this.programs.talking], this.programs.path);
  }

  /** Starts a program that the person has allowed. */
  async startAllowed(name: string): Promise<Talker> {
    const program = this.start(name);
    const asking = program.ask('GET', '/user/access_token');
    await this.answer('allow');
    expect((await asking).status).not.toBe(403);
    return program;
  }

  /** The questions that wait, once there are so many of them. */
  async questions(count = 1): Promise<readonly Question[]> {
    while (this.gate.questions.length < count) {
      await new Promise<void>((resolve) => {
        const stop = this.gate.onChange(() => {
          stop();
          resolve();
        });
      });
    }
    expect(this.gate.questions).toHaveLength(count);
    return this.gate.questions;
  }

  /** The person answers the only question, once it is asked. */
  async answer(answer: ConsentAnswer): Promise<Question> {
    const [question] = await this.questions();
    if (!question) throw new Error('nothing is asked');
    this.gate.answer(question.id, answer);
    return question;
  }

  /** Nothing of the person's is in an answer, whatever it says. */
  expectNothingOf(answer: Answered | string): void {
    const text = typeof answer === 'string' ? answer : `${JSON.stringify(answer.headers)}\n${answer.body}`;
    expect(text).not.toMatch(personal);
    for (const secret of this.#tokens()) expect(text.includes(secret), 'a token was handed out').toBe(false);
  }

  /** 403 with the code of the table, and nothing of the person's. */
  expectDenied(answer: Answered): void {
    expect([answer.status, errorIn(answer)]).toEqual([403, 'consent_denied']);
    this.expectNothingOf(answer);
  }

  #tokens(): string[] {
    const tokens: string[] = [];
    JSON.stringify(this.vault.saves, (name, value: unknown) => {
      if (/token/i.test(name) && typeof value === 'string' && value.length > 10) tokens.push(value);
      return value;
    });
    if (this.vault.state?.accounts.length) expect(tokens.length).toBeGreaterThan(1);
    return tokens;
  }
}

function slowed(
  callers: CallerLookup,
  { beforeFind, beforeProgram, beforeBringing }: ConsentStageOptions,
): CallerLookup {
  if (!beforeFind && !beforeProgram && !beforeBringing) return callers;
  return {
    ...callers,
    async mayBringLogin(connection) {
      await beforeBringing?.();
      return await callers.mayBringLogin(connection);
    },
    async find(connection) {
      await beforeFind?.();
      const caller = await callers.find(connection);
      return (
        caller &&
        callerWith(async () => {
          await beforeProgram?.();
          return await caller.program();
        })
      );
    },
  };
}

/** The code of the one JSON error. */
export function errorIn({ body }: Pick<Answered, 'body'>): unknown {
  return (JSON.parse(body) as { error?: unknown }).error;
}

/** Holds something up until the test lets it go. */
export function barrier() {
  let open: () => void = () => undefined;
  let arrived: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  /** Resolves when somebody waits. */
  const reached = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  return {
    reached,
    open: () => open(),
    wait: async () => {
      arrived();
      await opened;
    },
  };
}

/** The executable behind a command of this machine; the test is skipped where it is not there. */
export function installed(context: TestContext, command: string): string {
  try {
    return realpathSync(execFileSync('/bin/sh', ['-c', `command -v ${command}`], { encoding: 'utf8' }).trim());
  } catch {
    return context.skip(`this machine has no ${command}`);
  }
}

/** Runs a program to its end and gives what it printed. Its failure is no failure here. */
export function run(command: string, argv: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    const child = execFile(command, argv, { encoding: 'utf8' }, (_error, stdout) => resolve(stdout));
    onTestFinished(() => void child.kill('SIGKILL'));
  });
}
