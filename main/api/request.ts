import type { IncomingMessage } from 'node:http';
import type { Requester } from '../access/principals.ts';
import { parametersOf } from './body.ts';
import type { ApiRequest } from './operation.ts';

/** An HTTP request in the form that operations need. It parses the rare parts on demand. */
export class HttpRequest implements ApiRequest {
  readonly #request: IncomingMessage;
  readonly requester: Requester;
  readonly arrivedAt: number;
  readonly body: string;

  /** @param arrivedAt - in milliseconds since the epoch */
  constructor(request: IncomingMessage, requester: Requester, arrivedAt: number, body: string) {
    this.#request = request;
    this.requester = requester;
    this.arrivedAt = arrivedAt;
    this.body = body;
  }

  get method(): string {
    return this.#request.method ?? '';
  }

  get path(): string {
    return pathOf(this.#request);
  }

  get query(): URLSearchParams {
    return parametersOf(this.#request.url?.slice(this.path.length) ?? '');
  }

  get mediaType(): string | undefined {
    return this.#request.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  }

  header(name: string): string | undefined {
    return this.#request.headers[name.toLowerCase()]?.toString();
  }
}

/** The path of a request, without its query. */
export function pathOf({ url = '' }: IncomingMessage): string {
  const query = url.indexOf('?');
  return query === -1 ? url : url.slice(0, query);
}

/** RFC 9112 §6.3: the first two headers announce a body; with the third the client asks whether to send one. */
export function hasBody({ headers }: IncomingMessage): boolean {
  return (headers['content-length'] ?? headers['transfer-encoding'] ?? headers.expect) !== undefined;
}
