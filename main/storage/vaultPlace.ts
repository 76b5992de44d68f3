import type { VaultPlace, WithoutKeyring } from '../broker/session/vault.ts';
import type { Protection } from './protection.ts';

/** Decides where sessions are kept when nothing protects them. */
export interface Unprotected {
  readonly home: string;
  /** The person's answer, or the setting's; absent when there is none. */
  readonly withoutKeyring: WithoutKeyring | undefined;
  /** Whether the person can be asked. */
  readonly asks: boolean;
  /** How to change this, in one sentence: it follows the notice. */
  readonly remedy: string | undefined;
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
    notice: 'The keyring is locked. Unlock it, and Loopgate goes on with the sign-in that is stored there.',
    changeable: false,
  };
}

/** There is something to keep, but no keyring yet. */
export function newPlace({ kind }: Protection, changeable: boolean): VaultPlace {
  return {
    kind,
    needs: 'create',
    notice:
      'There is no keyring yet. Until one is made, the sign-in is kept in memory and is gone when Loopgate stops.',
    changeable,
  };
}

/** No protection is there: the sessions are kept in a file or in memory. */
export function unprotectedPlace({ home, withoutKeyring, asks, remedy }: Unprotected): VaultPlace {
  const more = remedy === undefined ? '' : ` ${remedy}`;
  if (withoutKeyring === 'file') {
    return {
      kind: 'file',
      notice: `No keyring is there. The sign-in is kept in a file in ${home} that only its permissions protect.${more}`,
      changeable: asks,
    };
  }
  return {
    kind: 'memory',
    notice: `No keyring is there. The sign-in is kept in memory and is gone when Loopgate stops.${more}`,
    ...(asks && withoutKeyring === undefined && { needs: 'choice' as const }),
    changeable: asks,
  };
}

/** Something stands in the way of the protection's file. */
export function placeInMemory(notice: string): VaultPlace {
  return { kind: 'memory', notice, changeable: false };
}
