import { existsSync, rmSync } from 'node:fs';
import { type Message, message } from '../../preload/texts/messages.ts';
import type { Clock } from '../broker/clock.ts';
import {
  type StorageLocation,
  type StoredState,
  type Vault,
  VaultUnreadable,
  type WithoutKeyring,
} from '../broker/session/vault.ts';
import { MessageError, messageOf } from '../errors/errors.ts';
import { dataPath } from './dataFolder.ts';
import { removeUnfinished, tryWriting, writeFailure } from './jsonFile.ts';
import { fileSealer } from './keySealer.ts';
import { mergeStates } from './mergeStates.ts';
import { putAway, readOthers, type StoredFile, storedElsewhere, whyPutAway } from './otherSessions.ts';
import type { Protection, ProtectionState } from './protection.ts';
import { type Includes, type Reading, SealedFile } from './sealedFile.ts';
import {
  locationInMemory,
  lockedLocation,
  newLocation,
  protectedLocation,
  unprotectedLocation,
} from './storageLocation.ts';

/** How long to wait before looking at a locked keyring again, in milliseconds. */
const unlockInterval = 2_000;

export interface SystemVaultOptions {
  readonly home: string;
  /** The best first. */
  readonly protections: readonly Protection[];
  /** What to do if none of them is available; absent if that is not decided. */
  readonly withoutKeyring?: WithoutKeyring;
  /** Whether a person can be asked about that. */
  readonly asks: boolean;
  /** Stores the person's answer for the next start. @throws when it could not be stored */
  readonly remember: (answer: WithoutKeyring) => void;
  readonly clock: Clock;
  /** Advice after the notice that nothing is stored. */
  readonly remedy?: Message;
}

/**
 * Stores sessions on this system, under the best protection that is available; each protection has its own file. It takes
 * over another protection's file as soon as that can be opened, waits for a locked keyring, and never falls back to a weaker
 * protection silently.
 */
export class SystemVault implements Vault {
  readonly #options: SystemVaultOptions;
  readonly #weaker: SealedFile;
  #location: StorageLocation = { kind: 'memory', changeable: false };
  #listener: () => void = () => undefined;
  #withoutKeyring: WithoutKeyring | undefined;
  /** The file that {@link save} writes; undefined if nothing is written. */
  #file: SealedFile | undefined;
  #isLoaded = false;
  /** The protection of {@link #file}; undefined for the weaker file. */
  #protection: Protection | undefined;
  /** True once the protection was used in this run: it does not prompt the person again. */
  #isOpen = false;
  /** The state to write as soon as the keyring is created or unlocked. */
  #held: StoredState | undefined;
  #isWaiting = false;
  /** The location to report once the folder is writable again. */
  #locationWithoutObstacle: StorageLocation | undefined;
  /** The files that were taken over; they are removed after the next write. */
  #includes: Includes = {};
  #takenOver: SealedFile[] = [];
  #saving: Promise<unknown> = Promise.resolve();

