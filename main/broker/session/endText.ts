import { englishMessages } from '../../../preload/texts/englishMessages.ts';
import { inEnglish, type Message, type MessageId, verbatim } from '../../../preload/texts/messages.ts';

/** The stored texts: the session ended by itself, or the stored data could not be used. */
const sentenceIds = ['sessionEnded', 'signedOutBecause'] as const satisfies readonly MessageId[];

/** The reasons, and the messages that they contain. The more exact text must come first. */
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
 * Returns the message of a stored text. The vault stores in English why a session ended, and the person should read it in
 * their own language after the next start too. An unknown text stays as it is.
 */
export function endText(stored: string): Message {
  const found = messageIn(stored, sentenceIds);
  return found && inEnglish(found) === stored ? found : verbatim(stored);
}

/** The message of `ids` with this English text, if there is one. */
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

/** Matches an English text of a message; each name in it becomes a group. */
function patternOf(english: string): RegExp {
  const plain = english.replace(/[.*+?^$()|[\]\\]/g, '\\$&');
  return new RegExp(`^${plain.replace(/\{(\w+)\}/g, '(?<$1>.+?)')}$`, 's');
}
