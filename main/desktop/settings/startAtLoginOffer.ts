import { existsSync, writeFileSync } from 'node:fs';
import type { AppView } from '../../../preload/views/app.ts';
import { dataPath } from '../../storage/dataFolder.ts';
import type { StartAtLogin } from './startAtLogin.ts';

/**
 * Asks once, after the first sign-in, whether Loopgate shall start at login; only where that can be set and is not. Whatever
 * the person decides, here or in the settings, it is not asked again.
 */
export class StartAtLoginOffer {
  readonly #file: string;
  readonly #startAtLogin: Pick<StartAtLogin, 'state'>;
  #isOver: boolean | undefined;

  /** @param home - the data folder, where the answer is remembered */
  constructor(home: string, startAtLogin: Pick<StartAtLogin, 'state'>) {
    this.#file = dataPath(home, 'startAtLoginAsked');
    this.#startAtLogin = startAtLogin;
  }

  /** Whether it is to be asked with this view. */
  isDue({ status }: Pick<AppView, 'status'>): boolean {
    if (status !== 'signed_in') return false;
    this.#isOver ??= existsSync(this.#file);
    if (this.#isOver) return false;
    const { isAvailable, isOn } = this.#startAtLogin.state();
    return isAvailable && !isOn;
  }

  /** The person has decided it. */
  settle(): void {
    this.#isOver = true;
    try {
      writeFileSync(this.#file, '', { mode: 0o600 });
    } catch {
      // Asked once more after the next start.
    }
  }
}
