/**
 * The program that the kill tests kill: the broker and its vault as they are, with fault points around them. It loads the
 * stored session, renews it, and says on stdout what it got, one JSON object a line; then it renews it again, and is killed.
 * Where the session is over, it signs in anew first, as its person would.
 */
import { createInterface } from 'node:readline';
import { setImmediate } from 'node:timers/promises';
import type { StoredState } from '../../main/broker/session/vault.ts';
import { arrivedAt } from '../../testing/loginAddress.ts';
import { arm, duringSave, type FaultPoint, passedPoints, reach, type Save, say } from './faultPoints.ts';
import { address, composeBroker, type Place } from './killedBroker.ts';

/** What to do; the program's only argument, as JSON. */
export interface Task {
  readonly place: Place;
  /** Where requests for the token endpoint are sent: the wire that leads to it. */
  readonly wire: string;
  /** Renews once, and says how that went, before the renewal that is killed. */
  readonly verifies: boolean;
  /** What comes after that, when a line on stdin says to go on: nothing, one renewal, or one after the other. */
  readonly renews: 'never' | 'once' | 'always';
  /** Where that renewal kills the program; absent: nowhere. */
  readonly point?: FaultPoint;
}

/** The end of a session, in words. */
export interface Refusal {
  readonly code: string;
  /** What the caller reads. */
  readonly told: string;
  /** What the person reads in the window. */
  readonly shown: string | undefined;
  /** What the next caller reads. */
  readonly toldLater: string;
}

/** What the program says. */
export type Message =
  | { readonly started: true }
  | { readonly renewed: { readonly accessToken: string } }
  | { readonly refused: Refusal }
  /** A login page; the next line on stdin is the callback's parameters. */
  | { readonly opened: string }
  | { readonly signedIn: { readonly accessToken: string } }
  | { readonly killedAt: FaultPoint; readonly passed: readonly FaultPoint[] }
  | { readonly unharmed: readonly FaultPoint[] };

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

/** The next line on stdin. @throws when there is none: whoever started this program is gone */
async function nextLine(): Promise<string> {
  const line = await lines.next();
  if (line.done === true) throw new Error('stdin has ended');
  return line.value;
}

const tell = (message: Message) => say(message);

async function run({ place, wire, verifies, renews, point }: Task): Promise<void> {
  /** What is on disk. */
  let stored: StoredState | undefined;
  const broker = composeBroker(place, {
    fetch: async (url, options) => {
      if (url === `${place.issuer}.well-known/jwks.json`) reach('keys being fetched');
      if (url !== `${place.issuer}oauth/token`) return await fetch(url, options);
      reach('before the request leaves');
      const answer = await fetch(wire, options);
      reach('answer headers received');
      const body = await readBody(answer);
      reach('answer read');
      return new Response(body, { status: answer.status, headers: answer.headers });
    },
    openBrowser: async (address) => {
      tell({ opened: arrivedAt(broker, address) });
      void nextLine().then((parameters) => broker.respond(new URLSearchParams(parameters)));
    },
    around: (vault) => ({
      get location() {
        return vault.location;
      },
      onLocationChanged: (listener) => vault.onLocationChanged(listener),
      choose: (answer) => vault.choose(answer),
      load: async () => {
        stored = await vault.load();
        return stored;
      },
      save: (state) =>
        duringSave(saveOf(stored, state), async () => {
          // As with the keyring, which seals in its own time: who does not wait for the save is seen not to.
          await setImmediate();
          await vault.save(state);
          stored = state;
        }),
    }),
  });

  const newToken = async (): Promise<string> => {
    const before = stored?.accounts[0]?.accessToken;
    // Where the renewal takes its time, the old token is handed out meanwhile.
    for (let time = 0; time < 20; time += 1) {
      const { accessToken } = await broker.token('program', { grantType: 'refresh_token', clientId: place.clientId });
      if (accessToken !== before) return accessToken;
    }
    throw new Error('there was nothing but the old token');
  };

  const renew = async (): Promise<boolean> => {
    try {
      const accessToken = await newToken();
      tell({ renewed: { accessToken } });
      reach('after the answer');
      return true;
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'none';
      const toldLater = await broker.accessToken().then(
        () => 'here is a token',
        (later: unknown) => String(later),
      );
      tell({ refused: { code, told: String(error), shown: broker.state().problem?.message, toldLater } });
      return false;
    }
  };

  await broker.start(address);
  tell({ started: true });
  const works = !verifies || (await renew());
  if (renews !== 'never') {
    if (!works) {
      await broker.signIn();
      tell({ signedIn: { accessToken: (await broker.accessToken()).accessToken } });
    }
    await nextLine();
    arm(point);
    do await renew();
    while (renews === 'always');
  }
  tell({ unharmed: passedPoints() });
  await broker.close();
}

/** What a save is for: told by what it changes on disk. Undefined for one that belongs to no renewal. */
function saveOf(before: StoredState | undefined, after: StoredState): Save | undefined {
  const [was, is] = [before?.accounts[0], after.accounts[0]];
  if (!was || !is) return undefined;
  if (is.accessToken !== was.accessToken) return 'save of the answer';
  if (is.refreshToken !== was.refreshToken) return 'save of the new refresh token';
  return is.renewalSentAt !== undefined && is.renewalSentAt !== was.renewalSentAt
    ? 'save before the request'
    : undefined;
}

async function readBody(answer: Response): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of answer.body ?? []) {
    if (parts.length === 0) reach('some of the answer read');
    parts.push(part);
  }
  return Buffer.concat(parts);
}

run(JSON.parse(process.argv[2] ?? '')).then(
  // Connections that are kept alive, and stdin, would keep the program alive too.
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    process.exit(1);
  },
);
