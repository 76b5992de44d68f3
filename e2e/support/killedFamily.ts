/** One account whose program is killed again and again: its provider, its data folder, and what became of each kill. */
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { BrowserDouble } from '../../demo/identity-provider/person.ts';
import { type IdentityProvider, startIdentityProvider } from '../../demo/identity-provider/provider.ts';
import { plainFetch } from '../../testing/brokerWorld.ts';
import type { FaultPoint } from './faultPoints.ts';
import type { Message, Refusal, Task } from './killed.ts';
import { type Place, readStored } from './killedBroker.ts';
import { type Carried, type Course, TokenWire } from './tokenWire.ts';

/** Places on the wire, where the program is killed from outside. */
export const wirePoints = {
  notArrived: 'request sent, not yet at the provider',
  answerOnItsWay: 'provider has answered, answer on its way',
} as const;
type WirePoint = (typeof wirePoints)[keyof typeof wirePoints];

/** Where to kill. `rightAway`: in the first renewal after the start, which the kill before may have left in pieces. */
export type Kill = { readonly rightAway: boolean } & (
  | { readonly at: FaultPoint | WirePoint }
  /** So many milliseconds into a row of renewals. */
  | { readonly at: 'any moment'; readonly milliseconds: number }
);

/** What is known after a kill; tokens are named by the beginning of their hash. */
export interface Facts {
  readonly kill: Kill;
  /** The program's own words where it was killed; absent for a kill from outside. */
  readonly killedAt: FaultPoint | undefined;
  /** What the program had said before, by its kind. */
  readonly said: readonly string[];
  /** Refresh tokens: before the program started, and after the kill; or why the file could not be read. */
  readonly storedBefore: string;
  readonly storedAfter: string;
  /** Whether it is said on disk that a renewal was sent whose answer is not known. */
  readonly isMarked: boolean;
  /** The token requests that came to the provider: the token spent, the status, the token given. */
  readonly carried: readonly string[];
  /** What the provider says of the token on disk: nothing else decides what the next start must find. */
  readonly atProvider: 'live' | 'spent' | 'unknown';
  /** Files in the data folder that are not in their place yet. */
  readonly unfinishedFiles: number;
}

/** A kill, and what came after it. */
export interface Explained extends Facts {
  /** The session works with no login; or it has ended and its person was told why; or neither. */
  readonly outcome: 'works' | 'told' | 'unexplained';
  /** What the next start said. */
  readonly next: string;
}

/** Builds the program that is killed into one file in that folder, so that a start takes little. @returns the file */
export async function buildKilled(folder: string): Promise<string> {
  const name = 'killed.cjs';
  await build({
    configFile: false,
    logLevel: 'warn',
    // As in the bundle of the app: electron-store only looks whether electron is there.
    resolve: {
      conditions: ['node'],
      alias: { electron: fileURLToPath(new URL('../../testing/noElectron.ts', import.meta.url)) },
    },
    ssr: { target: 'node', noExternal: true },
    build: {
      ssr: fileURLToPath(new URL('killed.ts', import.meta.url)),
      outDir: folder,
      emptyOutDir: true,
      minify: false,
      rolldownOptions: { output: { format: 'cjs', entryFileNames: name, codeSplitting: false } },
    },
  });
  return join(folder, name);
}

/** How the first renewal after a start went. */
type Start =
  | { readonly kind: 'works' }
  | { readonly kind: 'over'; readonly refusal: Refusal }
  | { readonly kind: 'broken'; readonly why: string };

/** What is on disk; no tokens when nobody is signed in. */
interface Stored {
  /** Or why the file cannot be read. */
  readonly refreshToken: string;
  readonly accessToken: string;
  readonly isMarked: boolean;
}

/** A program from its start to its end. */
interface Run {
  /** Absent when it was not asked to verify. */
  readonly start: Start | undefined;
  readonly facts: Omit<Facts, 'kill'>;
  readonly carried: readonly Carried[];
  /** What is wrong with this run itself. */
  readonly failure: string | undefined;
  readonly passed: readonly FaultPoint[];
}

const ada = { name: 'Ada Lovelace', subject: 'auth0|ada-lovelace' };

export class KilledFamily {
  readonly explained: Explained[] = [];
  readonly #place: Place;
  readonly #program: string;
  readonly #words: RegExp;
  readonly #provider: IdentityProvider;
  readonly #stateFile: string;
  readonly #wire: TokenWire;
  /** Kills that no start has answered for yet. */
  #open: Facts[] = [];
  #isRevoked = false;
  #end: () => void = () => undefined;

