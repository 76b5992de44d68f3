import { app } from 'electron';
import { inEnglish } from '../../../preload/texts/messages.ts';
import type { Host } from '../../host/host.ts';
import { say } from '../../system/terminal.ts';

/** Prints where the API listens, and why it is not on the usual port. */
export function announce({ portNotice, address }: Host): void {
  if (portNotice) say(inEnglish(portNotice));
  say(`Loopgate ${app.getVersion()} listening on ${address}`);
}
