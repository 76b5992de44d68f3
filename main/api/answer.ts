import type { Caller } from './caller.ts';

/** A request as the operations see it: already guarded, its caller known, its body read. */
export interface ApiRequest {
  readonly caller: Caller;
  readonly method: string;
  readonly path: string;
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

/** One operation of the API. The server's routes, and the methods that a 405 names, come from these. */
export interface Operation {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  handle(request: ApiRequest): Answer | Promise<Answer>;
}

export function json(value: object, status = 200, headers: Record<string, string> = {}): Answer {
  return {
    status,
    headers: { 'Content-Type': 'application/json; charset=utf-8', ...headers },
    body: JSON.stringify(value),
  };
}

export function noContent(): Answer {
  return { status: 204, headers: {}, body: '' };
}

/** R11: always 303, so that a POST never becomes a second one. */
export function redirect(location: string): Answer {
  return { status: 303, headers: { Location: location }, body: '' };
}

/** Contract section 5: a person's browser that navigates here, and not a program, whatever it accepts. */
export function isNavigation(request: ApiRequest): boolean {
  return request.header('sec-fetch-mode') === 'navigate' && acceptsHtml(request);
}

export function acceptsHtml(request: ApiRequest): boolean {
  return request.header('accept')?.includes('text/html') ?? false;
}
