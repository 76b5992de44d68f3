/** Loopgate as a program sees it: where it is, what it answers, what it tells. Nothing of VS Code is in here. */

import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** Somebody who is signed in. */
export interface Person {
  /** The provider's `sub`. */
  readonly id: string;
  /** Name and e-mail address. VS Code remembers by it what was allowed, so it must not fit two people. */
  readonly label: string;
}

/** Why Loopgate did not do what was asked: its stable code (`consent_denied`, …), and its words with what to do next. */
export class LoopgateError extends Error {
  readonly code: string;

  constructor(code: string, description: string) {
    super(description);
    this.code = code;
  }
}

export const notRunning = 'not_running';
/** How often it is looked for while it is not there, in milliseconds: one small file is read. */
const lookInterval = 1_000;

/** Everybody who is signed in, the active person first; empty when nobody is active. Never makes Loopgate ask the person. */
export async function people(): Promise<Person[]> {
  if (!(await activePerson())) return [];
  return list(field(await json('GET', '/users'), 'iterable')).map(personOf);
}

/**
 * Waits until somebody is signed in, in the browser where nobody is (for 110 seconds). Loopgate asks the person about this
 * editor the first time.
 * @param id - who it has to be: somebody who is signed in, and becomes the active person of all programs
 * @throws LoopgateError
 */
export async function signIn(id?: string, stop?: AbortSignal): Promise<Person> {
  if (id !== undefined) return personOf(await json('POST', '/user/select', { body: { user_id: id }, stop }));
  return personOf(await json('POST', '/os/sign_in', { stop }));
}

/** Forgets this person in Loopgate, for all programs, and revokes at the provider. @throws LoopgateError */
export async function signOut(id: string): Promise<void> {
  await json('POST', `/users/${encodeURIComponent(id)}/disconnect`);
}

/**
 * An access token of the active person. `audience:https://api.example` among the scopes names another API of the tenant; those
 * of every session are there anyway; all others are asked of the provider.
 * @param id - whose token it has to be
 * @throws LoopgateError
 */
export async function accessToken(id: string, scopes: readonly string[]): Promise<string> {
  const prefix = 'audience:';
  const ofSession = ['openid', 'profile', 'email', 'offline_access'];
  const audiences = scopes.filter((scope) => scope.startsWith(prefix)).map((scope) => scope.slice(prefix.length));
  const further = scopes.filter((scope) => !scope.startsWith(prefix) && !ofSession.includes(scope));
  if (audiences.length > 1)
    throw new LoopgateError('invalid_request', 'A token is for one audience. Ask for each alone.');
  const query = new URLSearchParams();
  for (const audience of audiences) query.set('audience', audience);
  if (further.length > 0) query.set('scope', further.join(' '));
  const token = await text('GET', query.size > 0 ? `/user/access_token?${query}` : '/user/access_token');
  // The person may have switched meanwhile, and a token is never handed out in another's name.
  if ((await activePerson())?.id === id) return token;
  throw new LoopgateError('not_signed_in', 'The account was switched or signed out meanwhile. Ask again.');
}

/**
 * Follows Loopgate until stopped, also while it is stopped and started again.
 * @param tell - called with true when it was found and after every change of who is active; with false when it has gone
 */
export async function follow(tell: (isRunning: boolean) => void, stop: AbortSignal): Promise<void> {
  let isMissed = false;
  while (!stop.aborted) {
    try {
      const address = await findAddress();
      isMissed = false;
      await listen(address, () => tell(true), stop);
    } catch {
      if (!isMissed) tell(false);
      isMissed = true;
    }
    await delay(lookInterval, undefined, { signal: stop }).catch(() => undefined);
  }
}

/** Resolves when the WebSocket has ended. With `loopgate.reasons` every frame is about something, never empty. */
function listen(address: string, onMessage: () => void, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const socket = new WebSocket(`${address.replace('http', 'ws')}/user/stream`, 'loopgate.reasons');
    const close = () => socket.close();
    stop.addEventListener('abort', close);
    socket.addEventListener('message', onMessage);
    socket.addEventListener('error', close);
    socket.addEventListener('close', () => {
      stop.removeEventListener('abort', close);
      resolve();
    });
  });
}

/** `/user` asks the person nothing: to an editor that they have not allowed yet, nobody is signed in. */
async function activePerson(): Promise<Person | undefined> {
  const user = field(await json('GET', '/user'), 'user');
  return user === undefined ? undefined : personOf(user);
}

/** By `endpoint.json`, which only this user can write. The port alone could be another program's. */
async function findAddress(): Promise<string> {
  try {
    const endpoint: unknown = JSON.parse(await readFile(join(dataFolder(), 'endpoint.json'), 'utf8'));
    const address = `http://127.0.0.1:${Number(field(endpoint, 'port'))}`;
    const health = await fetch(`${address}/.well-known/health`, { signal: AbortSignal.timeout(2_000) });
    // Another answer: the file is stale, from a Loopgate that crashed.
    if ((await health.text()) === `ok:${field(endpoint, 'instance')}`) return address;
  } catch {
    // No file, or nobody answers.
  }
  throw new LoopgateError(notRunning, 'Loopgate is not running. Start it and try again.');
}

function dataFolder(): string {
  const { LOOPGATE_HOME, APPDATA, XDG_CONFIG_HOME } = process.env;
  if (LOOPGATE_HOME) return LOOPGATE_HOME;
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Application Support', 'Loopgate');
  if (process.platform === 'win32') return join(APPDATA ?? join(homedir(), 'AppData', 'Roaming'), 'Loopgate');
  return join(XDG_CONFIG_HOME || join(homedir(), '.config'), 'loopgate');
}

interface Request {
  readonly body?: unknown;
  readonly stop?: AbortSignal | undefined;
}

async function json(method: string, path: string, request?: Request): Promise<unknown> {
  return JSON.parse(await text(method, path, request));
}

async function text(method: string, path: string, { body, stop }: Request = {}): Promise<string> {
  const address = await findAddress();
  const request = {
    method,
    ...(body !== undefined && { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }),
    ...(stop && { signal: stop }),
  };
  const answer = await fetch(address + path, request).catch(() => {
    throw new LoopgateError(notRunning, 'Loopgate was stopped, or the request was cancelled. Try again.');
  });
  const said = await answer.text();
  if (answer.ok) return said;
  const error: unknown = JSON.parse(said);
  throw new LoopgateError(String(field(error, 'error')), String(field(error, 'error_description')));
}

function personOf(profile: unknown): Person {
  const [id, name, email] = ['id', 'name', 'email'].map((key) => field(profile, key));
  const unique = email ?? id;
  return { id: String(id), label: name === undefined || name === unique ? String(unique) : `${name} <${unique}>` };
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function field(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}
