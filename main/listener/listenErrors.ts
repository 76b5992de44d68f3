import { verbatim } from '../../preload/texts/messages.ts';
import { MessageError } from '../errors/errors.ts';
import type { PortOwner } from './portOwner.ts';

/** No port is available. The message gives the reason and advice. */
export class ListenError extends MessageError {
  override readonly name = 'ListenError';
}

/**
 * Another Loopgate of the same user has the port, according to the operating system (L9). The user should use that one.
 */
export class OwnLoopgateError extends ListenError {
  /** The other process. */
  readonly pid: number | undefined;

  constructor(port: number, { pid }: PortOwner) {
    const which = pid === undefined ? '' : ` (process ${pid})`;
    super(verbatim(`Loopgate already runs${which} and serves port ${port}. Use that one, or stop it and start again.`));
    this.pid = pid;
  }
}