  constructor(options: SystemVaultOptions) {
    this.#options = options;
    this.#weaker = new SealedFile(options.home, fileSealer(options.home));
    // If the answer was lost, the existing file shows what it was.
    this.#withoutKeyring =
      options.withoutKeyring ?? (options.asks && existsSync(this.#weaker.path) ? 'file' : undefined);
  }

  get location(): StorageLocation {
    return this.#location;
  }

  onLocationChanged(listener: () => void): void {
    this.#listener = listener;
  }

  /**
   * Finds out where the sessions are stored and whether a keyring must be waited for, and updates {@link location}. It reads
   * no sessions.
   */
  async look(): Promise<void> {
    await this.#find();
  }

  /** Waits for a running write: otherwise that would write the file again after its removal. */
  choose(answer: WithoutKeyring): Promise<void> {
    const choosing = this.#saving.then(() => this.#choose(answer));
    this.#saving = choosing.catch(() => undefined);
    return choosing;
  }

  #choose(answer: WithoutKeyring): void {
    if (!this.#location.changeable) throw new Error('there is nothing to choose: this is decided by the system');
    this.#options.remember(answer);
    this.#withoutKeyring = answer;
    this.#protection = undefined;
    this.#held = undefined;
    if (answer === 'file') {
      // Do not overwrite a file that the person has not accepted until now.
      if (this.#file === undefined && existsSync(this.#weaker.path)) this.#weaker.setAside(this.#options.clock.now());
      this.#file = this.#weaker;
    } else {
      this.#file = undefined;
      this.#removeWeaker();
    }
    this.#setLocation(this.#locationOf(undefined));
  }

  async load(): Promise<StoredState | undefined> {
    removeUnfinished(this.#options.home);
    for (;;) {
      const protection = await this.#unlocked();
      const own = protection
        ? new SealedFile(this.#options.home, protection)
        : this.#withoutKeyring === 'file'
          ? this.#weaker
          : undefined;
      const reading = own ? await own.read() : nothing;
      // The keyring may have been locked since the check: then the failure says nothing about the stored data.
      const failed = reading.kind === 'unreadable' || reading.kind === 'closed';
      if (failed && (await protection?.state()) === 'locked') continue;
      return await this.#settle(protection, own, reading);
    }
  }

  save(state: StoredState): Promise<void> {
    const saving = this.#saving.then(() => this.#write(state));
    this.#saving = saving.catch(() => undefined);
    return saving;
  }

  /** The best protection that is not absent; waits while it is locked. Undefined when there is none. */
  async #unlocked(): Promise<Protection | undefined> {
    for (;;) {
      const found = await this.#find();
      if (found.state !== 'locked') return found.protection;
      await new Promise<void>((resolve) => this.#options.clock.after(unlockInterval, resolve));
    }
  }

  async #find(): Promise<{ protection?: Protection; state: ProtectionState }> {
    for (const protection of this.#options.protections) {
      const state = await protection.state();
      if (state === 'absent') continue;
      // If the person has decided what to do without a keyring, do not prompt them to create one.
      if (state === 'new' && this.#withoutKeyring !== undefined) continue;
      this.#setLocation(state === 'locked' ? lockedLocation(protection) : this.#locationOf(protection));
      return { protection, state };
    }
    this.#setLocation(this.#locationOf(undefined));
    return { state: 'absent' };
  }

  /** The last step of {@link load}; it does not wait for the person. */
  async #settle(
    protection: Protection | undefined,
    own: SealedFile | undefined,
    reading: Reading,
  ): Promise<StoredState | undefined> {
    this.#isLoaded = true;
    const { home, protections, clock } = this.#options;
    // Without any protection the weaker file is the vault's own file, and only the person can choose to open it.
    const weaker = protection && own !== this.#weaker ? this.#weaker : undefined;
    const others = await readOthers({ home, protections, inUse: protection, weaker, now: () => clock.now() });
    const reasons = [...others.reasons];
    if (own) {
      const why = putAway(own, reading, home, clock.now());
      this.#protection = protection;
      this.#isOpen = reading.kind === 'sessions';
      if (why === undefined || 'aside' in why) this.#file = own;
      else this.#keepInMemory(message('keptForThisRun', { reason: why.blocked }));
      if (why) reasons.unshift(whyPutAway(why));
      this.#tryWriting(own);
    }
    const state = await this.#takeOver(reading, others.found);
    if (state) return state;
    const reason = reasons[0] ?? storedElsewhere(home, new Set([protection?.name, own?.sealer.name]));
    if (reason === undefined) return undefined;
    throw new VaultUnreadable(reason);
  }

  /** Merges all other states into the newest one. The other files are removed after the merged state is written. */
  async #takeOver(reading: Reading, others: readonly StoredFile[]): Promise<StoredState | undefined> {
    const own = reading.kind === 'sessions' ? reading : undefined;
    const isNew = (other: StoredFile) => (own?.includes[other.file.sealer.name] ?? 0) < other.writtenAt;
    const stored = [...(own ? [own] : []), ...others.filter(isNew)].sort((a, b) => b.writtenAt - a.writtenAt);
    const [newest, ...older] = stored.map(({ state }) => state);
    const merged = newest && older.reduce(mergeStates, newest);
    if (this.#file === undefined || others.length === 0) return merged;
    this.#takenOver = others.map(({ file }) => file);
    // Until those files are gone, the new file records that it includes them: otherwise tokens that were renewed since would
    // be revoked as theirs.
    this.#includes = Object.fromEntries(others.map(({ file, writtenAt }) => [file.sealer.name, writtenAt]));
    // If this fails the other files stay, and the next save tries again.
    if (merged) await this.save(merged).catch(() => undefined);
    return merged;
  }

  async #write(state: StoredState): Promise<void> {
    if (!this.#isLoaded) {
      // Nothing was read yet: an empty state must not overwrite what is stored.
      if (isEmpty(state)) return;
      throw new MessageError(message('keyringStillLocked'));
    }
    const file = this.#file;
    if (!file) return;
    this.#held = undefined;
    // Nothing was ever stored here. An empty file would wrongly sign out what another keyring keeps.
    if (isEmpty(state) && state.ended === undefined && this.#takenOver.length === 0 && !existsSync(file.path)) {
      if (this.#location.needs) this.#setLocation(this.#locationOf(this.#protection));
      return;
    }
    if (await this.#isClosed()) return this.#hold(state);
    const { home, clock } = this.#options;
    try {
      await file.write(state, clock.now(), this.#includes);
    } catch (error) {
      throw new MessageError(writeFailure(error, home) ?? messageOf(error));
    }
    this.#isOpen = true;
    this.#removeTakenOver();
    if (this.#locationWithoutObstacle || this.#location.needs) {
      const location = this.#locationWithoutObstacle ?? this.#locationOf(this.#protection);
      this.#locationWithoutObstacle = undefined;
      this.#setLocation(location);
    }
  }

  /**
   * Whether the keyring must be created or unlocked first; {@link location} then says so. Using it anyway would prompt the person
   * without an explanation, and block an older Electron.
   */
  async #isClosed(): Promise<boolean> {
    if (!this.#protection || this.#isOpen) return false;
    const state = await this.#protection.state();
    if (state !== 'new' && state !== 'locked') return false;
    this.#setLocation(
      state === 'new' ? newLocation(this.#protection, this.#options.asks) : lockedLocation(this.#protection),
    );
    return true;
  }

  /** Keeps the state in memory and tries to write it again later. */
  #hold(state: StoredState): void {
    this.#held = state;
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    this.#options.clock.after(unlockInterval, () => {
      this.#isWaiting = false;
      const trying = this.#saving.then(() => this.#held && this.#write(this.#held));
      this.#saving = trying.catch((error: unknown) => {
        this.#locationWithoutObstacle = this.#locationOf(this.#protection);
        this.#keepUntilSolved(messageOf(error));
      });
    });
  }

  #removeTakenOver(): void {
    try {
      for (const file of this.#takenOver) {
        if (file.sealer.name === this.#weaker.sealer.name) this.#removeWeaker();
        else file.remove();
      }
      this.#takenOver = [];
    } catch {
      // The file that was just written lists them as included; the next save removes them.
    }
  }

  #removeWeaker(): void {
    this.#weaker.remove();
    rmSync(dataPath(this.#options.home, 'sessionKey'), { force: true });
  }

  /** Finds out at the start whether the folder can be written, not when the first session is lost. */
  #tryWriting(own: SealedFile): void {
    if (this.#file !== own) return;
    try {
      tryWriting(this.#options.home);
    } catch (error) {
      const { home } = this.#options;
      const reason = writeFailure(error, home) ?? message('cannotWrite', { path: home });
      this.#locationWithoutObstacle = this.#location;
      this.#keepUntilSolved(reason);
    }
  }

  #keepUntilSolved(reason: Message): void {
    this.#keepInMemory(message('keptUntilSolved', { reason }));
  }

  #keepInMemory(notice: Message): void {
    this.#setLocation(locationInMemory(notice));
  }

  #locationOf(protection: Protection | undefined): StorageLocation {
    if (protection) return protectedLocation(protection);
    const { home, asks, remedy } = this.#options;
    return unprotectedLocation({ home, asks, remedy, withoutKeyring: this.#withoutKeyring });
  }

  #setLocation(location: StorageLocation): void {
    if (JSON.stringify(location) === JSON.stringify(this.#location)) return;
    this.#location = location;
    this.#listener();
  }
}

function isEmpty({ accounts, revocations }: StoredState): boolean {
  return accounts.length === 0 && revocations.length === 0;
}

const nothing: Reading = { kind: 'nothing' };
