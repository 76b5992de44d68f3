import { once } from 'node:events';
import { z } from 'zod';
import { BrowserDouble } from '../../demo/identity-provider/person.ts';
import { startFixedLogin } from '../fixedParts/start.ts';
import type { Metric, Result } from '../metric.ts';
import { median } from '../rounds.ts';
import { figureResult } from '../target.ts';
import { Callers } from './callers.ts';
import { processorTime } from './processor.ts';
import { Program, type SignInTimes } from './program.ts';
import { ProviderTime } from './providerTime.ts';
import { type Stage, startStage } from './stage.ts';

/** Fewer than a program may begin in a minute (60), with those before and after. */
const signIns = 30;
const warmUps = 5;
/** Milliseconds. */
const most = 5;
/** About as long as {@link signInsMeanwhile} take. */
const probeSeconds = 0.5;
const signInsMeanwhile = 10;
/** What that answers to each step. */
const stepTaken = z.object({ took: z.number(), login: z.string() });

export const signingIn: Metric = {
  id: 'P5',
  what: 'A full sign-in of a program through the API (challenge, code, tokens), without the work of the provider and of the person’s browser.',
  async measure(announce) {
    const time = new ProviderTime();
    const stage = await startStage({ guard: 'same-user' });
    const program = new Program(stage.host, stage.provider, time);
    const parts: SignInTimes[] = [];
    let processor = 0;
    announce(`${signIns} sign-ins`);
    for (let index = 0; index < warmUps + signIns; index += 1) {
      // Each as the first one: what is signed in already would be taken back meanwhile.
      await program.signOut();
      const before = processorTime(stage.host.pid);
      const taken = await program.signIn();
      if (index < warmUps) continue;
      parts.push(taken);
      processor += ((processorTime(stage.host.pid) - before) * 1000) / signIns;
    }
    const times = parts.map(({ challenge, address, code, tokens }) => challenge + address + code + tokens);
    const part = (name: keyof SignInTimes) => median(parts.map((one) => one[name])).toFixed(1);
    const metric = 'a sign-in through the API, ms of the host’s own';
    const note = `median of ${signIns}: the challenge ${part('challenge')}, until the address is out ${part('address')}, from the callback to the code ${part('code')}, the tokens ${part('tokens')}; the host takes ${processor.toFixed(1)} ms of a processor for one`;
    return [
      figureResult({ id: 'P5', metric, note }, times, { atMost: most }, 'ms'),
      await signInAlone(stage, time, announce),
      await healthMeanwhile(stage, program, { isKept: true, atMost: 5 }, announce),
      await healthMeanwhile(stage, program, { isKept: false, atMost: 20 }, announce),
    ];
  },
};

/** What no host gets below: openid-client and the two writes, without any request to a host. */
async function signInAlone({ provider }: Stage, time: ProviderTime, announce: (line: string) => void): Promise<Result> {
  announce('openid-client alone');
  const child = await startFixedLogin('signIn', provider);
  await once(child, 'message');
  const step = async (message: object) => {
    const began = performance.now();
    const answered = once(child, 'message');
    child.send(message);
    const { took, login } = stepTaken.parse((await answered)[0]);
    return { login, own: took - time.between(began, performance.now()) };
  };
  const times: number[] = [];
  for (let index = 0; index < warmUps + signIns; index += 1) {
    const { login, own } = await step({});
    const { fields } = await new BrowserDouble().signInAs(login, 'Ada Lovelace', { deliver: false });
    const tokens = await step({ fields });
    if (index >= warmUps) times.push(own + tokens.own);
  }
  const metric = 'P5 of openid-client and the two writes alone, ms';
  return figureResult({ id: 'also', metric, note: `median of ${signIns}` }, times, { atMost: most }, 'ms');
}

/** How long /.well-known/health takes while sign-ins go on. It has no entry of its own. */
async function healthMeanwhile(
  { host }: Stage,
  program: Program,
  { isKept, atMost }: { isKept: boolean; atMost: number },
  announce: (line: string) => void,
): Promise<Result> {
  announce(`health meanwhile, on ${isKept ? 'a kept connection' : 'new connections'}`);
  const callers = new Callers();
  let isOver = false;
  const probed = callers
    .probe({ port: host.port, path: '/.well-known/health', isKept, seconds: probeSeconds })
    .finally(() => {
      isOver = true;
    });
  let signedIn = 0;
  for (; !isOver && signedIn < signInsMeanwhile; signedIn += 1) await program.signIn();
  const times = await probed;
  const worst = Math.max(...times).toFixed(1);
  const metric = `health while signing in, ms on ${isKept ? 'a kept connection' : 'a new one'}`;
  const note = `median of ${times.length} during ${signedIn} sign-ins; the slowest ${worst} ms, the median ${median(times).toFixed(1)} ms`;
  return figureResult({ id: 'also', metric, note }, times, { atMost }, 'ms');
}
