import type { z } from 'zod';
import type { Requester } from '../access/principals.ts';
import type { Permission } from '../access/programList.ts';
import type { ErrorCode } from '../errors/errors.ts';

/** A request as an operation sees it: past the guard and the gate, with a known caller and a complete body. */
export interface ApiRequest {
  readonly requester: Requester;
  /** When the server read its headers, in milliseconds since the epoch. */
  readonly arrivedAt: number;
  readonly method: string;
  readonly path: string;
  /** @throws LoopgateError `invalid_request` for too many parameters */
  readonly query: URLSearchParams;
  /** The whole body as text; empty for none. */
  readonly body: string;
  /** The media type without parameters, in lower case; undefined without a Content-Type. */
  readonly mediaType: string | undefined;
  header(name: string): string | undefined;
}

/** An answer: JSON, a page, a redirect, or nothing. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Bytes for a large file, which all its answers share. */
  readonly body: string | Buffer;
}

/** One operation of the API. The routes, the methods in a 405 and the API description come from this. */
export interface Operation {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  /**
   * What the person must allow the program before the operation runs. Every operation states it. `nothing`: the result
   * belongs to the caller or to no person. `asks_itself`: it depends on the request.
   */
  readonly needs: Permission | 'nothing' | 'asks_itself';
  /** In express's syntax: `/:application/onboarded`. */
  readonly path: string;
  /** Absent outside the public API, such as for a page that a browser is redirected to. */
  readonly description?: OperationDescription;
  handle(request: ApiRequest): Answer | Promise<Answer>;
}

/** What the API description contains about an operation. */
export interface OperationDescription {
  /** Its name in the published clients. */
  readonly operationId: string;
  readonly tag: 'PKCE' | 'Auth0' | 'User' | 'Service';
  readonly summary: string;
  /** The published clients that are known to use it. */
  readonly usedBy: string;
  readonly query?: z.ZodObject;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: {
    /** By media type. Generated clients send the first one. */
    readonly content: Partial<Record<'application/json' | 'application/x-www-form-urlencoded', z.ZodType>>;
    readonly required: boolean;
  };
  readonly answer: {
    readonly status: 101 | 200 | 204;
    readonly description: string;
    readonly mediaType?: 'application/json' | 'text/plain' | 'text/html';
    readonly schema?: z.ZodType;
  };
  /** An additional answer in plain text. */
  readonly alsoAnswers?: { readonly status: number; readonly description: string };
  /** True if a browser gets every answer as a page. */
  readonly hasPages?: boolean;
  /** True if a navigating browser is redirected instead (W5). */
  readonly redirectsBrowsers?: boolean;
  /** The codes of this operation, in addition to those of every operation. */
  readonly errors: readonly ErrorCode[];
}

export function text(body: string, status = 200): Answer {
  return { status, headers: { 'Content-Type': 'text/plain; charset=utf-8' }, body };
}

export function json(value: object, status = 200, headers: Record<string, string> = {}): Answer {
  return {
    status,
    headers: { 'Content-Type': 'application/json; charset=utf-8', ...headers },
    body: JSON.stringify(value),
  };
}

/**
 * Builds the answer for an object once and keeps it. The objects never change, and programs ask far more often than a
 * session changes.
 */
export function madeOnce<Source extends object, Made>(make: (source: Source) => Made): (source: Source) => Made {
  const made = new WeakMap<Source, Made>();
  return (source) => {
    const known = made.get(source);
    if (known) return known;
    const answer = make(source);
    made.set(source, answer);
    return answer;
  };
}

export function noContent(): Answer {
  return { status: 204, headers: {}, body: '' };
}

/** R11: always 303, so that a browser never repeats a POST. */
export function redirect(location: string): Answer {
  return { status: 303, headers: { Location: location }, body: '' };
}

/** W5: whether a person's browser navigates here. A program may accept HTML, but does not send this header. */
export function isNavigation(request: ApiRequest): boolean {
  return request.header('sec-fetch-mode') === 'navigate' && acceptsHtml(request);
}

export function acceptsHtml(request: ApiRequest): boolean {
  return request.header('accept')?.includes('text/html') ?? false;
}
