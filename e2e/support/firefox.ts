import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { inTime } from '../../build/inTime.ts';
import { type Engine, enginePrograms, type Frame, type Tab } from './engines.ts';

/** How long it may take to come up, to load a page and to end, in milliseconds. Only reached when something is broken. */
const timeout = 30_000;

type Preferences = Readonly<Record<string, string | number | boolean>>;

/** Quiet, and nothing of it leaves this machine: every name that it looks up is this machine. */
const quiet: Preferences = {
  'network.dns.native-is-localhost': true,
  'network.proxy.type': 0,
  'browser.shell.checkDefaultBrowser': false,
  'browser.startup.page': 0,
  'datareporting.policy.dataSubmissionEnabled': false,
  'app.normandy.enabled': false,
  // Shows an answer in JSON as the page of its site that it is, without a viewer around it.
  'devtools.jsonview.enabled': false,
};

/**
 * A Firefox without a window, driven by WebDriver BiDi (w3.org/TR/webdriver-bidi), which it speaks by itself: there need not be a
 * geckodriver. It trusts every certificate.
 */
export class Firefox implements Engine {
  readonly #process: ChildProcess;
  readonly #profile: string;
  readonly #session: Session;

  private constructor(process: ChildProcess, profile: string, session: Session) {
    this.#process = process;
    this.#profile = profile;
    this.#session = session;
  }

  /** @param program - that starts it */
  static async start(preferences: Preferences = {}, program: string = enginePrograms.Firefox): Promise<Firefox> {
    const profile = await mkdtemp(join(tmpdir(), 'loopgate-firefox-'));
    const lines = Object.entries({ ...quiet, ...preferences }).map(
      ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`,
    );
    await writeFile(join(profile, 'user.js'), lines.join(''));
    const child = spawn(
      program,
      ['--headless', '--no-remote', '--profile', profile, '--remote-debugging-port', '0', 'about:blank'],
      // HOME: it keeps more than the profile.
      { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, HOME: profile } },
    );
    try {
      const address = await inTime('the start of Firefox', timeout, addressOf(child));
      const session = await Session.open(`${address}/session`);
      await session.call('session.new', { capabilities: { alwaysMatch: { acceptInsecureCerts: true } } });
      await session.call('session.subscribe', { events: ['network.responseCompleted', 'network.fetchError'] });
      return new Firefox(child, profile, session);
    } catch (error) {
      child.kill('SIGKILL');
      await remove(profile);
      throw error;
    }
  }

  async browse(): Promise<Tab> {
    const session = this.#session;
    const { userContext } = created.parse(await session.call('browser.createUserContext', {}));
    const { context } = opened.parse(await session.call('browsingContext.create', { type: 'tab', userContext }));
    return {
      ...session.frame(context, context),
      async goto(url) {
        await session.call('browsingContext.navigate', { context, url, wait: 'complete' });
      },
      async inner() {
        const { contexts } = tree.parse(await session.call('browsingContext.getTree', { root: context }));
        const inner = contexts[0]?.children[0]?.context;
        if (inner === undefined) throw new Error('no frame');
        return session.frame(inner, context);
      },
      async permitLoopback(origin) {
        const descriptor = { name: 'loopback-network' };
        await session.call('permissions.setPermission', { descriptor, state: 'granted', origin, userContext });
      },
      async close() {
        await session.call('browser.removeUserContext', { userContext });
      },
    };
  }

  async close(): Promise<void> {
    const ended = once(this.#process, 'exit');
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      this.#session.end();
      await inTime('the end of Firefox', timeout, ended).catch(() => this.#process.kill('SIGKILL'));
    }
    await remove(this.#profile);
  }
}

const remove = (profile: string) => rm(profile, { recursive: true, force: true, maxRetries: 5 });

/** It says on standard error where it listens. Whatever it says later is read too, as it waits for that. */
function addressOf({ stderr }: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    let address: string | undefined;
    stderr?.on('data', (data) => {
      if (address !== undefined) return;
      said += data;
      [, address] = /WebDriver BiDi listening on (ws:\S+)\s/.exec(said) ?? [];
      if (address !== undefined) resolve(address);
    });
    stderr?.once('end', () => reject(new Error(`Firefox has ended: ${said}`)));
  });
}

const created = z.object({ userContext: z.string() });
const opened = z.object({ context: z.string() });
const tree = z.object({ contexts: z.array(z.object({ children: z.array(z.object({ context: z.string() })) })) });
const evaluated = z.union([
  z.object({ type: z.literal('success'), result: z.unknown() }),
  z.object({ type: z.literal('exception'), exceptionDetails: z.object({ text: z.string() }) }),
]);
const message = z.union([
  z.object({ type: z.literal('success'), id: z.number(), result: z.unknown() }),
  z.object({ type: z.literal('error'), id: z.number().nullable(), error: z.string(), message: z.string() }),
  z.object({ type: z.literal('event'), params: z.object({ request: z.object({ url: z.string() }) }) }),
]);

interface Waiting {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** The connection over which it is driven. */
class Session {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, Waiting>();
  readonly #ends = new Set<(url: string) => void>();
  #last = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data) => this.#take(String(data)));
    socket.on('close', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('Firefox has ended'));
    });
  }

  static async open(address: string): Promise<Session> {
    const socket = new WebSocket(address, { perMessageDeflate: false });
    await once(socket, 'open');
    return new Session(socket);
  }

  call(method: string, params: object): Promise<unknown> {
    const id = ++this.#last;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#socket.send(JSON.stringify({ id, method, params }));
    });
  }

  /** @param context - the frame's @param tab - that of the tab it is in */
  frame(context: string, tab: string): Frame {
    return {
      evaluate: async (expression) => {
        const target = { context };
        const answer = await this.call('script.evaluate', {
          expression,
          target,
          awaitPromise: true,
          // As a click of the person would count: a page may then do more.
          userActivation: true,
        });
        const result = evaluated.parse(answer);
        if (result.type === 'exception') throw new Error(result.exceptionDetails.text);
        return plain(result.result);
      },
      requestEnds: (address) => this.#requestEnds(address),
      bringToFront: async () => void (await this.call('browsingContext.activate', { context: tab })),
    };
  }

  #requestEnds(address: string): Promise<void> {
    return new Promise((resolve) => {
      const look = (url: string) => {
        if (url !== address) return;
        this.#ends.delete(look);
        resolve();
      };
      this.#ends.add(look);
    });
  }

  /** Ends the browser, which does not always answer that. */
  end(): void {
    this.call('browser.close', {}).catch(() => undefined);
  }

  #take(text: string): void {
    const taken = message.safeParse(JSON.parse(text));
    // An event that nobody waits for.
    if (!taken.success) return;
    if (taken.data.type === 'event') {
      for (const look of this.#ends) look(taken.data.params.request.url);
      return;
    }
    const waiting = this.#waiting.get(taken.data.id ?? 0);
    this.#waiting.delete(taken.data.id ?? 0);
    if (taken.data.type === 'success') waiting?.resolve(taken.data.result);
    else waiting?.reject(new Error(`${taken.data.error}: ${taken.data.message}`));
  }
}

const remoteValue = z.object({ type: z.string(), value: z.unknown().optional() });

/** The value that WebDriver BiDi describes: texts, numbers, and lists of them. */
function plain(described: unknown): unknown {
  const { type, value } = remoteValue.parse(described);
  return type === 'array' ? z.array(z.unknown()).parse(value).map(plain) : value;
}
