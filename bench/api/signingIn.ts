import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { bundleLikeHost } from '../../build/bundle.ts';
import { BrowserDouble } from '../../demo/identity-provider/person.ts';
import type { IdentityProvider } from '../../demo/identity-provider/provider.ts';
import type { Metric, Result } from '../metric.ts';
import { compared, inTurns, median } from '../rounds.ts';
import { figureResult, ratioResult } from '../target.ts';
import { Callers } from './callers.ts';
import { startScript } from './processes.ts';
import { processorTime } from './processor.ts';
import { Program, type SignInTimes } from './program.ts';
import { ProviderTime } from './providerTime.ts';
import { type Stage, startStage } from './stage.ts';

/** Fewer than a program may begin in a minute (60), with those before and after. */
const signIns = 30;
const warmUps = 5;
/** About as long as {@link signInsMeanwhile} take. */
const probeSeconds = 0.5;
const signInsMeanwhile = 10;
/** What `signInAlone.ts` answers to each step: milliseconds, and where a person signs in. */
const stepTaken = z.object({ took: z.number(), login: z.string() });

/** A sign-in, and its own time in milliseconds. */
interface SignIn {
  readonly own: number;
  /** Of the host's. */
  readonly parts?: SignInTimes;
  /** The host's share of a processor, in milliseconds. */
  readonly processor?: number;
}

export const signingIn: Metric = {
  id: 'P5',
  what: 'A full sign-in of a program through the API (challenge, code, tokens), without the work of the provider and of the person’s browser, against openid-client alone with the same two writes.',
  async measure(announce) {
    const time = new ProviderTime();
    const stage = await startStage({ guard: 'same-user' });
    const program = new Program(stage.host, stage.provider, time);
    const ours = () => signInAtHost(stage, program);
    const alone = await startAlone(stage.provider, time);
    announce(`${signIns} sign-ins of each`);
    await inTurns(warmUps, ours, alone);
    const { values, references } = await inTurns(signIns, ours, alone);
    const part = (name: keyof SignInTimes) => median(values.map(({ parts }) => parts?.[name] ?? Number.NaN)).toFixed(1);
    const processor = median(values.map((one) => one.processor ?? Number.NaN));
    const metric = 'a sign-in through the API, ms of the host’s own';
    const note = `${signIns} rounds: the challenge ${part('challenge')}, until the address is out ${part('address')}, from the callback to the code ${part('code')}, the tokens ${part('tokens')}; the host takes ${processor.toFixed(0)} ms of a processor for one`;
    const own = ({ own }: SignIn) => own;
    return [
      ratioResult({ id: 'P5', metric, note }, compared(values.map(own), references.map(own)), { atMost: 1.8 }),
      await healthMeanwhile(stage, program, { isKept: true, atMost: 5 }, announce),
      await healthMeanwhile(stage, program, { isKept: false, atMost: 20 }, announce),
    ];
  },
};

async function signInAtHost({ host }: Stage, program: Program): Promise<SignIn> {
  // Each as the first one: what is signed in already would be taken back meanwhile.
  await program.signOut();
  const before = processorTime(host.pid);
  const parts = await program.signIn();
  const own = parts.challenge + parts.address + parts.code + parts.tokens;
  return { own, parts, processor: (processorTime(host.pid) - before) * 1000 };
}

/** Starts the reference, bundled as the host is. @returns what signs in there once */
async function startAlone(
  { issuer, clientId, audience }: IdentityProvider,
  time: ProviderTime,
): Promise<() => Promise<SignIn>> {
  const local = (path: string) => fileURLToPath(new URL(path, import.meta.url));
  const program = await bundleLikeHost(local('signInAlone.ts'), local('../../out/signInAlone'));
  const child = startScript(program, [], { ISSUER: issuer, CLIENT_ID: clientId, AUDIENCE: audience });
  await once(child, 'message');
  const step = async (message: object) => {
    const began = performance.now();
    const answered = once(child, 'message');
    child.send(message);
    const { took, login } = stepTaken.parse((await answered)[0]);
    return { login, own: took - time.between(began, performance.now()) };
  };
  return async () => {
    const { login, own } = await step({});
    const { fields } = await new BrowserDouble().signInAs(login, 'Ada Lovelace', { deliver: false });
    return { own: own + (await step({ fields })).own };
  };
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
