import { readPolicy } from '../settings/policy.ts';
import { homeFolder, readSettings, type Settings } from '../settings/settings.ts';
import { readSettingsFile } from '../settings/settingsFile.ts';
import { type FolderLook, secureFolder } from '../storage/folderLook.ts';

/**
 * The settings of this process, read after the data folder was looked at.
 * @throws SettingError, UnsafeFolderError
 */
export function ownSettings(): { readonly settings: Settings; readonly folder: FolderLook } {
  const folder = secureFolder(homeFolder(process.env));
  return { folder, settings: readSettings(process.env, readSettingsFile, process.platform, readPolicy()) };
}
