import { verbatim } from '../../preload/texts/messages.ts';
import { MessageError } from '../errors/errors.ts';
import type { PortOwner } from './portOwner.ts';

/** No port could be had. The message says why and what to do. */
export class ListenError extends MessageError {
  override readonly name = 'ListenError';
}

/** A port belongs to another Loopgate of the same user, as the operating system says: that one is to be used (L9). */
export class OwnLoopgateError extends ListenError {
  /** The process of the other one. */
  readonly pid: number | undefined;

  constructor(port: number, { pid }: PortOwner) {
    const which = pid === undefined ? '' : ` (process ${pid})`;
    super(verbatim(`Loopgate already runs${which} and serves port ${port}. Use that one, or stop it and start again.`));
    this.pid = pid;
  }
}
