import type { Clock } from '../clock.ts';

/** How long a copy of the keys is used while every answer fits them. Milliseconds. */
const kept = 300_000;
/** How often the keys are read early at most, however many answers do not fit them. Milliseconds. */
const pause = 5_000;

/** The keys as the provider published them at one time. */
export interface KeyCopy {
  /** Clone it before reading it. */
  readonly answer: Response;
  /** Copies are numbered: a higher number was requested later. */
  readonly number: number;
}

/** The provider's signing keys. All verifications share one copy (OIDC Core §10.1.1). */
export class SigningKeys {
  readonly #ask: () => Promise<Response>;
  readonly #clock: Clock;
  #copy: { keys: KeyCopy; at: number } | undefined;
  #reading: Promise<KeyCopy> | undefined;
  #count = 0;
  #readAgainAt: number | undefined;

  /** @param ask - reads the keys from the provider; rejects with a LoopgateError */
  constructor(ask: () => Promise<Response>, clock: Clock) {
    this.#ask = ask;
    this.#clock = clock;
  }

  /** The present copy, or a new one. @throws LoopgateError when there is none and the provider cannot be reached */
  async copy(): Promise<KeyCopy> {
    return this.#present ?? (await this.#read());
  }

  /**
   * T20: a newer copy than the one that did not fit; callers that ask while it is read share it.
   * @param unfit - the copy that did not fit; absent when there was none
   * @returns undefined when the keys were already read early a moment ago
   * @throws LoopgateError when the provider cannot be reached
   */
  async newerThan(unfit: KeyCopy | undefined): Promise<KeyCopy | undefined> {
    const present = this.#present;
    if (present && present.number > (unfit?.number ?? 0)) return present;
    if (this.#reading) return await this.#reading;
    if (this.#readAgainAt !== undefined && this.#isWithin(pause, this.#readAgainAt)) return undefined;
    this.#readAgainAt = this.#clock.now();
    return await this.#read();
  }

  get #present(): KeyCopy | undefined {
    return this.#copy && this.#isWithin(kept, this.#copy.at) ? this.#copy.keys : undefined;
  }

  async #read(): Promise<KeyCopy> {
    this.#reading ??= this.#readOnce().finally(() => {
      this.#reading = undefined;
    });
    return await this.#reading;
  }

  async #readOnce(): Promise<KeyCopy> {
    this.#count += 1;
    const keys = { number: this.#count, answer: await this.#ask() };
    if (keys.answer.ok) this.#copy = { keys, at: this.#clock.now() };
    return keys;
  }

  /** If the clock was set back since, it does not show how old something is. */
  #isWithin(milliseconds: number, since: number): boolean {
    const age = this.#clock.now() - since;
    return age >= 0 && age < milliseconds;
  }
}
