import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/**
 * The system's own programs, by their full path: if they were looked up by name, a program planted in the current folder
 * could answer.
 */
export const lsof = '/usr/sbin/lsof';
export const ps = '/bin/ps';
export const plutil = '/usr/bin/plutil';
export const powershell = `${process.env.SystemRoot ?? 'C:\\Windows'}\\System32\\WindowsPowerShell\\v1.0\\powershell.exe`;
export const netsh = `${process.env.SystemRoot ?? 'C:\\Windows'}\\System32\\netsh.exe`;
export const registryTool = `${process.env.SystemRoot ?? 'C:\\Windows'}\\System32\\reg.exe`;

/** How long such a program may take, in milliseconds. */
const timeout = 10_000;

/** Runs a program and returns its output. @throws when it fails, or takes too long */
export async function runSystemProgram(program: string, argv: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(program, argv, {
    timeout,
    windowsHide: true,
    // Makes times and texts match their manuals, whatever the person's language is.
    env: { ...process.env, LC_ALL: 'C' },
  });
  return stdout;
}
