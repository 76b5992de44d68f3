import { createHash } from 'node:crypto';
import { z } from 'zod';
import { type Message, message } from '../../../preload/texts/messages.ts';
import { MessageError } from '../../errors/errors.ts';

/** One signed-in person as stored: tokens, and the profile that the window and /userinfo show right after a start. */
const storedAccount = z.object({
  /** Issuer and subject identify a person, never an e-mail address (T3). */
  issuer: z.string(),
  subject: z.string(),
  /** The issuer of the settings, if it is not the token's: Entra's has names for its tenants, and one for all of them. */
  configuredIssuer: z.string().optional(),
  clientId: z.string(),
  audience: z.string().optional(),
  scope: z.string(),
  accessToken: z.string(),
  /** Milliseconds since the epoch. */
  issuedAt: z.number(),
  expiresAt: z.number(),
  /** When the refresh token ends, if the provider has said so. */
  refreshExpiresAt: z.number().optional(),
  refreshToken: z.string().optional(),
  idToken: z.string(),
  /** The `sid` of the login's ID token: it identifies the browser session (T19). Loopgate 0.1 did not write it. */
  sid: z.string().optional(),
  /** The provider's /userinfo answer, `sub` verified (T2). */
  profile: z.record(z.string(), z.unknown()).optional(),
  profileReadAt: z.number().optional(),
  /**
   * When a renewal was sent whose answer is not known, in milliseconds since the epoch. If the provider then refuses the
   * refresh token, the answer with the new one was lost (T4), and Loopgate can tell the person so.
   */
  renewalSentAt: z.number().optional(),
  /**
   * Hashes of its earlier refresh tokens: a program may still hold one, which must not reach the provider (reuse detection).
   */
  spentTokens: z.array(z.string()).optional(),
});

/** A refresh token whose revocation the provider has not yet confirmed (T10). */
const storedRevocation = z.object({
  issuer: z.string(),
  clientId: z.string(),
  token: z.string(),
  /**
   * A hash of issuer and subject (T3), so that the person cannot be read from it. Absent if unknown, and in data of Loopgate
   * 0.1 (T19).
   */
  person: z.string().optional(),
  sid: z.string().optional(),
  /** When the token ends by itself, if the provider has said so. */
  expiresAt: z.number().optional(),
});

/** Increases when an older Loopgate could not read the stored data. `e2e/stored/` keeps a data folder of each version. */
export const storedStateVersion = 1;

export const storedState = z.object({
  version: z.literal(storedStateVersion),
  accounts: z.array(storedAccount),
  /** Which account is active: its issuer, subject, client id and audience. */
  active: z.string().optional(),
  /** The same for the accounts that are active with other settings: another provider, application or API. */
  activeElsewhere: z.array(z.string()).optional(),
  revocations: z.array(storedRevocation),
  /** Why the last session ended, unless the person ended it, so that the next start still knows. */
  ended: z.string().optional(),
});

export type StoredAccount = z.infer<typeof storedAccount>;
export type StoredRevocation = z.infer<typeof storedRevocation>;
export type StoredState = z.infer<typeof storedState>;

/**
 * Identifies an account of a {@link StoredState}. The same person may also be signed in with other settings. Those tokens
 * belong to another application or API, and which account is active there does not matter here (T18).
 */
export function storedKey({ issuer, subject, clientId, audience }: StoredAccount): string {
  return JSON.stringify([issuer, subject, clientId, audience ?? null]);
}

/** The owner of a refresh token: decides which other tokens its revocation may end (T19). */
export type Grant = Omit<StoredRevocation, 'token'>;

/** The grant of an account's refresh token. */
export function grantOf({ issuer, subject, clientId, sid }: AboutGrant): Grant {
  const person = createHash('sha256')
    .update(JSON.stringify([issuer, subject]))
    .digest('base64');
  return { issuer, clientId, person, ...(sid !== undefined && { sid }) };
}

type AboutGrant = Pick<StoredAccount, 'issuer' | 'subject' | 'clientId' | 'sid'>;

/** The revocation of an account's refresh token. */
export function revocationOf(
  account: AboutGrant & Pick<StoredAccount, 'refreshExpiresAt'>,
  token: string,
): StoredRevocation {
  const { refreshExpiresAt: expiresAt } = account;
  return { ...grantOf(account), token, ...(expiresAt !== undefined && { expiresAt }) };
}

/** Where the sessions are stored, as shown to the person. */
export interface StorageLocation {
  /** `key`: a file encrypted with the administrator's key. `file`: a file that only its mode protects. */
  readonly kind: 'keyring' | 'key' | 'file' | 'memory';
  /** What a person should know about it; absent for the system's keyring. */
  readonly notice?: Message;
  /**
   * `unlock`: a keyring is locked, and Loopgate waits for it. `create`: there is something to store, but the keyring does not
   * exist yet. `choice`: there is no keyring, and the person has not chosen what to do.
   */
  readonly needs?: 'unlock' | 'create' | 'choice';
  /** True when {@link Vault.choose} may be called. */
  readonly changeable: boolean;
}

/** What to do if no keyring protects the sessions: keep them for this run only, or in a file that only its mode protects. */
export type WithoutKeyring = 'memory' | 'file';

/** The place where the sessions are stored. */
export interface Vault {
  readonly location: StorageLocation;
  /** Calls `listener` whenever {@link location} has changed. There is one listener: the accounts. */
  onLocationChanged(listener: () => void): void;
  /**
   * Stores the person's choice for the case without a keyring. The next {@link save} writes to that place.
   * @throws when the choice could not be saved
   */
  choose(answer: WithoutKeyring): Promise<void>;
  /**
   * Reads what was saved. @returns undefined when nothing was saved
   * @throws VaultUnreadable when there is data that cannot be read; it has been set aside, not deleted
   */
  load(): Promise<StoredState | undefined>;
  /** Resolves when the state is on disk (T4). @throws when it could not be written */
  save(state: StoredState): Promise<void>;
}

/** The stored data cannot be decrypted or understood. `message` says why and where it was moved, without its content. */
export class VaultUnreadable extends MessageError {
  override readonly name = 'VaultUnreadable';
}

/** Keeps the sessions for this run only. */
export class MemoryVault implements Vault {
  readonly location: StorageLocation;
  #state: StoredState | undefined;

  /** @param notice - why nothing is stored */
  constructor(notice: Message) {
    this.location = { kind: 'memory', notice, changeable: false };
  }

  onLocationChanged(): void {}

  async choose(): Promise<void> {}

  async load(): Promise<StoredState | undefined> {
    return this.#state;
  }

  async save(state: StoredState): Promise<void> {
    this.#state = structuredClone(state);
  }
}

/**
 * Parses the decrypted content of a vault.
 * @throws VaultUnreadable when this version does not know the format
 */
export function parseStoredState(json: string): StoredState {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new VaultUnreadable(message('storedIncomplete'));
  }
  const parsed = storedState.safeParse(value);
  if (!parsed.success) {
    throw new VaultUnreadable(message('storedByOtherVersion'));
  }
  return parsed.data;
}
