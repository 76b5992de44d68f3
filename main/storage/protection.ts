import type { Message } from '../../preload/texts/messages.ts';
import type { Sealer } from './sealedFile.ts';

/**
 * Whether something can protect the sessions now. `new`: it runs, but has no keyring yet; on its first use it asks the person
 * for a password to make one. `absent`: it is not on this machine, or does not run.
 */
export type ProtectionState = 'ready' | 'locked' | 'new' | 'absent';

/** Something that protects the sessions: a keyring of the system, or a key of the administrator's. */
export interface Protection extends Sealer {
  readonly kind: 'keyring' | 'key';
  /** What a person should know about it; absent for a keyring. */
  readonly notice?: Message;
  /** Never asks the person anything. */
  state(): Promise<ProtectionState>;
}
