import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { verbatim } from '../../../preload/texts/messages.ts';
import { LoopgateError } from '../../errors/errors.ts';
import { healthPath } from '../../protocol/protocol.ts';
import type { Admission } from '../admission.ts';
import { userStreamPath } from '../operations/user.ts';
import { healthStreamPath } from '../operations/wellKnown.ts';
import { pathOf } from '../request.ts';
import type { Streams } from './streams.ts';

/** The connections that ask to become a WebSocket. */
export class Upgrades {
  readonly #admission: Admission;
  readonly #load: () => Promise<Streams>;
  #streams: Promise<Streams> | undefined;
  #isClosed = false;

  /** @param load - loads the streams for the first listener */
  constructor(admission: Admission, load: () => Promise<Streams>) {
    this.#admission = admission;
    this.#load = load;
  }

  /** @throws LoopgateError for a refused request, for a path without a stream, and when too many are open */
  async take(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const origin = await this.#admission.checkHeaders(request);
    const caller = await this.#admission.callerOf(request);
    const path = pathOf(request);
    if (path !== userStreamPath && path !== healthStreamPath) throw new LoopgateError('not_found');
    this.#streams ??= this.#load();
    const streams = await this.#streams;
    // The server closed while the caller was being looked up.
    if (this.#isClosed) return void socket.destroy();
    const requester = { caller, origin };
    if (path === healthStreamPath) await streams.tellHealth(request, socket, head, requester);
    else await streams.tellUser(request, socket, head, requester);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await (await this.#streams)?.close();
  }
}

/** The error for an upgrade to something other than a WebSocket. */
export function noHandshake(request: IncomingMessage): LoopgateError {
  return new LoopgateError('invalid_request', {
    happened: verbatim('The request is no WebSocket handshake (RFC 6455).'),
    next: verbatim(
      `Connect with a WebSocket client, or ask GET ${pathOf(request) === healthStreamPath ? healthPath : '/user'}.`,
    ),
  });
}
