import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { message } from '../../preload/texts/messages.ts';
import type { Broker } from '../broker/broker.ts';
import { LoopgateError } from '../errors/errors.ts';
import { callbackPath } from '../protocol/protocol.ts';
import { errorCode } from '../system/errorCode.ts';
import type { ConnectedCallers } from './connectedCallers.ts';
import type { Answer } from './operation.ts';
import { failedPage } from './pages.ts';
import { loginPrefix, openPagePrefix } from './paths.ts';

/**
 * Recognises a browser that cannot bring a login because of what it has stored for localhost, in what Node's parser refuses.
 * The login that waits and the log learn of it; a browser that insists on TLS can be shown nothing.
 * @returns the page for the browser
 */
export async function unreadable(
  error: Error,
  socket: Duplex,
  { broker, callers }: { readonly broker: Broker; readonly callers: ConnectedCallers },
): Promise<Answer | undefined> {
  const packet = 'rawPacket' in error && Buffer.isBuffer(error.rawPacket) ? error.rawPacket : Buffer.alloc(0);
  const problem = problemOf(packet, errorCode(error));
  if (!problem) return undefined;
  // R16: the bytes of another user's program say nothing about this person's browser.
  const isWaiting = broker.state().waiting !== undefined;
  if (isWaiting && socket instanceof Socket && (await callers.mayBringLogin(socket))) broker.hinderLogin(problem);
  return isTls(packet) ? undefined : failedPage(problem, 431);
}

function problemOf(packet: Buffer, code: string | undefined): LoopgateError | undefined {
  if (isTls(packet)) {
    return new LoopgateError('invalid_request', {
      happened: message('browserWantsHttps'),
      next: message('browserWantsHttps.next'),
    });
  }
  if (code !== 'HPE_HEADER_OVERFLOW' || !bringsLogin(packet.toString('latin1'))) return undefined;
  return new LoopgateError('invalid_request', {
    happened: message('cookiesTooLarge'),
    next: message('cookiesTooLarge.next'),
  });
}

/** RFC 8446 §5.1: a handshake record. */
function isTls(packet: Buffer): boolean {
  return packet[0] === 0x16 && packet[1] === 3;
}

/** The first packet of a request that a browser brings a login with. */
function bringsLogin(head: string): boolean {
  const target = /^(?:GET|POST) (\S+) /.exec(head)?.[1] ?? '';
  const isOurs = [`${callbackPath}?`, openPagePrefix, loginPrefix].some((start) => target.startsWith(start));
  return (isOurs || target === callbackPath) && /^accept:[^\r\n]*text\/html/im.test(head);
}
