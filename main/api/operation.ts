import type { z } from 'zod';
import type { Requester } from '../access/principals.ts';
import type { Permission } from '../access/programList.ts';
import type { ErrorCode } from '../errors/errors.ts';

/** A request as the operations see it: already guarded, its caller known, its body read, and allowed what it needs. */
export interface ApiRequest {
  readonly requester: Requester;
  /** When its headers were read, in milliseconds since the epoch. */
  readonly arrivedAt: number;
  readonly method: string;
  readonly path: string;
  /** @throws LoopgateError `invalid_request` when there are too many */
  readonly query: URLSearchParams;
  /** The whole body as text; empty when there is none. */
  readonly body: string;
  /** The media type without parameters, in lower case; undefined when there is no Content-Type. */
  readonly mediaType: string | undefined;
  header(name: string): string | undefined;
}

/** An answer: JSON, a page, a redirect, or nothing. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** One operation of the API. The server's routes, the methods that a 405 names, and the API description come from these. */
export interface Operation {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  /**
   * What the person must have allowed the program before the operation is done: of all that is theirs, and stated for every
   * operation. `nothing`: nobody's, or the caller's own. `asks_itself`: depends on the request.
   */
  readonly needs: Permission | 'nothing' | 'asks_itself';
  /** As express writes it: `/:application/onboarded`. */
  readonly path: string;
  /** Absent for what is no part of the API, such as a page that a browser is redirected to. */
  readonly description?: OperationDescription;
  handle(request: ApiRequest): Answer | Promise<Answer>;
}

/** What the API description says of an operation. */
export interface OperationDescription {
  /** The name that the published clients have for it. */
  readonly operationId: string;
  readonly tag: 'PKCE' | 'Auth0' | 'User' | 'Service';
  readonly summary: string;
  /** Which published clients are known to use it. */
  readonly usedBy: string;
  readonly query?: z.ZodObject;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: {
    /** By media type; what clients that are generated from the description are to send stands first. */
    readonly content: Partial<Record<'application/json' | 'application/x-www-form-urlencoded', z.ZodType>>;
    readonly required: boolean;
  };
  readonly answer: {
    readonly status: 101 | 200 | 204;
    readonly description: string;
    readonly mediaType?: 'application/json' | 'text/plain' | 'text/html';
    readonly schema?: z.ZodType;
  };
  /** An answer in plain text beside the others. */
  readonly alsoAnswers?: { readonly status: number; readonly description: string };
  /** True where a browser gets every answer as a page. */
  readonly hasPages?: boolean;
  /** True where a browser that navigates here is redirected instead (W5). */
  readonly redirectsBrowsers?: boolean;
  /** The codes that this operation can answer with, beside those that every operation can. */
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
 * Makes an answer once for each object that it is made of, which never changes: what a session holds is asked for far more
 * often than it is replaced.
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

/** R11: always 303, so that a POST never becomes a second one. */
export function redirect(location: string): Answer {
  return { status: 303, headers: { Location: location }, body: '' };
}

/** W5: a person's browser that navigates here, and not a program, whatever it accepts. */
export function isNavigation(request: ApiRequest): boolean {
  return request.header('sec-fetch-mode') === 'navigate' && acceptsHtml(request);
}

export function acceptsHtml(request: ApiRequest): boolean {
  return request.header('accept')?.includes('text/html') ?? false;
}
