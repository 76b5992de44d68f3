import type { Duplex } from 'node:stream';
import { errorCode } from '../system/errorCode.ts';

/** How long the client may take to close a connection that ended with an error, in milliseconds. */
const closeTimeout = 1_000;

/** Answers what Node's parser refuses before the guard sees it, also in JSON (L7). */
export function answerClientError(error: Error, socket: Duplex, serverName?: string): void {
  if (!socket.writable) return void socket.destroy();
  const status = {
    HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
    ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  }[errorCode(error) ?? ''];
  const body = JSON.stringify({
    error: 'invalid_request',
    error_description:
      'The request is not well-formed HTTP, is too large, or was sent too slowly. Correct it and send it again.',
  });
  const head = [
    `HTTP/1.1 ${status ?? '400 Bad Request'}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
    ...(serverName === undefined ? [] : [`Server: ${serverName}`]),
  ];
  endSoon(socket, `${head.join('\r\n')}\r\n\r\n${body}`);
}

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
