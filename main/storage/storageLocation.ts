import { type Message, message, sentences } from '../../preload/texts/messages.ts';
import type { StorageLocation, WithoutKeyring } from '../broker/session/vault.ts';
import type { Protection } from './protection.ts';

/** Decides where to store the sessions without any protection. */
export interface Unprotected {
  readonly home: string;
  /** The person's answer, or the setting; absent when neither is there. */
  readonly withoutKeyring: WithoutKeyring | undefined;
  /** Whether the person can be asked. */
  readonly asks: boolean;
  /** How the person can change this: a sentence that follows the notice. */
  readonly remedy: Message | undefined;
}

/** A protection that is ready holds the sessions. */
export function protectedLocation({ kind, notice }: Protection): StorageLocation {
  return { kind, ...(notice !== undefined && { notice }), changeable: false };
}

/** A locked keyring holds the sessions. */
export function lockedLocation({ kind }: Protection): StorageLocation {
  return {
    kind,
    needs: 'unlock',
    notice: message('keyringLocked'),
    changeable: false,
  };
}

/** There are sessions to store, but no keyring yet. */
export function newLocation({ kind }: Protection, changeable: boolean): StorageLocation {
  return {
    kind,
    needs: 'create',
    notice: message('noKeyringYet'),
    changeable,
  };
}

/** There is no protection: a file or the memory holds the sessions. */
export function unprotectedLocation({ home, withoutKeyring, asks, remedy }: Unprotected): StorageLocation {
  const withRemedy = (notice: Message) => (remedy === undefined ? notice : sentences(notice, remedy));
  if (withoutKeyring === 'file') {
    return {
      kind: 'file',
      notice: withRemedy(message('keptInFile', { home })),
      changeable: asks,
    };
  }
  return {
    kind: 'memory',
    notice: withRemedy(message('keptInMemory')),
    ...(asks && withoutKeyring === undefined && { needs: 'choice' as const }),
    changeable: asks,
  };
}

/** An obstacle prevents the use of the protection's file. */
export function locationInMemory(notice: Message): StorageLocation {
  return { kind: 'memory', notice, changeable: false };
}
