import { type Message, message, sentences } from '../../preload/texts/messages.ts';
import type { VaultPlace, WithoutKeyring } from '../broker/session/vault.ts';
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
export function protectedPlace({ kind, notice }: Protection): VaultPlace {
  return { kind, ...(notice !== undefined && { notice }), changeable: false };
}

/** The sessions are under a keyring that is locked. */
export function lockedPlace({ kind }: Protection): VaultPlace {
  return {
    kind,
    needs: 'unlock',
    notice: message('keyringLocked'),
    changeable: false,
  };
}

/** There is something to keep, but no keyring yet. */
export function newPlace({ kind }: Protection, changeable: boolean): VaultPlace {
  return {
    kind,
    needs: 'create',
    notice: message('noKeyringYet'),
    changeable,
  };
}

/** No protection is there: the sessions are kept in a file or in memory. */
export function unprotectedPlace({ home, withoutKeyring, asks, remedy }: Unprotected): VaultPlace {
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
export function placeInMemory(notice: Message): VaultPlace {
  return { kind: 'memory', notice, changeable: false };
}
