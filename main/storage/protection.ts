import type { Message } from '../../preload/texts/messages.ts';
import type { Sealer } from './sealedFile.ts';

/**
 * Whether something can protect the sessions now. `new`: it runs, but has no keyring yet; its first use prompts the person
 * for a password to create one. `absent`: this machine does not have it, or it does not run.
 */
export type ProtectionState = 'ready' | 'locked' | 'new' | 'absent';

/** Something that protects the sessions: a keyring of the system, or the administrator's key. */
export interface Protection extends Sealer {
  readonly kind: 'keyring' | 'key';
  /** What a person should know about it; absent for a keyring. */
  readonly notice?: Message;
  /** Checks the state without prompting the person. */
  state(): Promise<ProtectionState>;
}