  private constructor(
    program: string,
    words: RegExp,
    parts: { place: Place; provider: IdentityProvider; stateFile: string; wire: TokenWire },
  ) {
    this.#program = program;
    this.#words = words;
    this.#place = parts.place;
    this.#provider = parts.provider;
    this.#stateFile = parts.stateFile;
    this.#wire = parts.wire;
  }

  /**
   * An empty data folder, and a provider with rotation and reuse detection.
   * @param program - as {@link buildKilled} gave it
   * @param words - what must be said when the provider spent the token and its answer was lost
   */
  static async start(program: string, words: RegExp): Promise<KilledFamily> {
    const home = await mkdtemp(join(tmpdir(), 'loopgate-killed-'));
    const stateFile = join(await mkdtemp(join(tmpdir(), 'loopgate-provider-')), 'state.json');
    const provider = await startIdentityProvider({ stateFile });
    const { issuer, clientId } = provider;
    const wire = await TokenWire.to(`${issuer}oauth/token`);
    const place = { home, vaultKey: randomBytes(32).toString('hex'), issuer, clientId };
    return new KilledFamily(program, words, { place, provider, stateFile, wire });
  }

  /** Ends everything, and gives what went wrong inside of the provider. */
  async stop(): Promise<readonly Error[]> {
    this.#end();
    this.#wire.close();
    await this.#provider.close();
    for (const folder of [this.#place.home, dirname(this.#stateFile)]) await rm(folder, { recursive: true });
    return this.#provider.errors;
  }

  /** One renewal that nobody disturbs: the points that it comes past, each where it is first. */
  async undisturbed(): Promise<readonly FaultPoint[]> {
    await this.#work();
    const { passed, failure } = await this.#run({ verifies: false, renews: 'once' });
    if (failure !== undefined) throw new Error(failure);
    return [...new Set(passed)];
  }

  /** Starts the program, which answers for the kill before, and kills it. */
  async kill(kill: Kill): Promise<void> {
    const fetchesKeys = kill.at === 'keys being fetched';
    if (fetchesKeys && !(await this.#comesTo(kill.at))) await this.#work();
    const verifies = !(kill.rightAway && (await this.#comesTo(kill.at)));
    const run = await this.#run({ kill, verifies, renews: kill.at === 'any moment' ? 'always' : 'once' });
    this.#answerFor(run);
    this.#open.push({ kill, ...run.facts });
    if (run.failure !== undefined) await this.#giveUp(run.failure);
  }

  /** A last start, which answers for the last kill. @returns what it said, when the session was over */
  async answer(): Promise<Refusal | undefined> {
    const run = await this.#run({ verifies: true, renews: 'never' });
    this.#answerFor(run);
    if (run.failure !== undefined) throw new Error(run.failure);
    return run.start?.kind === 'over' ? run.start.refusal : undefined;
  }

  /** The provider ends the session, which no kill did. */
  revoke(): void {
    this.#provider.revokeAll();
    this.#isRevoked = true;
  }

  /** How many files in the data folder are not in their place yet. */
  async unfinishedFiles(): Promise<number> {
    return (await this.#files(/tmp|\.new\./)).length;
  }

  /** Files that the vault could not read, and set aside. */
  unreadableFiles(): Promise<string[]> {
    return this.#files(/unreadable/);
  }

  async #files(named: RegExp): Promise<string[]> {
    return (await readdir(this.#place.home)).filter((name) => named.test(name));
  }

  /**
   * A whole run, with a sign-in where one is needed, which answers for the kill before. The next one finds a session that works,
   * and fetches the keys in its first renewal: whoever has signed somebody in knows them already.
   */
  async #work(): Promise<void> {
    const run = await this.#run({ verifies: true, renews: 'once' });
    this.#answerFor(run);
    if (run.failure !== undefined) throw new Error(run.failure);
  }

  /** Whether the first renewal after a start comes to that point, whatever the kill before has left. */
  async #comesTo(point: Kill['at']): Promise<boolean> {
    const { refreshToken, isMarked } = await this.#stored();
    // A session that is over cannot be renewed: a start must say so first. One that is marked is not marked again.
    const isLive = (await this.#stateOf(refreshToken)) === 'live';
    return isLive && !(isMarked && point.startsWith('save before the request'));
  }

  /** What a start says of the kills before it. */
  #answerFor({ start, carried }: Run): void {
    const last = this.#open.at(-1);
    const isRenewed = start === undefined ? carried.some(({ status }) => status === 200) : start.kind === 'works';
    // Killed again before it had renewed the session: the next start answers for both.
    if (!last || (start === undefined && !isRenewed)) return;
    const facts = this.#open.splice(0);
    if (isRenewed) {
      for (const one of facts) this.#explain(one, one.atProvider === 'live' ? 'works' : 'unexplained', 'renewed');
      return;
    }
    // The last kill alone can have ended it: before that, the provider said that the token on disk is live.
    for (const one of facts.slice(0, -1)) this.#explain(one, 'works', 'the next kill found a live session');
    if (start?.kind === 'over') {
      const { code, told, shown, toldLater } = start.refusal;
      const words = [told, shown ?? 'nothing', toldLater];
      const isSaid = code === 'not_signed_in' && words.every((one) => this.#words.test(one));
      const isRight = isSaid && last.atProvider === 'spent';
      this.#explain(last, isRight ? 'told' : 'unexplained', [code, ...words].join(' | '));
    } else {
      this.#explain(last, 'unexplained', start?.kind === 'broken' ? start.why : '');
    }
  }

  #explain(facts: Facts, outcome: Explained['outcome'], next: string): void {
    this.explained.push({ ...facts, outcome, next });
  }

  /** What nobody can explain is kept for the report, and the next kill begins with a new session. */
  async #giveUp(failure: string): Promise<void> {
    for (const one of this.#open.splice(0)) this.#explain(one, 'unexplained', failure);
    for (const name of await this.#files(/\.json$/)) await rm(join(this.#place.home, name));
  }

  async #run({ kill, ...asked }: { kill?: Kill } & Pick<Task, 'verifies' | 'renews'>): Promise<Run> {
    const point = kill && isInside(kill.at) ? kill.at : undefined;
    const task = { ...asked, place: this.#place, wire: this.#wire.address, ...(point !== undefined && { point }) };
    const before = await this.#stored();
    const child = spawn(process.execPath, [this.#program, JSON.stringify(task satisfies Task)], {
      stdio: 'pipe',
      env: { PATH: process.env.PATH },
    });
    const closed = once(child, 'close');
    const end = () => void child.kill('SIGKILL');
    this.#end = end;
    // A program that is dead is not told anything any more.
    child.stdin.on('error', () => undefined);
    let complaints = '';
    child.stderr.setEncoding('utf8').on('data', (words: string) => {
      complaints += words;
    });
    const goOn = () => {
      this.#wire.course = courseOf(kill?.at, end);
      child.stdin.write('go on\n');
      if (kill?.at === 'any moment') void delay(kill.milliseconds).then(end);
    };

    const said: string[] = [];
    let start: Start | undefined;
    let killedAt: FaultPoint | undefined;
    let passed: readonly FaultPoint[] = [];
    let isUnharmed = false;
    let handedOut: string | undefined;
    for await (const line of createInterface({ input: child.stdout })) {
      const message = JSON.parse(line) as Message;
      said.push(...Object.keys(message).slice(0, 1));
      if ('renewed' in message) handedOut = message.renewed.accessToken;
      if ('signedIn' in message) handedOut = message.signedIn.accessToken;
      if ('started' in message && !task.verifies) goOn();
      if ('renewed' in message && task.verifies && start === undefined) {
        start = await this.#startOf(message.renewed.accessToken);
        if (start.kind === 'broken') end();
        else goOn();
      }
      if ('refused' in message) {
        if (task.verifies && start === undefined) start = { kind: 'over', refusal: message.refused };
        else complaints += `The renewal that was to be killed was refused: ${message.refused.told}`;
      }
      if ('opened' in message) child.stdin.write(`${await logIn(message.opened)}\n`);
      if ('signedIn' in message) goOn();
      if ('killedAt' in message) ({ killedAt, passed } = message);
      if ('unharmed' in message) {
        passed = message.unharmed;
        isUnharmed = true;
      }
    }
    const [code, signal]: unknown[] = await closed;
    const carried = await this.#wire.settled();
    this.#wire.course = { kind: 'carried' };

    const after = await this.#stored();
    const facts = {
      killedAt,
      said,
      storedBefore: named(before.refreshToken),
      storedAfter: named(after.refreshToken),
      isMarked: after.isMarked,
      carried: carried.map(({ spent, status, given }) => `${named(spent)} ${status} ${named(given?.refreshToken)}`),
      atProvider: await this.#stateOf(after.refreshToken),
      unfinishedFiles: await this.unfinishedFiles(),
    };
    const isAsPlanned = kill === undefined ? isUnharmed : signal === 'SIGKILL' && killedAt === point;
    const mayBeOver = this.#open.length > 0 || this.#isRevoked || before.refreshToken === '';
    const failure = (() => {
      if (start?.kind === 'broken') return start.why;
      if (!isAsPlanned || complaints !== '') return `it ended by ${signal ?? code}. ${complaints}`;
      if (start?.kind === 'over' && !mayBeOver) return 'it was over, and nothing killed';
      if (said.at(-2) === 'refused') return after.refreshToken === '' ? undefined : 'an ended session is still stored';
      return disagreementOf(before, after, carried, handedOut);
    })();
    return { start, facts, carried, failure, passed };
  }

  async #startOf(accessToken: string): Promise<Start> {
    const headers = { authorization: `Bearer ${accessToken}` };
    const answer = await plainFetch(`${this.#place.issuer}userinfo`, { headers });
    const isAda = (await answer.text()).includes(JSON.stringify(ada.subject));
    if (answer.status === 200 && isAda) return { kind: 'works' };
    return { kind: 'broken', why: `/userinfo answered ${answer.status} to the renewed token` };
  }

  async #stored(): Promise<Stored> {
    try {
      const account = (await readStored(this.#place))?.accounts[0];
      return {
        refreshToken: account?.refreshToken ?? '',
        accessToken: account?.accessToken ?? '',
        isMarked: account?.renewalSentAt !== undefined,
      };
    } catch (error) {
      return { refreshToken: `unreadable: ${error}`, accessToken: '', isMarked: false };
    }
  }

  async #stateOf(refreshToken: string): Promise<Facts['atProvider']> {
    const { entries }: { entries: [string, { payload: { consumed?: number } }][] } = JSON.parse(
      await readFile(this.#stateFile, 'utf8'),
    );
    const entry = entries.find(([key]) => key === `RefreshToken:${refreshToken}`)?.[1];
    if (!entry) return 'unknown';
    return entry.payload.consumed === undefined ? 'live' : 'spent';
  }
}

/** The person signs in at the login page; gives the callback's parameters. */
async function logIn(opened: string): Promise<string> {
  const { fields } = await new BrowserDouble().signInAs(opened, ada.name, { deliver: false });
  return new URLSearchParams(fields).toString();
}

/**
 * What is wrong with the file. Its refresh token is the one before the last answer of the provider or the one after it; its
 * access token came with it or earlier; and the one that was handed out last is in it, or a newer one (T4).
 */
function disagreementOf(
  before: Stored,
  after: Stored,
  carried: readonly Carried[],
  handedOut: string | undefined,
): string | undefined {
  const given = [before, ...carried.flatMap((one) => one.given ?? [])];
  const refresh = given.findIndex(({ refreshToken }) => refreshToken === after.refreshToken);
  const access = given.findIndex(({ accessToken }) => accessToken === after.accessToken);
  const oldest = given.findIndex(({ accessToken }) => accessToken === handedOut);
  const isRight = refresh >= given.length - 2 && refresh >= access && access >= Math.max(oldest, 0);
  if (isRight) return undefined;
  const all = given.map(({ refreshToken, accessToken }) => `${named(refreshToken)}+${named(accessToken)}`).join(', ');
  const onDisk = `${named(after.refreshToken)}+${named(after.accessToken)}`;
  return `on disk is ${onDisk}; the provider gave ${all}; handed out was ${named(handedOut)}`;
}

/** True for a place where the program kills itself. */
function isInside(point: Kill['at']): point is FaultPoint {
  return point !== 'any moment' && point !== wirePoints.notArrived && point !== wirePoints.answerOnItsWay;
}

function courseOf(point: Kill['at'] | undefined, atMoment: () => void): Course {
  if (point === wirePoints.notArrived) return { kind: 'request lost', atMoment };
  if (point === wirePoints.answerOnItsWay) return { kind: 'answer lost', atMoment };
  return { kind: point === 'some of the answer read' ? 'half of the answer' : 'carried' };
}

/** A token by the beginning of its hash. */
function named(token = ''): string {
  if (token === '' || token.startsWith('unreadable')) return token || 'none';
  return createHash('sha256').update(token).digest('hex').slice(0, 8);
}
