import { existsSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { type Message, message, verbatim } from '../../preload/texts/messages.ts';
import { parseStoredState, type StoredState } from '../broker/session/vault.ts';
import { MessageError } from '../errors/errors.ts';
import { errorCode } from '../system/errorCode.ts';
import { readText } from '../system/readText.ts';
import { sessionPath, sessionStore } from './dataFolder.ts';
import { syncFolder, writeStore } from './jsonFile.ts';

/** Encrypts the stored sessions, with the system's keyring or with a key. */
export interface Sealer {
  /** Part of the file's name, so that the data of one keyring is never mistaken for another's. */
  readonly name: string;
  /** @throws with a message for a person, which does not contain the text */
  seal(text: string): Promise<string>;
  /**
   * @throws SealerUnavailable when the sealer itself cannot be used now: that says nothing about the text
   * @throws when this sealer did not seal the text, or when it was changed
   */
  open(sealed: string): Promise<string>;
}

/** A keyring is locked or does not answer. */
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

/** The name of a sealer, for people. */
export function titleOf(sealer: string): Message {
  return (Object.hasOwn(titles, sealer) ? titles[sealer] : undefined) ?? verbatim(sealer);
}

/** The result of reading a file. `why` never contains any of the content. */
export type Reading =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'sessions'; readonly state: StoredState; readonly writtenAt: number; readonly includes: Includes }
  /** It will stay unreadable: it is damaged, or sealed with another key. */
  | { readonly kind: 'unreadable'; readonly why: Message }
  /** A newer version wrote it: leave it as it is. */
  | { readonly kind: 'newer'; readonly why: Message }
  /** It may become readable: the system refuses the file, or the sealer cannot be used now. */
  | { readonly kind: 'closed'; readonly why: Message };

/** The files that were merged into this one, with their `writtenAt` at that time, in milliseconds since the epoch. */
export type Includes = Readonly<Record<string, number>>;

const format = 1;
const envelope = z.object({
  /** Absent in files of Loopgate 0.1, like `writtenAt`. */
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

  /** Reads the file without changing anything. */
  async read(): Promise<Reading> {
    let content: unknown;
    try {
      const text = readText(this.path);
      if (text === undefined) return { kind: 'nothing' };
      content = JSON.parse(text);
    } catch (error) {
      if (error instanceof SyntaxError) return { kind: 'unreadable', why: message('storedDamaged') };
      const code = errorCode(error) ?? message('unknownReason');
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
   * @throws when it could not be sealed or written; the old file is then intact
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
   * Moves the file away. It is not deleted, because an older key may still open it.
   * @param now - milliseconds since the epoch
   * @returns its new path
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

  /** Removes the file after its content was stored elsewhere. @throws when it cannot be removed */
  remove(): void {
    rmSync(this.path, { force: true });
    syncFolder(this.#home);
  }
}
