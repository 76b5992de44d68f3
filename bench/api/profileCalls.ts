import { setTimeout as after } from 'node:timers/promises';
import type { Metric } from '../metric.ts';
import { figureResult } from '../target.ts';
import { Callers } from './callers.ts';
import { startStage } from './stage.ts';

const connections = 10;
const turns = 100;
/** A minute for all of them, in milliseconds. */
const pause = 60_000 / turns;

export const profileCalls: Metric = {
  id: 'P7',
  what: 'How often the provider is asked for the profile, from the sign-in on, while programs ask 1,000 times in a minute.',
  async measure(announce) {
    const { host, provider } = await startStage({ guard: 'same-user' });
    const callers = new Callers();
    await callers.gather({ port: host.port, connections });
    for (let turn = 1; turn <= turns; turn += 1) {
      if (turn % 10 === 1) announce(`request ${(turn - 1) * connections + 1} of ${turns * connections}`);
      await Promise.all([callers.fire({ port: host.port, path: '/userinfo' }), after(pause)]);
    }
    const metric = `provider calls for ${turns * connections} × GET /userinfo in a minute`;
    return [figureResult({ id: 'P7', metric }, [provider.count('/userinfo')], { atMost: 1 }, '')];
  },
};
