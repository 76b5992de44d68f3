import type { Metric, Result } from '../metric.ts';
import { compared, inTurns, median } from '../rounds.ts';
import { ratioResult } from '../target.ts';
import { Callers, type Loaded } from './callers.ts';
import { processorTime } from './processor.ts';
import { checkSameBytes, type Guard, startReference, startStage } from './stage.ts';

/** The load of P1, which others measure beside something else. */
export const hotLoad = { path: '/userinfo', connections: 10, seconds: 2 };
const rounds = 7;

type ReferenceKind = 'node:http' | 'express';
type Announce = (line: string) => void;

/** One round, and the share of one processor that the server took in it. */
interface Round extends Loaded {
  readonly server: number;
}

interface Measured {
  readonly values: readonly Round[];
  readonly references: readonly Round[];
}

/** P1 and P3 are figures of the same rounds: whoever comes second finds them here. */
const measured = new Map<string, Promise<Measured>>();

function underLoad(guard: Guard, kind: ReferenceKind, announce: Announce): Promise<Measured> {
  const key = `${guard} ${kind}`;
  const rounds = measured.get(key) ?? measure(guard, kind, announce);
  measured.set(key, rounds);
  return rounds;
}

/** This program and a reference with the same answer, under the same load in turns. */
async function measure(guard: Guard, kind: ReferenceKind, announce: Announce): Promise<Measured> {
  announce(`starting the host (guard ${guard}) and ${kind}`);
  const { host } = await startStage({ guard });
  const callers = new Callers();
  const warm = await callers.load({ ...hotLoad, port: host.port });
  const reference = await startReference(kind, warm.answer);
  checkSameBytes(warm.answer, (await callers.load({ ...hotLoad, port: reference.port })).answer);
  const round = async ({ port, pid }: { port: number; pid: number }): Promise<Round> => {
    const before = processorTime(pid);
    const began = performance.now();
    const result = await callers.load({ ...hotLoad, port });
    return { ...result, server: (processorTime(pid) - before) / ((performance.now() - began) / 1000) };
  };
  return await inTurns(
    rounds,
    (number) => {
      announce(`guard ${guard} against ${kind}, round ${number} of ${rounds}`);
      return round(host);
    },
    () => round(reference),
  );
}

function sideBySide({ values, references }: Measured, figure: (round: Round) => number) {
  return compared(values.map(figure), references.map(figure));
}

/**
 * What a request takes of the server's processor, which holds on a busy machine too; and what the callers took of one: with
 * none left it is they who are measured.
 */
function processorNote(both: Measured): string {
  const cost = sideBySide(both, ({ server, perSecond }) => (server / perSecond) * 1e6);
  const [own, reference] = [cost.values, cost.references].map((of) => Math.round(median(of)));
  const callers = sideBySide(both, ({ processor }) => processor * 100);
  const [beside, besideReference] = [callers.values, callers.references].map((of) => Math.round(median(of)));
  const ratio = median(cost.ratios.map((one) => 1 / one)).toFixed(2);
  return `a request takes ${own} µs of a processor, the reference's ${reference} µs (${ratio}); the callers took ${beside} % and ${besideReference} % of the other one`;
}

async function throughput(
  id: string,
  [guard, kind]: readonly [Guard, ReferenceKind],
  atLeast: number,
  announce: Announce,
): Promise<Result> {
  const both = await underLoad(guard, kind, announce);
  const metric = `GET /userinfo, requests a second (guard ${guard}, against ${kind})`;
  return ratioResult(
    { id, metric, note: processorNote(both) },
    sideBySide(both, (one) => one.perSecond),
    { atLeast },
  );
}

export const requestsASecond: Metric = {
  id: 'P1',
  what: 'GET /userinfo from the session with every guard on, 10 kept connections, against bare node:http that sends the same bytes.',
  async measure(announce) {
    return [
      await throughput('P1', ['listed', 'node:http'], 0.7, announce),
      await throughput('P1', ['same-user', 'node:http'], 0.7, announce),
    ];
  },
};

export const againstExpress: Metric = {
  id: 'P2',
  what: 'The same against an express app with one route that sends the same bytes, in production mode.',
  async measure(announce) {
    return [await throughput('P2', ['listed', 'express'], 3, announce)];
  },
};

export const latency: Metric = {
  id: 'P3',
  what: 'What the slowest hundredth of the requests of P1 waits at least, against bare node:http.',
  async measure(announce) {
    const both = await underLoad('listed', 'node:http', announce);
    const { values, references } = sideBySide(both, ({ p50 }) => p50);
    const note = `the median is ${median(values).toFixed(2)} ms, the reference's ${median(references).toFixed(2)} ms`;
    const metric = 'GET /userinfo, p99 in ms (guard listed)';
    return [
      ratioResult(
        { id: 'P3', metric, note },
        sideBySide(both, ({ p99 }) => p99),
        { atMost: 1.5 },
      ),
    ];
  },
};
