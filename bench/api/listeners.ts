import type { Metric } from '../metric.ts';
import { figureResult } from '../target.ts';
import { Callers, sharedClock } from './callers.ts';
import { Program } from './program.ts';
import { settledMemory, settling } from './resident.ts';
import { startStage } from './stage.ts';

/** As many as the API takes (L6). */
const count = 1_000;
const hosts = 3;
const changes = 3;
/** Milliseconds. */
const most = 100;

export const listeners: Metric = {
  id: 'P13',
  what: `${count} WebSocket listeners of /user/stream: from the request to sign out until the last one was told, and the memory that each takes.`,
  async measure(announce) {
    const times: number[] = [];
    const memory: number[] = [];
    for (let index = 1; index <= hosts; index += 1) {
      announce(`host ${index} of ${hosts}`);
      const { host, provider } = await startStage({ environment: settling });
      // A host of its own each time: what the listeners before have left behind is used again.
      const callers = new Callers();
      await callers.listen({ port: host.port, connections: 1 });
      await callers.leave();
      const before = await settledMemory(host.pid);
      await callers.listen({ port: host.port, connections: count });
      memory.push(((await settledMemory(host.pid)) - before) * (1024 / count));
      times.push(await signOut(host.address, callers));
      for (let change = 2; change <= changes; change += 1) {
        await new Program(host, provider).signIn();
        await callers.listen({ port: host.port, connections: count });
        times.push(await signOut(host.address, callers));
      }
      await host.stop();
    }
    const note = `${times.length} sign-outs; the callers’ own reading of ${count} sockets is in it`;
    return [
      figureResult(
        { id: 'P13', metric: `sign-out → the last of ${count} listeners, ms`, note },
        times,
        { atMost: most },
        'ms',
      ),
      figureResult({ id: 'P13', metric: 'memory of a listener, KB' }, memory, { atMost: 20 }, 'KB'),
    ];
  },
};

/** Signs out and gives how long the last listener waited, in milliseconds; then all of them leave. */
async function signOut(address: string, callers: Callers): Promise<number> {
  // Who asks is known, as of all that is measured over connections that are kept.
  await ask(address, 'GET', '/.well-known/health');
  const told = callers.nextFrame();
  const began = sharedClock();
  await ask(address, 'POST', '/os/sign_out');
  const waited = (await told) - began;
  if (waited < 0) throw new Error('The listeners were told before there was a change.');
  await callers.leave();
  return waited;
}

/** Over the one connection that fetch keeps. @throws Error for an answer that is not a success */
async function ask(address: string, method: 'GET' | 'POST', path: string): Promise<void> {
  const answer = await fetch(`${address}${path}`, { method });
  const said = await answer.text();
  if (!answer.ok) throw new Error(`${path} was answered with ${answer.status}: ${said}`);
}
