import { stat } from 'node:fs/promises';
import { lsof, plutil, powershell, ps, runSystemProgram } from '../system/systemPrograms.ts';
import type { CallerLookup } from './caller.ts';
import { ExecutableHashes, onlyRootCanWrite } from './executables.ts';
import { DesktopEntries } from './linux/desktopEntries.ts';
import { readKernelRows } from './linux/eventLoop.ts';
import { linuxCallerLookup } from './linux/lookup.ts';
import { LinuxPrograms } from './linux/programs.ts';
import { MacPrograms, macCallerLookup } from './mac.ts';
import { WindowsPrograms, windowsCallerLookup } from './windows.ts';

/** The macOS group `admin`, which may write /Applications. */
const macAdminGroup = 80n;
/**
 * Creates the look-up for this operating system.
 * @param ownCommand - the executable of the command `loopgate`, which acts for its parent process
 */
export function systemCallerLookup(platform: NodeJS.Platform = process.platform, ownCommand?: string): CallerLookup {
  const ownUid = process.getuid?.() ?? -1;
  const hashes = new ExecutableHashes();
  const command = ownCommand === undefined ? {} : { ownCommand };
  if (platform === 'linux') {
    const programs = new LinuxPrograms({ ownUid, hashes, entries: new DesktopEntries(process.env), ...command });
    return linuxCallerLookup((name, marks) => readKernelRows(`/proc/net/${name}`, marks), ownUid, programs);
  }
  if (platform === 'darwin') {
    const programs = new MacPrograms({
      lsof: (argv) => runSystemProgram(lsof, argv),
      ps: (argv) => runSystemProgram(ps, argv),
      plutil: (argv) => runSystemProgram(plutil, argv),
      inodeOf: async (path) => (await stat(path)).ino,
      onlyRootCanWrite: (path) => onlyRootCanWrite(path, { adminGroup: macAdminGroup }),
      hashes,
      ...command,
    });
    return macCallerLookup((argv) => runSystemProgram(lsof, argv), ownUid, programs);
  }
  const runPowershell = (argv: string[]) => runSystemProgram(powershell, argv);
  return windowsCallerLookup(runPowershell, new WindowsPrograms({ runPowershell, hashes, ...command }));
}
