import { type IncomingMessage, ServerResponse } from 'node:http';
import { type Answer, madeOnce } from './operation.ts';

/** Sends an answer, once for each request. */
export type Send = (response: ServerResponse, answer: Answer) => void;

/** T8: no cache may store an answer. */
const everyHeader = [
  ...['Cache-Control', 'no-store'],
  ...['X-Content-Type-Options', 'nosniff'],
  ...['Cross-Origin-Resource-Policy', 'same-origin'],
];

/** @param name - the value of the `Server` header */
export function sender(name: string): Send {
  /** Names and values in turn, in Node's form. Kept, because the same answer is often sent again. */
  const headersOf = madeOnce(({ status, headers, body }: Answer): string[] => [
    ...['Server', name],
    ...everyHeader,
    ...Object.entries(headers).flat(),
    ...(status === 204 ? [] : ['Content-Length', String(Buffer.byteLength(body))]),
  ]);
  return (response, answer) => {
    if (response.headersSent || response.destroyed) return;
    response.writeHead(answer.status, headersOf(answer));
    response.end(response.req.method === 'HEAD' ? undefined : answer.body);
  };
}

/** Answers a request whose connection Node has handed over as an upgrade, and ends the connection. */
export function sendInsteadOfUpgrade(request: IncomingMessage, answer: Answer, send: Send): void {
  const response = new ServerResponse(request);
  response.assignSocket(request.socket);
  response.once('finish', () => request.socket.destroySoon());
  send(response, answer);
}

/** L4: allows exactly this origin, and only what clients send. Answers a preflight itself and returns true then. */
export function allowOrigin(request: IncomingMessage, response: ServerResponse, origin: string, send: Send): boolean {
  response.setHeader('Access-Control-Allow-Origin', origin);
  response.setHeader('Vary', 'Origin');
  if (request.method !== 'OPTIONS' || request.headers['access-control-request-method'] === undefined) return false;
  response.setHeader('Access-Control-Allow-Methods', 'GET, POST');
  response.setHeader('Access-Control-Allow-Headers', 'Authorization, Content-Type, X-Application-ID, application');
  send(response, { status: 204, headers: {}, body: '' });
  return true;
}
