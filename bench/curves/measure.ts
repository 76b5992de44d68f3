/** The four curves: what more callers, listeners, programs and accounts cost. */

import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { accountNamed } from '../../demo/identity-provider/account.ts';
import { type IdentityProvider, startIdentityProvider } from '../../demo/identity-provider/provider.ts';
import { providerEnvironment } from '../../e2e/support/client.ts';
import { type Headless, startHeadless } from '../../e2e/support/headless.ts';
import { Callers, sharedClock } from '../api/callers.ts';
import { endAll } from '../api/processes.ts';
import { settledMemory, settling } from '../api/resident.ts';
import { kilobytesIn } from '../processes.ts';
import { signInAs } from '../signIn.ts';
import { Burst, mostConnections } from './burst.ts';
import type { Point, Promised } from './growth.ts';

/** A cost along a curve. */
export interface Series {
  readonly name: string;
  readonly unit: 'ms' | 'MB';
  readonly points: readonly Point[];
  readonly promised: Promised;
  /** Growth is stated for counts from here on: below, what is done once hides it. */
  readonly from: number;
}

/** What more of one thing costs. */
export interface Curve {
  /** For the file of its chart. */
  readonly name: string;
  /** What is counted, e.g. `listeners of /user/stream`. */
  readonly counted: string;
  readonly how: string;
  readonly series: readonly Series[];
}

type Announce = (line: string) => void;

/** The quickest of so many counts: what else the machine does only makes a round slower. */
const rounds = 7;
/** Enough requests for a steady median, on one connection. */
const hotRequests = 3_000;
const hotPath = '/userinfo';

/** Requests in flight. */
export async function callersCurve(announce: Announce): Promise<Curve> {
  const [time, memory]: [Point[], Point[]] = [[], []];
  await onHost(async ({ host }) => {
    await signInAs(host, 'Ada Lovelace');
    const idle = await settledMemory(host.pid);
    for (const count of [1, 10, 100, 1_000, 10_000]) {
      const burst = await Burst.open(host.port, hotPath, count);
      await resetPeak(host.pid);
      const times: number[] = [];
      for (let round = 0; round < rounds; round += 1) times.push(await burst.fire());
      burst.close();
      time.push({ count, cost: Math.min(...times) });
      memory.push({ count, cost: Math.max(0.01, (await peakMemory(host.pid)) - idle) });
      announce(`${count} requests in flight: ${Math.min(...times).toFixed(1)} ms`);
      await settledMemory(host.pid);
    }
  });
  return {
    name: 'callers',
    counted: 'requests in flight',
    how: `GET ${hotPath}, all sent at the same moment on kept connections, until the last answer; beyond ${mostConnections.toLocaleString('en')} they are pipelined, as a host takes 1,500 connections of each family. Memory is the highest meanwhile, over the idle host, garbage included.`,
    series: [
      { name: 'until the last answer', unit: 'ms', points: time, promised: 'at most linear', from: 10 },
      { name: 'most memory', unit: 'MB', points: memory, promised: 'at most linear', from: 100 },
    ],
  };
}

/** Listeners of `/user/stream`. */
export async function listenersCurve(announce: Announce): Promise<Curve> {
  const [opening, telling, memory]: [Point[], Point[], Point[]] = [[], [], []];
  for (const count of [1, 10, 100, 1_000, 5_000]) {
    await onHost(async ({ host, callers }) => {
      await signInAs(host, 'Ada Lovelace');
      await signInAs(host, 'Grace Hopper');
      await callers.load({ port: host.port, path: hotPath, connections: 1, requests: 1 });
      const idle = await settledMemory(host.pid);
      const opened: number[] = [];
      const told: number[] = [];
      let grown = 0;
      for (const person of ['Grace Hopper', 'Ada Lovelace', 'Grace Hopper']) {
        const began = performance.now();
        await callers.listen({ port: host.port, connections: count });
        opened.push(performance.now() - began);
        if (opened.length === 1) grown = (await settledMemory(host.pid)) - idle;
        told.push(await timeOfChange(host, callers, person));
        await callers.leave();
      }
      opening.push({ count, cost: Math.min(...opened) });
      memory.push({ count, cost: Math.max(0.01, grown) });
      telling.push({ count, cost: Math.min(...told) });
      announce(
        `${count} listeners: ${Math.min(...told).toFixed(1)} ms until the last one is told, ${grown.toFixed(1)} MB`,
      );
    });
  }
  return {
    name: 'listeners',
    counted: 'listeners of /user/stream',
    how: 'Memory is what they take over the idle host, garbage collected. A change is POST /user/select; it is over with the last frame.',
    series: [
      { name: 'a change, to the last frame', unit: 'ms', points: telling, promised: 'at most linear', from: 10 },
      { name: 'to open them all', unit: 'ms', points: opening, promised: 'at most linear', from: 10 },
      { name: 'memory', unit: 'MB', points: memory, promised: 'at most linear', from: 100 },
    ],
  };
}

