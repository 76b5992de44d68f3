import { describe, expect, test } from 'vitest';
import { germanMessages } from '../../../preload/texts/germanMessages.ts';
import { inEnglish, type Message, message, sayIn, verbatim } from '../../../preload/texts/messages.ts';
import { endText } from './endText.ts';

const inGerman = sayIn(germanMessages);

const path = '/home/ada/.config/loopgate/session.keychain.json';
const damaged = message('storedDamaged');
const reasons: Record<string, Message> = {
  'it was damaged, and kept': message('keptAs', { reason: damaged, path: `${path}.unreadable-1` }),
  'it cannot be decrypted': message('keptAs', {
    reason: message('storedNotDecrypted', { title: message('titleKeychain') }),
    path,
  }),
  'it could not be moved': message('staysAs', { reason: damaged, obstacle: message('notMoved'), path }),
  'the folder refuses': message('staysAs', {
    reason: damaged,
    obstacle: message('mayNotWrite', { folder: '/home/ada' }),
    path,
  }),
  'it is under another keyring': message('storedElsewhere', { title: message('titleSecretService') }),
  'it is under one that has no title': message('storedElsewhere', { title: verbatim('KWallet') }),
  'it is under a key that is not set': message('storedUnderVaultKey'),
  'it is in a weaker file': message('storedWithWeakerProtection'),
  'it is of a newer version': message('storedByNewerVersion', { path }),
  'the system refuses it': message('cannotReadCode', { path, code: 'EACCES' }),
  'its key cannot be read': message('cannotRead', { path }),
  'the keyring does not answer': message('keyringNotAnswering'),
  'the keyring refuses': message('keyringRefuses'),
  'the keyring has another entry': message('keyringForeignEntry'),
  'nobody knows why': message('storedUnreadable'),
};

describe('why a session ended, read back from the vault, is said in the language of the person', () => {
  test.each(['endedByStop', 'endedByLostAnswer', 'endedByProvider', 'endedWithoutOffline'] as const)('%s', (id) => {
    const ended = message('sessionEnded', { reason: message(id) });
    expect(inGerman(endText(inEnglish(ended)))).toBe(inGerman(ended));
  });

  test.each(Object.entries(reasons))('what was stored could not be used: %s', (_why, reason) => {
    const ended = message('signedOutBecause', { reason });
    expect(inGerman(endText(inEnglish(ended)))).toBe(inGerman(ended));
    expect(inEnglish(endText(inEnglish(ended)))).toBe(inEnglish(ended));
  });

  test('a reason that is not known stays as it is, and what is not ours altogether', () => {
    expect(inGerman(endText('You are signed out: the moon is full.'))).toBe('Abgemeldet: the moon is full.');
    expect(inGerman(endText('Something else.'))).toBe('Something else.');
  });
});
