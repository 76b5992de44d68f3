import { existsSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { type Message, message, verbatim } from '../../preload/texts/messages.ts';
import { parseStoredState, type StoredState } from '../broker/session/vault.ts';
import { MessageError } from '../errors/errors.ts';
import { errorCode } from '../system/errorCode.ts';
import { sessionPath, sessionStore } from './dataFolder.ts';
import { syncFolder, writeStore } from './jsonFile.ts';

/** What encrypts the stored sessions: the system's keyring, or a key. */
export interface Sealer {
  /** Names the file, so that what one keyring wrote is never taken for another's. */
  readonly name: string;
  /** @throws with words for a person, without the text */
  seal(text: string): Promise<string>;
  /**
   * @throws SealerUnavailable when the sealer itself cannot be used now: that says nothing about the text
   * @throws when the text was not sealed by this sealer, or was changed
   */
  open(sealed: string): Promise<string>;
}

/** A keyring that is locked or does not answer. */
export class SealerUnavailable extends MessageError {
  override readonly name = 'SealerUnavailable';
}

const titles: Readonly<Record<string, Message>> = {
  gnome_libsecret: message('titleDesktopKeyring'),
  kwallet: verbatim('KWallet'),
  kwallet5: verbatim('KWallet'),
  kwallet6: verbatim('KWallet'),
  keychain: message('titleKeychain'),
  dpapi: message('titleWindows'),
  'secret-service': message('titleSecretService'),
  'credential-store': message('titleCredentialStore'),
  'vault-key': message('titleVaultKey'),
  file: message('titleFile'),
};

/** A sealer's name as a person knows it. */
export function titleOf(sealer: string): Message {
  return (Object.hasOwn(titles, sealer) ? titles[sealer] : undefined) ?? verbatim(sealer);
}

/** What a file was found to hold. No `why` has anything of the content. */
export type Reading =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'sessions'; readonly state: StoredState; readonly writtenAt: number; readonly includes: Includes }
  /** It will not be readable tomorrow either: damaged, or sealed with another key. */
  | { readonly kind: 'unreadable'; readonly why: Message }
  /** Written by a newer version: to be left as it is. */
  | { readonly kind: 'newer'; readonly why: Message }
  /** It may be readable tomorrow: the system refuses the file, or the sealer cannot be used now. */
  | { readonly kind: 'closed'; readonly why: Message };

/** The files that were merged into this one: sealer → its `writtenAt` then, in milliseconds since the epoch. */
export type Includes = Readonly<Record<string, number>>;

const format = 1;
const envelope = z.object({
  /** Absent in files of Loopgate 0.1, as is `writtenAt`. */
  format: z.number().optional(),
  sealedBy: z.string(),
  writtenAt: z.number().optional(),
  includes: z.record(z.string(), z.number()).optional(),
  session: z.string(),
});
const ofNewerFormat = z.object({ format: z.number().gt(format) });
const ofNewerVersion = z.object({ version: z.number().gt(1) });

/** The sessions under one sealer: `session.<sealer>.json` in the data folder. */
export class SealedFile {
  readonly sealer: Sealer;
  readonly path: string;
  readonly #home: string;

  constructor(home: string, sealer: Sealer) {
    this.#home = home;
    this.sealer = sealer;
    this.path = sessionPath(home, sealer.name);
  }

  get #store(): string {
    return sessionStore(this.sealer.name);
  }

  /** Reads it and changes nothing. */
  async read(): Promise<Reading> {
    let content: unknown;
    try {
      content = JSON.parse(readFileSync(this.path, 'utf8'));
    } catch (error) {
      if (error instanceof SyntaxError) return { kind: 'unreadable', why: message('storedDamaged') };
      const code = errorCode(error) ?? message('unknownReason');
      if (code === 'ENOENT') return { kind: 'nothing' };
      return { kind: 'closed', why: message('cannotReadCode', { path: this.path, code }) };
    }
    if (ofNewerFormat.safeParse(content).success) return this.#newer();
    const file = envelope.safeParse(content);
    if (!file.success || file.data.sealedBy !== this.sealer.name) {
      return { kind: 'unreadable', why: message('storedDamaged') };
    }
    let text: string;
    try {
      text = await this.sealer.open(file.data.session);
    } catch (error) {
      if (error instanceof SealerUnavailable) return { kind: 'closed', why: error.text };
      return { kind: 'unreadable', why: message('storedNotDecrypted', { title: titleOf(this.sealer.name) }) };
    }
    return this.#understand(text, file.data);
  }

  #understand(text: string, { writtenAt, includes }: z.infer<typeof envelope>): Reading {
    try {
      if (ofNewerVersion.safeParse(JSON.parse(text)).success) return this.#newer();
      const state = parseStoredState(text);
      return {
        kind: 'sessions',
        state,
        writtenAt: writtenAt ?? Math.floor(statSync(this.path).mtimeMs),
        includes: includes ?? {},
      };
    } catch {
      return { kind: 'unreadable', why: message('storedDamaged') };
    }
  }

  #newer(): Reading {
    const why = message('storedByNewerVersion', { path: this.path });
    return { kind: 'newer', why };
  }

  /**
   * Returns when the state is on the disk.
   * @param writtenAt - milliseconds since the epoch
   * @throws when it could not be sealed or written; the file of before is whole then
   */
  async write(state: StoredState, writtenAt: number, includes: Includes = {}): Promise<void> {
    const session = await this.sealer.seal(JSON.stringify(state));
    writeStore(this.#home, this.#store, {
      format,
      sealedBy: this.sealer.name,
      writtenAt,
      ...(Object.keys(includes).length > 0 && { includes }),
      session,
    });
  }

  /**
   * Nothing is deleted: what cannot be read today may be readable with yesterday's key.
   * @param now - milliseconds since the epoch
   * @returns where it is now
   * @throws when it could not be moved
   */
  setAside(now: number): string {
    let aside = '';
    for (let time = now; aside === '' || existsSync(aside); time += 1) {
      aside = join(this.#home, `${this.#store}.unreadable-${time}.json`);
    }
    renameSync(this.path, aside);
    syncFolder(this.#home);
    return aside;
  }

  /** Removes what has been stored elsewhere. @throws when it cannot be removed */
  remove(): void {
    rmSync(this.path, { force: true });
    syncFolder(this.#home);
  }
}
