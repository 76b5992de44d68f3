import { join } from 'node:path';
import ElectronStore from 'electron-store';
import { SettingError } from './settings.ts';

/**
 * Reads `<home>/settings.json` as it is; a file that is not there is empty.
 * @throws SettingError when it cannot be read or is not JSON
 */
export function readSettingsFile(home: string): Record<string, unknown> {
  try {
    return new ElectronStore<Record<string, unknown>>({ cwd: home, name: 'settings', configFileMode: 0o600 }).store;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new SettingError(
      `${join(home, 'settings.json')} cannot be read (${why}). Correct or remove it and start again.`,
    );
  }
}
