import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { type Request, type Response, Router, text } from 'express';
import { verbatim } from '../../preload/texts/messages.ts';
import { LoopgateError } from '../errors/errors.ts';

/** L6: each chunk of a body takes as long to read as some hundred bytes. Clients send a body in a few. */
const maxChunks = 1_000;

/** What the router does with a request. */
export interface Routes {
  /** In bytes (L6). */
  readonly maxBody: number;
  /** Answers a request to one of the paths. The router passes what it throws to `failed`. */
  routed(request: IncomingMessage, response: ServerResponse, path: string, body: string): Promise<void>;
  /** Answers a request that was unreadable, matched no path, or whose answer failed. */
  failed(response: ServerResponse, error: unknown): void;
}

/**
 * Reads a request's body and matches its path with express's router alone. The whole app would also replace the
 * request's prototype, which slows down Node's own code for all later requests.
 */
export function createRouter(paths: Iterable<string>, { maxBody, routed, failed }: Routes): RequestListener {
  const router = Router({ caseSensitive: true, strict: true });
  router.use((request: Request, response: Response, next) => {
    if (request.headers['transfer-encoding'] !== undefined) {
      onManyChunks(request, () => {
        response.once('finish', () => request.destroy());
        const happened = verbatim(`The body has more than ${maxChunks} chunks.`);
        failed(response, new LoopgateError('payload_too_large', { happened }));
      });
    }
    next();
  });
  // As text: each operation parses what it expects. A compressed body is refused.
  router.use(text({ type: () => true, limit: maxBody, inflate: false }));
  for (const path of paths) {
    router.all(path, async (request: Request, response: Response) => {
      // L6: the reader ignores a body whose connection has ended, such as after wrong framing.
      if (!request.complete) throw incomplete();
      const body: unknown = request.body;
      await routed(request, response, path, typeof body === 'string' ? body : '');
    });
  }
  return (request, response) =>
    router(request as Request, response as Response, (error?: unknown) => {
      failed(response, error === undefined ? new LoopgateError('not_found') : bodyError(error));
    });
}

/** Stops reading a body that has too many chunks. */
function onManyChunks(request: IncomingMessage, refuse: () => void): void {
  let chunks = 0;
  request.on('data', () => {
    chunks += 1;
    if (chunks !== maxChunks + 1) return;
    request.pause();
    refuse();
  });
}

/** Translates the errors of express's body reader and router. */
function bodyError(error: unknown): unknown {
  if (!(error instanceof Error) || !('status' in error) || typeof error.status !== 'number') return error;
  if (error.status === 413) return new LoopgateError('payload_too_large');
  if (error.status === 415) {
    return new LoopgateError('unsupported_media_type', {
      happened: verbatim('The body is compressed, or in a charset that is not read.'),
      next: verbatim('Send it as it is, in UTF-8.'),
    });
  }
  if (error.status >= 400 && error.status < 500) {
    return incomplete();
  }
  return error;
}

function incomplete(): LoopgateError {
  return new LoopgateError('invalid_request', { happened: verbatim('The request could not be read to its end.') });
}
