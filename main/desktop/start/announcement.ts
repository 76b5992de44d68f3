import { app } from 'electron';
import { inEnglish } from '../../../preload/texts/messages.ts';
import type { Host } from '../../host/host.ts';

/** Prints where the API listens, and why it is not on the usual port. */
export function announce({ portNotice, address }: Host): void {
  const notice = portNotice ? `${inEnglish(portNotice)}\n` : '';
  process.stdout.write(`${notice}Loopgate ${app.getVersion()} listening on ${address}\n`);
}
