import { createHash } from 'node:crypto';
import { z } from 'zod';
import { type Message, message } from '../../../preload/texts/messages.ts';
import { MessageError } from '../../errors/errors.ts';

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
  /** The `sid` of the login's ID token: which session in the browser it came from (T19). Loopgate 0.1 did not write it. */
  sid: z.string().optional(),
  /** The provider's /userinfo answer, `sub` verified (T2). */
  profile: z.record(z.string(), z.unknown()).optional(),
  profileReadAt: z.number().optional(),
  /**
   * When a renewal was sent whose answer is not known, in milliseconds since the epoch. If the provider then refuses the
   * refresh token, the answer with the new one was lost (T4), and the person can be told so.
   */
  renewalSentAt: z.number().optional(),
  /** Hashes of the refresh tokens it had: one that a program still carries must not reach the provider (reuse detection). */
  spentTokens: z.array(z.string()).optional(),
});

/** A refresh token whose revocation the provider has not yet confirmed (T10). */
const storedRevocation = z.object({
  issuer: z.string(),
  clientId: z.string(),
  token: z.string(),
  /** A hash of issuer and subject (T3): who it was is not kept. Absent where it is not known, and in what Loopgate 0.1 wrote (T19). */
  person: z.string().optional(),
  sid: z.string().optional(),
});

/** Goes up when an older Loopgate could not read what this one stores. Each version's data folder is kept in `e2e/stored/`. */
export const storedStateVersion = 1;

export const storedState = z.object({
  version: z.literal(storedStateVersion),
  accounts: z.array(storedAccount),
  /** Which account is active: its issuer, subject, client id and audience. */
  active: z.string().optional(),
  /** The same of those that are active with other settings: another provider, application or API. */
  activeElsewhere: z.array(z.string()).optional(),
  revocations: z.array(storedRevocation),
  /** Why the last session ended, when it was not the person's own decision: the next start still knows. */
  ended: z.string().optional(),
});

export type StoredAccount = z.infer<typeof storedAccount>;
export type StoredRevocation = z.infer<typeof storedRevocation>;
export type StoredState = z.infer<typeof storedState>;

/**
 * Which account of a {@link StoredState} it is. The same person may be signed in with other settings as well: those tokens are
 * another application's or for another API, and who is active there decides nothing here (T18).
 */
export function storedKey({ issuer, subject, clientId, audience }: StoredAccount): string {
  return JSON.stringify([issuer, subject, clientId, audience ?? null]);
}

/** Whose a refresh token is, as far as it decides what else its revocation may end (T19). */
export type Grant = Omit<StoredRevocation, 'token'>;

/** The grant of an account's refresh token. */
export function grantOf({ issuer, subject, clientId, sid }: AboutGrant): Grant {
  const person = createHash('sha256')
    .update(JSON.stringify([issuer, subject]))
    .digest('base64');
  return { issuer, clientId, person, ...(sid !== undefined && { sid }) };
}

type AboutGrant = Pick<StoredAccount, 'issuer' | 'subject' | 'clientId' | 'sid'>;

/** A refresh token of this account that is to be revoked. */
export function revocationOf(account: AboutGrant, token: string): StoredRevocation {
  return { ...grantOf(account), token };
}

/** Where sessions rest, as the person is told. */
export interface StorageLocation {
  /** `key`: a file under a key of the administrator's. `file`: a file that only its mode protects. */
  readonly kind: 'keyring' | 'key' | 'file' | 'memory';
  /** What a person should know about it; absent when it is the system's keyring. */
  readonly notice?: Message;
  /**
   * `unlock`: a locked keyring is waited for. `create`: something is to be kept, and the keyring has yet to be made. `choice`: no
   * keyring is there, and nobody has said what to do then.
   */
  readonly needs?: 'unlock' | 'create' | 'choice';
  /** True when {@link Vault.choose} may be called. */
  readonly changeable: boolean;
}

/** What to do where no keyring protects the sessions: keep them for this run only, or in a file that only its mode protects. */
export type WithoutKeyring = 'memory' | 'file';

/** Where the sessions rest. */
export interface Vault {
  readonly location: StorageLocation;
  /** Calls back whenever {@link location} has changed. One listener: the accounts. */
  onLocationChanged(listener: () => void): void;
  /**
   * The person's answer where no keyring is there. It is remembered; what {@link save} is given next goes to that place.
   * @throws when it could not be remembered
   */
  choose(answer: WithoutKeyring): Promise<void>;
  /**
   * Reads what was saved; nothing saved gives undefined.
   * @throws VaultUnreadable when something is there that cannot be read; it has been set aside, not deleted.
   */
  load(): Promise<StoredState | undefined>;
  /** Returns when the state is on disk (T4). @throws when it could not be written. */
  save(state: StoredState): Promise<void>;
}

/** What is stored cannot be decrypted or understood. `message` says why and where it was put, without its content. */
export class VaultUnreadable extends MessageError {
  override readonly name = 'VaultUnreadable';
}

/** Keeps the sessions for this run only. */
export class MemoryVault implements Vault {
  readonly location: StorageLocation;
  #state: StoredState | undefined;

  /** @param notice - why nothing is kept */
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
 * Parses what a vault has decrypted.
 * @throws VaultUnreadable when it is not a state that this version knows.
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