/** Programs that have called `/connect`, as many of them on the list as it holds. */
export async function programsCurve(announce: Announce): Promise<Curve> {
  const [hot, connecting, memory]: [Point[], Point[], Point[]] = [[], [], []];
  const home = await mkdtemp(join(tmpdir(), 'loopgate-curve-'));
  const environment = { LOOPGATE_VAULT_KEY: randomBytes(32).toString('base64') };
  try {
    await withProvider(async (provider) => {
      // The first run writes the list with the callers' program on it.
      await onHost(
        async ({ host, callers }) => {
          await signInAs(host, 'Ada Lovelace');
          await hotTime(host, callers);
        },
        { provider, home, environment },
      );
      for (const count of [1, 10, 100, 1_000]) {
        await writeList(join(home, 'programs.json'), count);
        await onHost(
          async ({ host, callers }) => {
            for (let program = 1; program < count; program += 1) await connectAs(host, `program ${program}`);
            const times: number[] = [];
            for (let round = 0; round < rounds * 10; round += 1) times.push(await connectAs(host, 'program 0'));
            connecting.push({ count, cost: Math.min(...times) });
            hot.push({ count, cost: await hotTime(host, callers) });
            const resident = await settledMemory(host.pid);
            memory.push({ count, cost: resident });
            announce(`${count} programs: ${hot.at(-1)?.cost.toFixed(3)} ms a request, ${resident.toFixed(1)} MB`);
          },
          { provider, home, environment: { ...environment, LOOPGATE_GUARD: 'listed' } },
        );
      }
    });
  } finally {
    await rm(home, { recursive: true, force: true });
  }
  return {
    name: 'programs',
    counted: 'connected programs',
    how: 'Each has called POST /connect; as many are on the list of programs as it holds (200). The caller is on the list, and only who is on it is served (LOOPGATE_GUARD=listed). Memory is that of the whole host.',
    series: [
      { name: `GET ${hotPath}`, unit: 'ms', points: hot, promised: 'flat', from: 1 },
      { name: 'POST /connect once more', unit: 'ms', points: connecting, promised: 'at most linear', from: 10 },
      { name: 'memory', unit: 'MB', points: memory, promised: 'at most linear', from: 1 },
    ],
  };
}

/** People who are signed in. */
export async function accountsCurve(announce: Announce): Promise<Curve> {
  const [hot, signingIn, renewing, memory]: [Point[], Point[], Point[], Point[]] = [[], [], [], []];
  await onHost(
    async ({ host, provider, callers }) => {
      // What runs for the first time is slower, and is no account's fault.
      await signInAs(host, 'Ada Lovelace');
      await renewalTime(host, provider);
      await post(host, '/user/clear', {});
      let people = 0;
      for (const count of [1, 2, 5, 10, 20, 50]) {
        const times: number[] = [];
        while (people < count) {
          people += 1;
          const began = performance.now();
          await signInAs(host, `Person ${String.fromCharCode(64 + Math.ceil(people / 26))} ${people}`);
          times.push(performance.now() - began);
        }
        signingIn.push({ count, cost: Math.min(...times) });
        renewing.push({ count, cost: await renewalTime(host, provider) });
        hot.push({ count, cost: await hotTime(host, callers) });
        memory.push({ count, cost: await settledMemory(host.pid) });
        announce(
          `${count} accounts: ${hot.at(-1)?.cost.toFixed(3)} ms a request, ${times.at(-1)?.toFixed(0)} ms to sign in`,
        );
      }
    },
    { environment: { LOOPGATE_VAULT_KEY: randomBytes(32).toString('base64') } },
  );
  return {
    name: 'accounts',
    counted: 'accounts',
    how: 'All are signed in, one is active, all are written to the disk at every change. A sign-in is timed from the challenge to the profile, with the local provider. Memory is that of the whole host.',
    series: [
      { name: `GET ${hotPath}`, unit: 'ms', points: hot, promised: 'flat', from: 1 },
      { name: 'one more sign-in', unit: 'ms', points: signingIn, promised: 'at most linear', from: 2 },
      { name: 'a renewal', unit: 'ms', points: renewing, promised: 'at most linear', from: 1 },
      { name: 'memory', unit: 'MB', points: memory, promised: 'at most linear', from: 1 },
    ],
  };
}

