import type { Metric } from '../metric.ts';
import { pairedRounds } from '../rounds.ts';
import { ratioResult } from '../target.ts';
import { Callers } from './callers.ts';
import { hotLoad } from './hotPath.ts';
import { startStage } from './stage.ts';

const rounds = 7;
const idle = 1000;
const slow = 50;

export const crowded: Metric = {
  id: 'P4',
  what: `P3 while ${idle} idle connections are kept and ${slow} send a byte of their headers a second, against the same without them.`,
  async measure(announce) {
    const { host } = await startStage();
    const [callers, crowd] = [new Callers(), new Callers()];
    const p99 = async () => (await callers.load({ ...hotLoad, port: host.port })).p99;
    await p99();
    const both = await pairedRounds(
      rounds,
      async (round) => {
        announce(`with the others, round ${round} of ${rounds}`);
        await crowd.gather({ port: host.port, connections: idle });
        await crowd.dawdle({ port: host.port, connections: slow });
        const figure = await p99();
        await crowd.leave();
        // Answered when the host has seen that they are gone.
        await fetch(`${host.address}/.well-known/health`).then((answer) => answer.text());
        return figure;
      },
      () => p99(),
    );
    const metric = `GET /userinfo, p99 in ms, beside ${idle} idle and ${slow} slow connections`;
    return [ratioResult({ id: 'P4', metric }, both, { atMost: 1.5 })];
  },
};
