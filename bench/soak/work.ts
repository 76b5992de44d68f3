/** The mixed work of the soak: what a machine with many programs does to the broker, faster. */

import { Agent, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { accountNamed } from '../../demo/identity-provider/account.ts';
import type { Fault, IdentityProvider } from '../../demo/identity-provider/provider.ts';
import type { Headless } from '../../e2e/support/headless.ts';
import { signInAs } from '../signIn.ts';

/** How often what is done, in milliseconds. L8 allows a program sixty sign-ins a minute: these are ten. */
const pauses = { asking: 25, renewing: 1_000, signingIn: 6_000, listening: 400, misbehaving: 10_000 } as const;
/** How many programs ask at once, and how many listen. */
const askers = 6;
const listeners = 20;
/** How long a fault lasts, and how long after it the broker may still wait with its next try (T5). Milliseconds. */
const faultLasts = 3_000;
const faultEchoes = 8_000;

const people = ['Ada Lovelace', 'Grace Hopper', 'Mary Jackson'] as const;
const reads = ['/userinfo', '/user/access_token', '/user', '/users', '/.well-known/health', '/.well-known/version'];
/** Nothing that a provider says for good: those are not tried again for minutes (T5). */
const faults: readonly { readonly path: string; readonly fault: Fault }[] = [
  { path: '/oauth/token', fault: { status: 503, body: 'away' } },
  { path: '/userinfo', fault: { status: 429, body: 'slower' } },
  { path: '/oauth/token', fault: { drop: true } },
  { path: '/userinfo', fault: { hang: true } },
  { path: '/oauth/revoke', fault: { status: 500, body: 'broken' } },
  { path: '/oauth/token', fault: { hang: true } },
];

/** What was done so far. */
export interface Done {
  requests: number;
  signIns: number;
  signOuts: number;
  streams: number;
  faults: number;
  /** What was answered that should not be. */
  readonly unexpected: string[];
}

/** What is done again and again. */
interface Task {
  /** Between the end of one round and the next, in milliseconds. */
  readonly pause: number;
  readonly act: (round: number, signal: AbortSignal) => Promise<void>;
  round: number;
}

/** Everything that programs do to one host. */
export class Work {
  readonly done: Done = { requests: 0, signIns: 0, signOuts: 0, streams: 0, faults: 0, unexpected: [] };
  readonly #host: Headless;
  readonly #provider: IdentityProvider;
  #agent = new Agent({ keepAlive: true });
  readonly #tasks: readonly Task[];
  readonly #open = new Set<WebSocket>();
  /** False from the moment that somebody signs out. */
  #isSignedIn = false;
  /** Goes up when that changes: an answer in between may be either. */
  #changes = 0;
  #faultedUntil = 0;

  constructor(host: Headless, provider: IdentityProvider) {
    this.#host = host;
    this.#provider = provider;
    const task = (pause: number, act: Task['act']): Task => ({ pause, act, round: 0 });
    this.#tasks = [
      ...Array.from({ length: askers }, (_, asker) =>
        task(pauses.asking, (round) => this.#read(reads[(asker + round) % reads.length] ?? '/user', round)),
      ),
      task(pauses.renewing, () => this.#renew()),
      task(pauses.signingIn, (round) => this.#signInOrOut(round)),
      task(pauses.listening, (round) => this.#listen(round)),
      task(pauses.misbehaving, (round, signal) => this.#misbehave(round, signal)),
    ];
  }

  /** Works until the signal comes, and leaves no connection open. */
  async run(signal: AbortSignal): Promise<void> {
    this.#agent = new Agent({ keepAlive: true });
    await this.#signIn(0);
    await Promise.all(this.#tasks.map((task) => this.#repeat(signal, task)));
    for (const socket of this.#open) socket.terminate();
    this.#open.clear();
    this.#agent.destroy();
  }

  async #repeat(signal: AbortSignal, task: Task): Promise<void> {
    while (!signal.aborted) {
      await delay(task.pause, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      task.round += 1;
      await task.act(task.round, signal).catch((error: unknown) => this.#note(wordsOf(error)));
    }
  }

  /** One in eight is a program that comes for one request alone: its connection is new, and looked up. */
  async #read(path: string, round: number): Promise<void> {
    const needsPerson = path === '/userinfo' || path === '/user/access_token';
    await this.#expect(path, needsPerson, () => this.#ask('GET', path, undefined, round % 8 === 0));
  }

  /** T4: each rotates the refresh token, and writes it to the disk. */
  async #renew(): Promise<void> {
    const form = `grant_type=refresh_token&client_id=${this.#provider.clientId}`;
    await this.#expect('/oauth/token', true, () => this.#ask('POST', '/oauth/token', form));
  }

  async #signInOrOut(round: number): Promise<void> {
    if (round % 4 !== 0) return await this.#signIn(round);
    this.#isSignedIn = false;
    this.#changes += 1;
    const status = await this.#ask('POST', '/user/clear');
    if (status !== 204) this.#note(`POST /user/clear: ${status}`);
    this.done.signOuts += 1;
    await this.#signIn(round);
  }

  /** Who is active stays so: then it is changed to the one who has just signed in. */
  async #signIn(round: number): Promise<void> {
    const person = people[round % people.length] ?? people[0];
    try {
      await signInAs(this.#host, person);
      this.done.requests += 4;
      this.done.signIns += 1;
    } catch (error) {
      // Its code may be spent by now: only the next sign-in helps.
      if (this.#isFaulted()) return;
      throw error;
    }
    const status = await this.#ask('POST', '/user/select', JSON.stringify({ user_id: accountNamed(person).sub }));
    if (status !== 200) this.#note(`POST /user/select: ${status}`);
    this.#isSignedIn = true;
    this.#changes += 1;
  }

  /** Comes, hears who is signed in, and takes the place of the one that has listened for longest. */
  async #listen(round: number): Promise<void> {
    const socket = new WebSocket(`${this.#host.address.replace('http', 'ws')}/user/stream`);
    const greeted = new Promise<string>((resolve, reject) => {
      socket.once('message', (data) => resolve(String(data)));
      socket.on('error', reject);
    });
    const frame = await greeted;
    if (frame !== '') JSON.parse(frame);
    this.done.streams += 1;
    this.#open.add(socket);
    const [oldest] = this.#open;
    if (this.#open.size <= listeners || oldest === undefined) return;
    this.#open.delete(oldest);
    // Some say good-bye, some are gone.
    if (round % 2 === 0) oldest.close();
    else oldest.terminate();
  }

  async #misbehave(round: number, signal: AbortSignal): Promise<void> {
    const { path, fault } = faults[round % faults.length] ?? { path: '/userinfo', fault: { drop: true } };
    this.#faultedUntil = Number.POSITIVE_INFINITY;
    const lift = this.#provider.fault(path, fault);
    this.done.faults += 1;
    await delay(faultLasts, undefined, { signal }).catch(() => undefined);
    lift();
    this.#faultedUntil = Date.now() + faultEchoes;
  }

  #isFaulted(): boolean {
    return Date.now() < this.#faultedUntil;
  }

  /** 200; 401 while nobody is signed in; 502 while the provider misbehaves. */
  async #expect(what: string, needsPerson: boolean, ask: () => Promise<number>): Promise<void> {
    const [changes, wasSignedIn, wasFaulted] = [this.#changes, this.#isSignedIn, this.#isFaulted()];
    const status = await ask();
    if (status === 200) return;
    const mayBeOut = !wasSignedIn || changes !== this.#changes;
    if (status === 401 && mayBeOut && (needsPerson || what === '/users')) return;
    if (status === 502 && (wasFaulted || this.#isFaulted())) return;
    this.#note(`${what}: ${status}`);
  }

  #note(what: string): void {
    if (this.done.unexpected.length < 100) this.done.unexpected.push(what);
  }

  /** @returns the status */
  async #ask(method: string, path: string, body?: string, isAlone = false): Promise<number> {
    const headers =
      body === undefined
        ? {}
        : { 'Content-Type': body.startsWith('{') ? 'application/json' : 'application/x-www-form-urlencoded' };
    const sent = request(`${this.#host.address}${path}`, { method, headers, agent: isAlone ? false : this.#agent });
    const answered = new Promise<number>((resolve, reject) => {
      sent.once('error', reject);
      sent.once('response', (response) => {
        text(response).then(() => resolve(response.statusCode ?? 0), reject);
      });
    });
    sent.end(body);
    const status = await answered;
    this.done.requests += 1;
    return status;
  }
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