// --- the stage ------------------------------------------------------------------------------------------------------------

interface HostOptions {
  readonly provider?: IdentityProvider;
  readonly home?: string;
  readonly environment?: NodeJS.ProcessEnv;
}

async function onHost(
  play: (stage: { host: Headless; provider: IdentityProvider; callers: Callers }) => Promise<void>,
  { provider: given, home, environment }: HostOptions = {},
): Promise<void> {
  await withProvider(async (provider) => {
    const host = await startHeadless({
      ...(home !== undefined && { home }),
      environment: { ...providerEnvironment(provider), ...settling, LOOPGATE_LOG_LEVEL: 'error', ...environment },
    });
    try {
      await play({ host, provider, callers: new Callers() });
    } finally {
      await endAll();
      await host.stop();
    }
  }, given);
}

async function withProvider(play: (provider: IdentityProvider) => Promise<void>, given?: IdentityProvider) {
  if (given) return await play(given);
  const provider = await startIdentityProvider({ anyLoopbackCallback: true, deviceFlow: false });
  try {
    await play(provider);
  } finally {
    await provider.close();
  }
}

/** One request of many on one connection, in milliseconds: the median of each round. */
async function hotTime(host: Headless, callers: Callers): Promise<number> {
  const load = { port: host.port, path: hotPath, connections: 1, requests: hotRequests };
  await callers.load(load);
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) times.push((await callers.load(load)).p50);
  return Math.min(...times);
}

/** From the request that switches to another person to the last listener's frame, in milliseconds. */
async function timeOfChange(host: Headless, callers: Callers, person: string): Promise<number> {
  const told = callers.nextFrame();
  const began = sharedClock();
  await post(host, '/user/select', { user_id: accountNamed(person).sub });
  return (await told) - began;
}

async function renewalTime(host: Headless, { clientId }: IdentityProvider): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1)
    times.push(
      await post(host, '/oauth/token', new URLSearchParams({ grant_type: 'refresh_token', client_id: clientId })),
    );
  return Math.min(...times);
}

function connectAs(host: Headless, name: string): Promise<number> {
  const application = { name: 'OPEN_SOURCE', version: '1', platform: 'LINUX', onboarded: false, privacy: 'OPEN' };
  return post(host, '/connect', { application: { ...application, name } });
}

/**
 * @param content - a form, or what is sent as JSON
 * @returns how long it took, in milliseconds
 * @throws Error with an answer that is not good
 */
async function post(host: Headless, path: string, content: object): Promise<number> {
  const isForm = content instanceof URLSearchParams;
  const headers = { 'Content-Type': isForm ? 'application/x-www-form-urlencoded' : 'application/json' };
  const body = isForm ? content.toString() : JSON.stringify(content);
  const began = performance.now();
  const answer = await fetch(`${host.address}${path}`, { method: 'POST', headers, body });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`POST ${path} answered ${answer.status}: ${text}`);
  return performance.now() - began;
}

const listOnDisk = z.looseObject({ programs: z.array(z.looseObject({ program: z.looseObject({ id: z.string() }) })) });
const mostListed = 200;

/** Whoever is on the list is allowed for hours; before them come others, as many as there are to be. */
async function writeList(path: string, count: number): Promise<void> {
  const list = listOnDisk.parse(JSON.parse(await readFile(path, 'utf8')));
  const now = Date.now();
  const until = now + 60 * 60_000;
  const known = list.programs.filter(({ program }) => !program.id.startsWith('/opt/bench/'));
  const own = known.map((one) => ({ ...one, decision: 'allowed', until }));
  const others = Array.from({ length: Math.min(count, mostListed) - own.length }, (_, index) => {
    const id = `/opt/bench/program-${index}`;
    const program = { id, name: `program-${index}`, path: id, kind: 'program', lasting: 'always' };
    return { program, decision: 'allowed', firstUsed: now, lastUsed: now, wishes: ['profile'] };
  });
  await writeFile(path, JSON.stringify({ ...list, programs: [...others, ...own] }), { mode: 0o600 });
}

// --- memory ---------------------------------------------------------------------------------------------------------------

/** proc(5): 5 sets the peak of resident memory back to what it is now. */
async function resetPeak(pid: number): Promise<void> {
  await writeFile(`/proc/${pid}/clear_refs`, '5');
}

/** The highest resident memory since then, in MB. */
async function peakMemory(pid: number): Promise<number> {
  return kilobytesIn(await readFile(`/proc/${pid}/status`, 'utf8'), 'VmHWM') / 1024;
}
