import type { Duplex } from 'node:stream';
import { errorCode } from '../system/errorCode.ts';

/** How long the client may take to close a connection that ended with an error, in milliseconds. */
const closeTimeout = 1_000;

/** A page for a browser. */
export interface RawPage {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

/**
 * Answers what Node's parser refuses before the guard sees it, also in JSON (L7).
 * @param page - instead of the JSON
 */
export function answerClientError(error: Error, socket: Duplex, serverName?: string, page?: RawPage): void {
  if (!socket.writable) return void socket.destroy();
  const status = {
    HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
    ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  }[errorCode(error) ?? ''];
  const { headers, body } = page ?? refusal;
  const head = [
    `HTTP/1.1 ${status ?? '400 Bad Request'}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
    ...(serverName === undefined ? [] : [`Server: ${serverName}`]),
  ];
  endSoon(socket, `${head.join('\r\n')}\r\n\r\n${body}`);
}

const refusal: RawPage = {
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify({
    error: 'invalid_request',
    error_description:
      'The request is not well-formed HTTP, is too large, or was sent too slowly. Correct it and send it again.',
  }),
};

/**
 * Ends a connection. A client that never closes its side would hold the descriptor forever, but an immediate close
 * might keep it from reading the error.
 * @param lastWords - sent first
 */
export function endSoon(socket: Duplex, lastWords = ''): void {
  socket.end(lastWords);
  const timer = setTimeout(() => socket.destroy(), closeTimeout);
  socket.once('close', () => clearTimeout(timer));
}
