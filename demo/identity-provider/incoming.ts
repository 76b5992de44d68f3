import { IncomingMessage } from 'node:http';

const largestBody = 64 * 1024;

/** A request and its body. */
export interface Incoming {
  readonly path: string;
  readonly query: URLSearchParams;
  /** From a form, or from a flat JSON object, which Auth0 also accepts; empty for any other body. */
  readonly form: URLSearchParams;
  readonly body: Buffer;
}

/** @throws Error for a body above 64 KiB, TypeError for a request target that is not a URL, SyntaxError for broken JSON */
export async function readIncoming(request: IncomingMessage, issuer: string): Promise<Incoming> {
  const url = new URL(request.url ?? '/', issuer);
  const body = await readBody(request);
  return { path: url.pathname, query: url.searchParams, form: formIn(request.headers['content-type'], body), body };
}

/**
 * Replays the request for a handler that reads it from the beginning.
 * @param form - the new body; undefined keeps the old one
 */
export function replay(
  request: IncomingMessage,
  incoming: Incoming,
  path: string,
  query: URLSearchParams,
  form: URLSearchParams | undefined,
): IncomingMessage {
  const body = form === undefined ? incoming.body : Buffer.from(form.toString());
  const { 'transfer-encoding': _, ...headers } = request.headers;
  const again = new IncomingMessage(request.socket);
  again.httpVersion = request.httpVersion;
  again.httpVersionMajor = request.httpVersionMajor;
  again.httpVersionMinor = request.httpVersionMinor;
  again.method = request.method ?? 'GET';
  again.url = query.size === 0 ? path : `${path}?${query}`;
  again.headers = {
    ...headers,
    ...(body.length === 0 ? {} : { 'content-length': String(body.length) }),
    ...(form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
  };
  // Otherwise Node takes the end of this message for a client that has gone away.
  again.complete = true;
  again.push(body);
  again.push(null);
  return again;
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    if (length > largestBody) throw new Error(`a body is at most ${largestBody} bytes long`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function formIn(contentType: string | undefined, body: Buffer): URLSearchParams {
  const [type] = (contentType ?? '').split(';');
  if (type === 'application/x-www-form-urlencoded') return new URLSearchParams(body.toString());
  if (type !== 'application/json' || body.length === 0) return new URLSearchParams();
  const object: object = JSON.parse(body.toString());
  return new URLSearchParams(Object.entries(object).map(([name, value]): [string, string] => [name, String(value)]));
}
