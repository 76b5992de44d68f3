import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';
import { endLater } from './processes.ts';

/** From when to when a request was being answered, by `performance.now()`. */
interface Span {
  readonly path: string;
  readonly began: number;
  ended: number;
}

/** What the provider, the only server of this process, needs for its own work: from a request's arrival to its answer's end. */
export class ProviderTime {
  readonly #spans = new Map<IncomingMessage, Span>();

  constructor() {
    const start = (message: unknown) => {
      const request = requestOf(message);
      const path = request.url?.split('?')[0] ?? '';
      this.#spans.set(request, { path, began: performance.now(), ended: Number.POSITIVE_INFINITY });
    };
    const finish = (message: unknown) => {
      const span = this.#spans.get(requestOf(message));
      if (span) span.ended = performance.now();
    };
    subscribe('http.server.request.start', start);
    subscribe('http.server.response.finish', finish);
    endLater(async () => {
      unsubscribe('http.server.request.start', start);
      unsubscribe('http.server.response.finish', finish);
    });
  }

  /** How long it worked between two times, in milliseconds; work at the same time counts once. */
  between(from: number, to: number, path?: string): number {
    const spans = [...this.#spans.values()]
      .filter((span) => path === undefined || span.path === path)
      .map(({ began, ended }) => ({ began: Math.max(began, from), ended: Math.min(ended, to) }))
      .filter(({ began, ended }) => began < ended)
      .sort((one, other) => one.began - other.began);
    let covered = from;
    let sum = 0;
    for (const { began, ended } of spans) {
      sum += Math.max(0, ended - Math.max(began, covered));
      covered = Math.max(covered, ended);
    }
    return sum;
  }
}

/** The messages of Node's own channels are documented to have it. */
function requestOf(message: unknown): IncomingMessage {
  return (message as { request: IncomingMessage }).request;
}
