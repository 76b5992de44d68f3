import { existsSync } from 'node:fs';
import type { AppView } from '../../../preload/views/appView.ts';
import { dataPath } from '../../storage/dataFolder.ts';
import { replaceFile } from '../../storage/jsonFile.ts';
import type { StartAtLogin } from './startAtLogin.ts';

/**
 * Asks once, after the first sign-in, whether Loopgate should start at login, if that is possible and still off. After the
 * person has decided, here or in the settings, it does not ask again.
 */
export class StartAtLoginOffer {
  readonly #file: string;
  readonly #startAtLogin: Pick<StartAtLogin, 'state'>;
  #isOver: boolean | undefined;

  /** @param home - the data folder, which stores that the person has decided */
  constructor(home: string, startAtLogin: Pick<StartAtLogin, 'state'>) {
    this.#file = dataPath(home, 'startAtLoginAsked');
    this.#startAtLogin = startAtLogin;
  }

  /** Whether to ask with this view. */
  isDue({ status }: Pick<AppView, 'status'>): boolean {
    if (status !== 'signed_in') return false;
    this.#isOver ??= existsSync(this.#file);
    if (this.#isOver) return false;
    const { isAvailable, isOn } = this.#startAtLogin.state();
    return isAvailable && !isOn;
  }

  /** The person has decided. */
  settle(): void {
    this.#isOver = true;
    try {
      replaceFile(this.#file, '');
    } catch {
      // The next start asks once more.
    }
  }
}
