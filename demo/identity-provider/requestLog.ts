import { EventEmitter } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http';

/** A request as it arrived. The parameters contain secrets: this is for tests. */
export interface RecordedRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** The parameters of the query and the form (or flat JSON body); for a repeated one, the last value. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly headers: IncomingHttpHeaders;
  /** The status of the response, once there is one. */
  status?: number;
}

/** Every request in the order of arrival. */
export class RequestLog {
  readonly #requests: RecordedRequest[] = [];
  readonly #arrivals = new EventEmitter().setMaxListeners(0);

  get requests(): readonly RecordedRequest[] {
    return this.#requests;
  }

  add(request: RecordedRequest): void {
    this.#requests.push(request);
    this.#arrivals.emit('request', request);
  }

  count(path: string): number {
    return this.#requests.filter((request) => request.path === path).length;
  }

  clear(): void {
    this.#requests.length = 0;
  }

  /** The first matching request, either from the log or the next to come. */
  waitFor(predicate: (request: RecordedRequest) => boolean, timeoutMs: number): Promise<RecordedRequest> {
    const earlier = this.#requests.find(predicate);
    if (earlier !== undefined) return Promise.resolve(earlier);
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        clearTimeout(timer);
        this.#arrivals.off('request', onRequest);
      };
      const onRequest = (request: RecordedRequest): void => {
        if (!predicate(request)) return;
        stop();
        resolve(request);
      };
      const timer = setTimeout(() => {
        stop();
        const seen = this.#requests.map(({ method, path }) => `${method} ${path}`).join(', ') || 'none';
        reject(new Error(`no matching request within ${timeoutMs} ms; those that came: ${seen}`));
      }, timeoutMs);
      this.#arrivals.on('request', onRequest);
    });
  }
}
