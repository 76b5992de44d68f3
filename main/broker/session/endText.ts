import { englishMessages } from '../../../preload/texts/englishMessages.ts';
import { inEnglish, type Message, type MessageId, verbatim } from '../../../preload/texts/messages.ts';

/** What a stored text says: that the session ended by itself, or that what was stored could not be used. */
const sentenceIds = ['sessionEnded', 'signedOutBecause'] as const satisfies readonly MessageId[];

/** Why, and what that is made of. The more exact text comes first. */
const reasonIds = [
  ...['endedByStop', 'endedByLostAnswer', 'endedByProvider', 'endedWithoutOffline'],
  ...['keptAs', 'staysAs', 'notMoved', 'noSpace', 'readOnly', 'mayNotWrite', 'folderMissing', 'diskError'],
  ...['storedUnreadable', 'storedIncomplete', 'storedByOtherVersion', 'storedDamaged', 'storedNotDecrypted'],
  ...['storedByNewerVersion', 'storedUnderVaultKey', 'storedWithWeakerProtection', 'storedElsewhere'],
  ...['keyringNotAnswering', 'keyringRefuses', 'keyringForeignEntry', 'cannotReadCode', 'cannotRead', 'unknownReason'],
  ...['titleDesktopKeyring', 'titleKeychain', 'titleWindows', 'titleSecretService', 'titleCredentialStore'],
  ...['titleVaultKey', 'titleFile'],
] as const satisfies readonly MessageId[];

/**
 * The message of a stored text: the vault keeps why a session ended in English, and the person reads it in their own language at
 * the next start too. What is not known stays as it is.
 */
export function endText(stored: string): Message {
  const found = messageIn(stored, sentenceIds);
  return found && inEnglish(found) === stored ? found : verbatim(stored);
}

/** The message that says this in English, if it is one of these. */
function messageIn(text: string, ids: readonly MessageId[]): Message | undefined {
  for (const id of ids) {
    const found = patternOf(englishMessages[id]).exec(text);
    if (!found) continue;
    const values = Object.entries(found.groups ?? {}).map(([name, value]) => [
      name,
      messageIn(value, reasonIds) ?? value,
    ]);
    return { id, values: Object.fromEntries(values) };
  }
  return undefined;
}

/** Matches an English text of a message, with a group for each of its names. */
function patternOf(english: string): RegExp {
  const plain = english.replace(/[.*+?^$()|[\]\\]/g, '\\$&');
  return new RegExp(`^${plain.replace(/\{(\w+)\}/g, '(?<$1>.+?)')}$`, 's');
}
