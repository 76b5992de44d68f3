import type { IncomingMessage, ServerResponse } from 'node:http';

/** A misbehaviour on cue, instead of the provider's own answer (with `loseAnswer`: after its work). */
export type Fault = (
  | {
      status: number;
      /** An object is sent as JSON. */
      body?: string | object;
      headers?: Record<string, string>;
    }
  /** No answer, until the fault is lifted: then the request is handled as if nothing had been. */
  | { hang: true }
  /** The socket is destroyed; nothing was done. */
  | { drop: true }
  /** The request is handled, and then the socket is destroyed instead of answering: a rotated token gets lost. */
  | { loseAnswer: true }
  /** Answers itself: slow, cut off, too long, a lie. */
  | { respond: (request: IncomingMessage, response: ServerResponse) => void }
) & {
  /** For how many requests; without it until it is lifted. */
  times?: number;
};

interface ActiveFault {
  readonly path: string;
  readonly fault: Fault;
  remaining: number;
  readonly lifted: Promise<void>;
  readonly lift: () => void;
}

/** The faults that are on. For one path the oldest acts first, and the next when its `times` are used up. */
export class Faults {
  #active: ActiveFault[] = [];

  /** Gives a function that lifts this fault. */
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

  /** Gives whether the request is dealt with, and the provider has nothing more to do. */
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
