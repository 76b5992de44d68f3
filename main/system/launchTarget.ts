import { isAbsolute, sep } from 'node:path';

/** The argument of a start at login: the tray comes, no window opens. */
export const hiddenArgument = '--hidden';

/** This program, as it was started. */
export interface LaunchedProgram {
  readonly execPath: string;
  readonly environment: NodeJS.ProcessEnv;
}

/**
 * What is to be started: the AppImage that this program was unpacked from, else the program itself. `APPIMAGE` alone says
 * nothing: the terminal of an editor that is an AppImage hands its own down to all that is started in it.
 */
export function launchTarget({ execPath, environment: { APPIMAGE, APPDIR } }: LaunchedProgram): string {
  const isUnpacked = APPIMAGE !== undefined && APPDIR !== undefined && isAbsolute(APPIMAGE) && isAbsolute(APPDIR);
  return isUnpacked && execPath.startsWith(`${APPDIR.replace(/\/+$/, '')}${sep}`) ? APPIMAGE : execPath;
}
