import type { IncomingMessage, ServerResponse } from 'node:http';

/** A deliberate fault instead of the provider's own answer (with `loseAnswer`: after the provider has done its work). */
export type Fault = (
  | {
      status: number;
      /** An object is sent as JSON. */
      body?: string | object;
      headers?: Record<string, string>;
    }
  /** Does not answer until the fault is lifted: then the request is handled normally. */
  | { hang: true }
  /** Destroys the socket before doing anything. */
  | { drop: true }
  /** Handles the request, but destroys the socket instead of answering: a rotated token gets lost. */
  | { loseAnswer: true }
  /** Writes its own answer: slow, truncated, too long, or wrong. */
  | { respond: (request: IncomingMessage, response: ServerResponse) => void }
) & {
  /** The number of requests that it affects; by default all until it is lifted. */
  times?: number;
};

interface ActiveFault {
  readonly path: string;
  readonly fault: Fault;
  remaining: number;
  readonly lifted: Promise<void>;
  readonly lift: () => void;
}

/** The active faults. For one path the oldest acts first, and the next one when its `times` are used up. */
export class Faults {
  #active: ActiveFault[] = [];

  /** @returns a function that lifts this fault */
  add(path: string, fault: Fault): () => void {
    let resolve: () => void = () => {};
    const lifted = new Promise<void>((done) => {
      resolve = done;
    });
    const lift = (): void => {
      this.#active = this.#active.filter((other) => other !== active);
      resolve();
    };
    const active: ActiveFault = { path, fault, remaining: fault.times ?? Number.POSITIVE_INFINITY, lifted, lift };
    this.#active.push(active);
    return lift;
  }

  clear(): void {
    for (const active of [...this.#active]) active.lift();
  }

  /** @returns whether a fault has handled the request, so that the provider must not */
  async apply(path: string, request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    const active = this.#active.find((candidate) => candidate.path === path && candidate.remaining > 0);
    if (active === undefined) return false;
    active.remaining--;
    const { fault } = active;
    if ('hang' in fault) {
      await active.lifted;
      return response.destroyed;
    }
    if ('loseAnswer' in fault) {
      loseAnswer(request, response);
      return false;
    }
    if ('drop' in fault) request.socket.destroy();
    else if ('respond' in fault) fault.respond(request, response);
    else answer(response, fault);
    return true;
  }
}

function answer(
  response: ServerResponse,
  fault: { status: number; body?: string | object; headers?: Record<string, string> },
): void {
  const isJson = typeof fault.body === 'object';
  response.writeHead(fault.status, {
    'Content-Type': isJson ? 'application/json' : 'text/plain; charset=utf-8',
    ...fault.headers,
  });
  response.end(isJson ? JSON.stringify(fault.body) : fault.body);
}

function loseAnswer(request: IncomingMessage, response: ServerResponse): void {
  const destroySocket = (): ServerResponse => {
    request.socket.destroy();
    return response;
  };
  Object.defineProperty(response, 'end', { value: destroySocket });
}
