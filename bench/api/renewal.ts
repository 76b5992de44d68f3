import { once } from 'node:events';
import { setTimeout as after } from 'node:timers/promises';
import { z } from 'zod';
import { BrowserDouble } from '../../e2e/identity-provider/person.ts';
import { buildFixed } from '../fixedParts/build.ts';
import type { Metric, Result } from '../metric.ts';
import { spread } from '../rounds.ts';
import { figureResult } from '../target.ts';
import { Callers } from './callers.ts';
import { portOf, startScript } from './processes.ts';
import { ProviderTime } from './providerTime.ts';
import { type Stage, startStage } from './stage.ts';

const rounds = 5;
/** How long an access token lives, in seconds: the host takes a new one as good for two. */
const life = 3;
/** Nobody asks for so long before each round, in milliseconds: a machine serves the first requests after a pause more slowly. */
const pause = life * 1000 + 100;
const tokenPath = '/oauth/token';
const loginSaid = z.object({ login: z.string() });

export const renewal: Metric = {
  id: 'P6',
  what: 'Callers that all want a token at the moment when it has expired: how often the provider is asked, and how long the last one waits beyond the provider’s own time.',
  async measure(announce) {
    const time = new ProviderTime();
    const stage = await startStage({ provider: { accessTokenSeconds: life } });
    return [
      ...(await together(stage, time, { callers: 100, atMost: 20 }, announce)),
      ...(await together(stage, time, { callers: 1000, atMost: 100 }, announce)),
      await renewedAlone(stage, time, { callers: 100, atMost: 20 }, announce),
      await renewedAlone(stage, time, { callers: 1000, atMost: 100 }, announce),
    ];
  },
};

async function together(
  { host, provider }: Stage,
  time: ProviderTime,
  { callers: count, atMost }: { callers: number; atMost: number },
  announce: (line: string) => void,
): Promise<Result[]> {
  const callers = new Callers();
  await callers.gather({ port: host.port, connections: count });
  const requests: number[] = [];
  const waits: number[] = [];
  const works: number[] = [];
  // The first round warms up, and its token is the one that ends.
  for (let round = 0; round <= rounds; round += 1) {
    announce(`${count} callers, round ${round} of ${rounds}`);
    await after(pause);
    provider.clearRequests();
    const began = performance.now();
    const { last, bodies } = await callers.fire({ port: host.port, path: '/user/access_token' });
    if (bodies.length !== 1) throw new Error(`${count} callers were given ${bodies.length} different tokens.`);
    if (round === 0) continue;
    const work = time.between(began, performance.now(), tokenPath);
    requests.push(provider.count(tokenPath));
    waits.push(last - work);
    works.push(work);
  }
  await callers.leave();
  const [least, most] = spread(works).map((one) => one.toFixed(0));
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
      waits,
      { atMost },
      'ms',
    ),
  ];
}

/**
 * What no host gets below: a bare `node:http` that answers all at once, with a renewal by openid-client alone and the two writes
 * around it. Nobody is looked up.
 */
async function renewedAlone(
  { provider }: Stage,
  time: ProviderTime,
  { callers: count, atMost }: { callers: number; atMost: number },
  announce: (line: string) => void,
): Promise<Result> {
  announce(`${count} callers of a bare node:http with openid-client`);
  const { issuer, clientId, audience } = provider;
  const environment = { ISSUER: issuer, CLIENT_ID: clientId, AUDIENCE: audience };
  const child = startScript(await buildFixed('renewal'), [], environment);
  const [said] = await once(child, 'message');
  const { fields } = await new BrowserDouble().signInAs(loginSaid.parse(said).login, 'Ada Lovelace', {
    deliver: false,
  });
  child.send({ fields });
  const port = await portOf(child);
  const callers = new Callers();
  await callers.gather({ port, connections: count });
  const waits: number[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    await after(pause);
    const began = performance.now();
    const { last } = await callers.fire({ port, path: '/' });
    if (round > 0) waits.push(last - time.between(began, performance.now(), tokenPath));
  }
  await callers.leave();
  const metric = `P6 of openid-client and the two writes alone, ${count} callers of a bare node:http, ms`;
  return figureResult({ id: 'also', metric, note: `${rounds} rounds` }, waits, { atMost }, 'ms');
}
