import { isAbsolute, sep } from 'node:path';

/** The argument of a start at login: it shows the tray and opens no window. */
export const hiddenArgument = '--hidden';

/** This program, as it was started. */
export interface LaunchedProgram {
  readonly execPath: string;
  readonly environment: NodeJS.ProcessEnv;
}

/**
 * The file to start: the AppImage that this program was unpacked from, or else the program itself. `APPIMAGE` alone is not
 * enough: if an editor is an AppImage, everything that starts in its terminal inherits the editor's variable.
 */
export function launchTarget({ execPath, environment: { APPIMAGE, APPDIR } }: LaunchedProgram): string {
  const isUnpacked = APPIMAGE !== undefined && APPDIR !== undefined && isAbsolute(APPIMAGE) && isAbsolute(APPDIR);
  return isUnpacked && execPath.startsWith(`${APPDIR.replace(/\/+$/, '')}${sep}`) ? APPIMAGE : execPath;
}
