import { once } from 'node:events';
import { setTimeout as after } from 'node:timers/promises';
import { z } from 'zod';
import { BrowserDouble } from '../../demo/identity-provider/person.ts';
import type { IdentityProvider } from '../../demo/identity-provider/provider.ts';
import { startFixedLogin } from '../fixedParts/start.ts';
import type { Metric, Result } from '../metric.ts';
import { spread } from '../rounds.ts';
import { figureResult } from '../target.ts';
import { Callers } from './callers.ts';
import { portOf } from './processes.ts';
import { ProviderTime } from './providerTime.ts';
import { type Stage, startStage } from './stage.ts';

const rounds = 9;
/** How long an access token lives, in seconds: the host takes a new one as good for two. */
const life = 3;
/**
 * Nobody asks for so long before each round, in milliseconds: a machine serves the first requests after a pause more slowly. One
 * of the two that are compared is asked in the middle of the other's pause.
 */
const pause = life * 1000 + 100;
const tokenPath = '/oauth/token';
const loginSaid = z.object({ login: z.string() });

interface Crowd {
  readonly callers: number;
  /** Milliseconds. */
  readonly atMost: number;
}

/** A server whose callers are there, with a token that ends. */
interface Asked {
  readonly callers: Callers;
  readonly port: number;
  readonly path: string;
}

/** One round: milliseconds. */
interface Wait {
  /** How long the last one waited, beyond the provider's work. */
  readonly last: number;
  readonly work: number;
}

export const renewal: Metric = {
  id: 'P6',
  what: 'Callers that all want a token at the moment when it has expired: how often the provider is asked, and how long the last one waits beyond the provider’s own time.',
  async measure(announce) {
    const time = new ProviderTime();
    const stage = await startStage({ provider: { accessTokenSeconds: life } });
    return [
      ...(await together(stage, time, { callers: 100, atMost: 20 }, announce)),
      ...(await together(stage, time, { callers: 1000, atMost: 100 }, announce)),
    ];
  },
};

async function together(
  { host, provider }: Stage,
  time: ProviderTime,
  { callers: count, atMost }: Crowd,
  announce: (line: string) => void,
): Promise<Result[]> {
  const ours = await gathered(host.port, '/user/access_token', count);
  const bare = await gathered(await startBare(provider), '/', count);
  const requests: number[] = [];
  const waits: Wait[] = [];
  const bareWaits: Wait[] = [];
  // The first round warms up, and its token is the one that ends.
  for (let round = 0; round <= rounds; round += 1) {
    announce(`${count} callers, round ${round} of ${rounds}`);
    await after(pause / 2);
    provider.clearRequests();
    const wait = await waitOf(ours, time);
    const asked = provider.count(tokenPath);
    await after(pause / 2);
    const bareWait = await waitOf(bare, time);
    if (round === 0) continue;
    waits.push(wait);
    requests.push(asked);
    bareWaits.push(bareWait);
  }
  await ours.callers.leave();
  await bare.callers.leave();
  const [least, most] = spread(waits.map(({ work }) => work)).map((one) => one.toFixed(0));
  const note = `${rounds} rounds over kept connections; the provider’s own time was ${least}–${most} ms`;
  const metric = `P6 of openid-client and the three writes alone, ${count} callers of a bare node:http, ms`;
  return [
    figureResult(
      { id: 'P6', metric: `token requests for ${count} callers` },
      [Math.max(...requests)],
      { atMost: 1 },
      '',
    ),
    figureResult(
      { id: 'P6', metric: `the slowest of ${count} callers, ms beyond the provider’s`, note },
      waits.map(({ last }) => last),
      { atMost },
      'ms',
    ),
    figureResult(
      { id: 'also', metric, note: `${rounds} rounds, in turns with those` },
      bareWaits.map(({ last }) => last),
      { atMost },
      'ms',
    ),
  ];
}

async function gathered(port: number, path: string, count: number): Promise<Asked> {
  const callers = new Callers();
  await callers.gather({ port, connections: count });
  return { callers, port, path };
}

async function waitOf({ callers, port, path }: Asked, time: ProviderTime): Promise<Wait> {
  const began = performance.now();
  const { last, bodies } = await callers.fire({ port, path });
  if (bodies.length !== 1) throw new Error(`The callers were given ${bodies.length} different tokens.`);
  const work = time.between(began, performance.now(), tokenPath);
  return { last: last - work, work };
}

/**
 * What no host gets below: a bare `node:http` that answers all at once, with a renewal by openid-client alone and the three
 * writes of T4. Nobody is looked up. @returns its port
 */
async function startBare(provider: IdentityProvider): Promise<number> {
  const child = await startFixedLogin('renewal', provider);
  const [said] = await once(child, 'message');
  const { fields } = await new BrowserDouble().signInAs(loginSaid.parse(said).login, 'Ada Lovelace', {
    deliver: false,
  });
  child.send({ fields });
  return await portOf(child);
}
