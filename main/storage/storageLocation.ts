import { type Message, message, sentences } from '../../preload/texts/messages.ts';
import type { StorageLocation, WithoutKeyring } from '../broker/session/vault.ts';
import type { Protection } from './protection.ts';

/** Decides where sessions are kept when nothing protects them. */
export interface Unprotected {
  readonly home: string;
  /** The person's answer, or the setting's; absent when there is none. */
  readonly withoutKeyring: WithoutKeyring | undefined;
  /** Whether the person can be asked. */
  readonly asks: boolean;
  /** How to change this: a sentence that follows the notice. */
  readonly remedy: Message | undefined;
}

/** The sessions are kept under a protection that is ready. */
export function protectedLocation({ kind, notice }: Protection): StorageLocation {
  return { kind, ...(notice !== undefined && { notice }), changeable: false };
}

/** The sessions are under a keyring that is locked. */
export function lockedLocation({ kind }: Protection): StorageLocation {
  return {
    kind,
    needs: 'unlock',
    notice: message('keyringLocked'),
    changeable: false,
  };
}

/** There is something to keep, but no keyring yet. */
export function newLocation({ kind }: Protection, changeable: boolean): StorageLocation {
  return {
    kind,
    needs: 'create',
    notice: message('noKeyringYet'),
    changeable,
  };
}

/** No protection is there: the sessions are kept in a file or in memory. */
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

/** Something stands in the way of the protection's file. */
export function locationInMemory(notice: Message): StorageLocation {
  return { kind: 'memory', notice, changeable: false };
}
