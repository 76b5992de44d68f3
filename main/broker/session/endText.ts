import { inEnglish, type Message, message, verbatim } from '../../../preload/texts/messages.ts';

/** Why a session ends by itself. */
const endReasons = ['endedByStop', 'endedByLostAnswer', 'endedByProvider', 'endedWithoutOffline'] as const;

/**
 * The message of a stored text: the vault keeps why a session ended in English, and the person reads it in their own language at
 * the next start too.
 */
export function endText(stored: string): Message {
  const known = endReasons.map((id) => message('sessionEnded', { reason: message(id) }));
  return known.find((one) => inEnglish(one) === stored) ?? verbatim(stored);
}
