import type { Metric, Result } from '../metric.ts';
import { compared } from '../rounds.ts';
import { figureResult, ratioResult } from '../target.ts';
import { Callers } from './callers.ts';
import { endAll } from './processes.ts';
import { restingMemory } from './resident.ts';
import { startReference, startStage } from './stage.ts';

const rounds = 3;
const most = 1.7;
/** After so many both are warm: what grows beyond that is kept by mistake. */
const warm = 100_000;
const requests = 1_000_000;
const load = { path: '/userinfo', connections: 10 };

interface Server {
  readonly port: number;
  readonly pid: number;
}

export const memory: Metric = {
  id: 'P9',
  what: 'Resident memory with somebody signed in, idle and after a million requests, left alone, against bare node:http.',
  async measure(announce) {
    const idle: { value: number; reference: number }[] = [];
    let results: Result[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      announce(`idle, round ${round} of ${rounds}`);
      const { host, reference } = await startBoth();
      const [value, beside] = await Promise.all([restingMemory(host.pid), restingMemory(reference.pid)]);
      idle.push({ value, reference: beside });
      if (round === rounds) results = await afterMany(host, reference, idle.at(-1), announce);
      await endAll();
    }
    const both = compared(
      idle.map(({ value }) => value),
      idle.map(({ reference }) => reference),
    );
    return [ratioResult({ id: 'P9', metric: 'resident memory idle, MB' }, both, { atMost: most }), ...results];
  },
};

async function startBoth(): Promise<{ host: Server; reference: Server }> {
  const { host } = await startStage({ guard: 'same-user' });
  const { answer } = await new Callers().load({ ...load, port: host.port, requests: 1 });
  const reference = await startReference('node:http', answer);
  await new Callers().load({ ...load, port: reference.port, requests: 1 });
  return { host, reference };
}

async function afterMany(
  host: Server,
  reference: Server,
  idle: { value: number; reference: number } | undefined,
  announce: (line: string) => void,
): Promise<Result[]> {
  const callers = new Callers();
  const loaded = (count: number) => async (server: Server) => {
    await callers.load({ ...load, port: server.port, requests: count });
    return await restingMemory(server.pid);
  };
  const [first, rest] = [loaded(warm), loaded(requests - warm)];
  announce(`the first ${warm} requests`);
  const [hostWarm, referenceWarm] = [await first(host), await first(reference)];
  announce(`${requests} requests to the host`);
  const hostAfter = await rest(host);
  announce(`${requests} requests to node:http`);
  const referenceAfter = await rest(reference);
  const percent = (after: number, before: number | undefined) => (after / (before ?? Number.NaN) - 1) * 100;
  const written = (after: number, before: number | undefined) => `${percent(after, before).toFixed(1)} %`;
  const note = `from the ${warm.toLocaleString('en-US')}th request on, when all is compiled; node:http ${written(referenceAfter, referenceWarm)}. From idle on: ${written(hostAfter, idle?.value)}, node:http ${written(referenceAfter, idle?.reference)}`;
  return [
    ratioResult(
      { id: 'P9', metric: 'resident memory after 1,000,000 requests, MB' },
      compared([hostAfter], [referenceAfter]),
      { atMost: most },
    ),
    figureResult({ id: 'P9', metric: 'growth by these, %', note }, [percent(hostAfter, hostWarm)], { atMost: 5 }, '%'),
  ];
}
