import { z } from 'zod';

/** One signed-in person as stored: tokens, and the profile that the window and /userinfo show at once after a start. */
const storedAccount = z.object({
  /** A person is issuer and subject, never an e-mail address (T3). */
  issuer: z.string(),
  subject: z.string(),
  clientId: z.string(),
  audience: z.string().optional(),
  scope: z.string(),
  accessToken: z.string(),
  /** Milliseconds since the epoch. */
  issuedAt: z.number(),
  expiresAt: z.number(),
  refreshToken: z.string().optional(),
  idToken: z.string(),
  /** The provider's /userinfo answer, `sub` verified (T2). */
  profile: z.record(z.string(), z.unknown()).optional(),
  profileReadAt: z.number().optional(),
});

/** A refresh token whose revocation the provider has not yet confirmed (T10). */
const storedRevocation = z.object({ issuer: z.string(), clientId: z.string(), token: z.string() });

export const storedState = z.object({
  version: z.literal(1),
  accounts: z.array(storedAccount),
  /** The key of the active account. */
  active: z.string().optional(),
  revocations: z.array(storedRevocation),
});

export type StoredAccount = z.infer<typeof storedAccount>;
export type StoredRevocation = z.infer<typeof storedRevocation>;
export type StoredState = z.infer<typeof storedState>;

/** Where the sessions rest. Each place says in words what it is, so that the person knows. */
export interface Vault {
  /** What a person should know about this place, e.g. that it is memory only; absent when it is the system's keyring. */
  readonly notice: string | undefined;
  /**
   * Reads what was saved; nothing saved gives undefined.
   * @throws VaultUnreadable when something is there that cannot be read; it has been set aside, not deleted.
   */
  load(): Promise<StoredState | undefined>;
  /** Returns when the state is on disk (T4). @throws when it could not be written. */
  save(state: StoredState): Promise<void>;
}

/** What is stored cannot be decrypted or understood. `message` says why and where it was put, without its content. */
export class VaultUnreadable extends Error {
  override readonly name = 'VaultUnreadable';
}

/** Keeps the sessions for this run only. */
export class MemoryVault implements Vault {
  readonly notice: string;
  #state: StoredState | undefined;

  /** @param why - said to the person: why nothing is kept. */
  constructor(why: string) {
    this.notice = why;
  }

  async load(): Promise<StoredState | undefined> {
    return this.#state;
  }

  async save(state: StoredState): Promise<void> {
    this.#state = structuredClone(state);
  }
}

/**
 * Parses what a vault has decrypted.
 * @throws VaultUnreadable when it is not a state that this version knows.
 */
export function parseStoredState(json: string): StoredState {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new VaultUnreadable('the stored session is not complete');
  }
  const parsed = storedState.safeParse(value);
  if (!parsed.success) {
    throw new VaultUnreadable('the stored session was written by another version of Loopgate, or is damaged');
  }
  return parsed.data;
}
