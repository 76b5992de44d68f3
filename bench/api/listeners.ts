import type { Metric } from '../metric.ts';
import { figureResult } from '../target.ts';
import { Callers, sharedClock } from './callers.ts';
import { Program } from './program.ts';
import { settledMemory, settling } from './resident.ts';
import { type Stage, startStage } from './stage.ts';

const count = 1000;
const hosts = 3;
const changes = 3;

export const listeners: Metric = {
  id: 'P13',
  what: `${count} WebSocket listeners of /user/stream: from the request to sign out until the last one was told, and the memory that each takes.`,
  async measure(announce) {
    const times: number[] = [];
    const memory: number[] = [];
    for (let index = 1; index <= hosts; index += 1) {
      announce(`host ${index} of ${hosts}`);
      const stage = await startStage({ environment: settling });
      // A host of its own each time: what the listeners before have left behind is used again.
      const { host } = stage;
      const callers = new Callers();
      await callers.listen({ port: host.port, connections: 1 });
      await callers.leave();
      const before = await settledMemory(host.pid);
      await callers.listen({ port: host.port, connections: count });
      memory.push(((await settledMemory(host.pid)) - before) * (1024 / count));
      times.push(await signOut(stage, callers));
      for (let change = 1; change < changes; change += 1) {
        await new Program(host, stage.provider).signIn();
        await callers.listen({ port: host.port, connections: count });
        times.push(await signOut(stage, callers));
      }
      await host.stop();
    }
    const note = `${times.length} sign-outs; the callers’ own reading of ${count} sockets is in it`;
    return [
      figureResult(
        { id: 'P13', metric: `sign-out → the last of ${count} listeners, ms`, note },
        times,
        { atMost: 50 },
        'ms',
      ),
      figureResult({ id: 'P13', metric: 'memory of a listener, KB' }, memory, { atMost: 20 }, 'KB'),
    ];
  },
};

/** Signs out and gives how long the last listener waited, in milliseconds; then all of them leave. */
async function signOut({ host }: Stage, callers: Callers): Promise<number> {
  const told = callers.nextFrame();
  const began = sharedClock();
  const answer = await fetch(`${host.address}/os/sign_out`, { method: 'POST' });
  if (!answer.ok) throw new Error(`The sign-out was answered with ${answer.status}: ${await answer.text()}`);
  await answer.text();
  const waited = (await told) - began;
  if (waited < 0) throw new Error('The listeners were told before there was a change.');
  await callers.leave();
  return waited;
}
