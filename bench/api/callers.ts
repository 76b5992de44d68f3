import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { startScript } from './processes.ts';

/** What the process of callers can be told to do. All sockets go to 127.0.0.1. */
export const order = z.discriminatedUnion('do', [
  /** Asks again and again on each connection, the next time as soon as the answer is there. */
  z.object({
    do: z.literal('load'),
    port: z.number(),
    path: z.string(),
    connections: z.number(),
    /** How long, or how often altogether. */
    seconds: z.number().exactOptional(),
    requests: z.number().exactOptional(),
  }),
  /** Opens connections that have each asked once and are kept. */
  z.object({ do: z.literal('gather'), port: z.number(), connections: z.number() }),
  /** All that were gathered ask at the same moment. */
  z.object({ do: z.literal('fire'), port: z.number(), path: z.string() }),
  /** Opens connections whose request comes a byte a second, and opens another one for each that is ended. */
  z.object({ do: z.literal('dawdle'), port: z.number(), connections: z.number() }),
  /** Asks every ten milliseconds, on one connection or on a new one each time. */
  z.object({ do: z.literal('probe'), port: z.number(), path: z.string(), isKept: z.boolean(), seconds: z.number() }),
  /** Opens WebSockets at `/user/stream`, and waits until each has its first frame. */
  z.object({ do: z.literal('listen'), port: z.number(), connections: z.number() }),
  /** Waits until each of these has one more. */
  z.object({ do: z.literal('nextFrame') }),
  /** Closes everything that is open. */
  z.object({ do: z.literal('leave') }),
]);
export type Order = z.output<typeof order>;
/** The details of one kind of order. */
export type OrderTo<Kind extends Order['do']> = Omit<Extract<Order, { do: Kind }>, 'do'>;

/** An answer as it came. */
export const recordedAnswer = z.object({ head: z.string(), body: z.string() });
export type RecordedAnswer = z.output<typeof recordedAnswer>;

/** What `load` gives. Times in milliseconds. */
export const loaded = z.object({
  perSecond: z.number(),
  p50: z.number(),
  p99: z.number(),
  /** The share of one processor that the callers took. */
  processor: z.number(),
  answer: recordedAnswer,
});
export type Loaded = z.output<typeof loaded>;

/** What `fire` gives: how long the first and the last answer took, in milliseconds, and how many different ones there were. */
export const fired = z.object({ first: z.number(), last: z.number(), bodies: z.array(z.string()) });
export type Fired = z.output<typeof fired>;

/** What `probe` gives: how long each answer took, in milliseconds, with the opening of a new connection. */
export const probed = z.array(z.number()).min(1);

const reply = z.object({ result: z.unknown().optional(), failure: z.string().exactOptional() });

/** Now, in milliseconds of a clock that all processes of the machine share. */
export function sharedClock(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** Programs that call, in a process of their own, so that what they cost is not counted as the server's. */
export class Callers {
  readonly #child = startScript(fileURLToPath(new URL('callerProcess.ts', import.meta.url)));

  async load(details: OrderTo<'load'>): Promise<Loaded> {
    return loaded.parse(await this.#carryOut({ do: 'load', ...details }));
  }

  async gather(details: OrderTo<'gather'>): Promise<void> {
    await this.#carryOut({ do: 'gather', ...details });
  }

  async fire(details: OrderTo<'fire'>): Promise<Fired> {
    return fired.parse(await this.#carryOut({ do: 'fire', ...details }));
  }

  async dawdle(details: OrderTo<'dawdle'>): Promise<void> {
    await this.#carryOut({ do: 'dawdle', ...details });
  }

  async probe(details: OrderTo<'probe'>): Promise<number[]> {
    return probed.parse(await this.#carryOut({ do: 'probe', ...details }));
  }

  async listen(details: OrderTo<'listen'>): Promise<void> {
    await this.#carryOut({ do: 'listen', ...details });
  }

  /** When the last listener got its next frame, by {@link sharedClock}. */
  async nextFrame(): Promise<number> {
    return z.number().parse(await this.#carryOut({ do: 'nextFrame' }));
  }

  async leave(): Promise<void> {
    await this.#carryOut({ do: 'leave' });
  }

  /** One order after the other. @throws Error with what went wrong there */
  async #carryOut(asked: Order): Promise<unknown> {
    const over = new AbortController();
    const ended = once(this.#child, 'exit', over).then(() => [{ failure: 'The process of the callers has ended.' }]);
    ended.catch(() => undefined);
    const answered = once(this.#child, 'message', over);
    this.#child.send(asked);
    const [message] = await Promise.race([answered, ended]);
    answered.catch(() => undefined);
    over.abort();
    const { result, failure } = reply.parse(message);
    if (failure !== undefined) throw new Error(failure);
    return result;
  }
}
