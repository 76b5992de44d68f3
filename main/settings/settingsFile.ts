import { z } from 'zod';
import { message, verbatim } from '../../preload/texts/messages.ts';
import { messageOf } from '../errors/errors.ts';
import { dataPath } from '../storage/dataFolder.ts';
import { writeStore } from '../storage/jsonFile.ts';
import { readText } from '../system/readText.ts';
import { parseJsonText } from './jsonText.ts';
import { SettingError } from './settings.ts';

/**
 * Reads `<home>/settings.json` unparsed; empty if the file does not exist.
 * @throws SettingError when it cannot be read or is not a JSON object
 */
export function readSettingsFile(home: string): Record<string, unknown> {
  const path = dataPath(home, 'settings');
  try {
    const text = readText(path);
    return text === undefined ? {} : z.record(z.string(), z.unknown()).parse(parseJsonText(text));
  } catch (error) {
    const reason = error instanceof z.ZodError ? verbatim('not a JSON object') : messageOf(error);
    throw new SettingError(message('settingsUnreadable', { path, reason }));
  }
}

/**
 * Changes one setting in `<home>/settings.json` and leaves the others unchanged.
 * @throws SettingError when the file cannot be read
 * @throws when it could not be written; the old file is then intact
 */
export function writeSetting(home: string, name: string, value: unknown): void {
  writeSettings(home, { [name]: value });
}

/**
 * Changes several settings at once: the file gets all of them or none. An undefined value removes its setting.
 * @throws as {@link writeSetting}
 */
export function writeSettings(home: string, changes: Readonly<Record<string, unknown>>): void {
  const all = Object.entries({ ...readSettingsFile(home), ...changes });
  writeStore(home, 'settings', Object.fromEntries(all.filter(([, value]) => value !== undefined)));
}
