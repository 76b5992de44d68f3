import { setTimeout as after } from 'node:timers/promises';
import type { Metric, Result } from '../metric.ts';
import { spread } from '../rounds.ts';
import { figureResult } from '../target.ts';
import { Callers } from './callers.ts';
import { ProviderTime } from './providerTime.ts';
import { type Stage, startStage } from './stage.ts';

const rounds = 9;
/** How long an access token lives, in seconds: the host takes a new one as good for two. */
const life = 3;
/** Nobody asks for so long before each round, in milliseconds: then the token has ended. */
const pause = life * 1000 + 100;
const tokenPath = '/oauth/token';

interface Crowd {
  readonly callers: number;
  /** Milliseconds. */
  readonly atMost: number;
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
      ...(await together(stage, time, { callers: 100, atMost: 40 }, announce)),
      ...(await together(stage, time, { callers: 1000, atMost: 150 }, announce)),
    ];
  },
};

async function together(
  { host, provider }: Stage,
  time: ProviderTime,
  { callers: count, atMost }: Crowd,
  announce: (line: string) => void,
): Promise<Result[]> {
  const { port } = host;
  const callers = new Callers();
  await callers.gather({ port, connections: count });
  const requests: number[] = [];
  const waits: Wait[] = [];
  // The first round warms up, and its token is the one that ends.
  for (let round = 0; round <= rounds; round += 1) {
    announce(`${count} callers, round ${round} of ${rounds}`);
    await after(pause);
    provider.clearRequests();
    const wait = await waitOf(callers, port, time);
    if (round === 0) continue;
    waits.push(wait);
    requests.push(provider.count(tokenPath));
  }
  await callers.leave();
  const [least, most] = spread(waits.map(({ work }) => work)).map((one) => one.toFixed(0));
  const note = `${rounds} rounds over kept connections; the provider’s own time was ${least}–${most} ms`;
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
  ];
}

async function waitOf(callers: Callers, port: number, time: ProviderTime): Promise<Wait> {
  const began = performance.now();
  const { last, bodies } = await callers.fire({ port, path: '/user/access_token' });
  if (bodies.length !== 1) throw new Error(`The callers were given ${bodies.length} different tokens.`);
  const work = time.between(began, performance.now(), tokenPath);
  return { last: last - work, work };
}
