import { buildProgram, type Program, unknownProgram } from '../access/program.ts';
import { kindOf } from '../access/programKinds.ts';
import { baseName } from '../access/programPaths.ts';
import { scriptOf } from '../access/scripts.ts';
import { type CallerLookup, callerWith } from './caller.ts';
import type { Connection } from './connection.ts';
import { type ExecutableHashes, hasOwnApp } from './executables.ts';

/** Not yet run on Windows: written from the documentation of the cmdlets, and tested with sample texts. */

/** How many ancestors to search for the program behind the command. */
const maxSteps = 4;

/** What the look-up needs from the system. */
export interface WindowsSystem {
  /** Runs PowerShell and returns its output. */
  readonly runPowershell: (argv: string[]) => Promise<string>;
  readonly hashes: Pick<ExecutableHashes, 'ofProgram'>;
  /** The executable of the command `loopgate`, which acts for its parent process. It must not be a script. */
  readonly ownCommand?: string;
}

/** A process in the script's output. Times are UTC in ISO 8601, so that they compare as text. */
interface WindowsProcess {
  readonly started: string;
  readonly path: string;
  readonly owner: string;
  readonly command: string | undefined;
  /** `FileDescription` from the version resource, or its `ProductName`. */
  readonly title: string | undefined;
}

/** The script's output: the process of the socket, then its ancestors. */
interface WindowsFindings {
  readonly self: string;
  /**
   * The Program Files folders. Only administrators may write there, which corresponds to "only root" on the other
   * systems.
   */
  readonly programFolders: readonly string[];
  readonly connected: string;
  readonly processes: readonly WindowsProcess[];
}

/** Windows: finds the program in the TCP owner table, through PowerShell. It takes seconds. */
export class WindowsPrograms {
  readonly #system: WindowsSystem;

  constructor(system: WindowsSystem) {
    this.#system = system;
  }

  /**
   * Finds the program that opened a socket; the unknown one when in doubt. The table names the opening process even
   * after it exited and its number was reused. So a process younger than the connection did not open it.
   */
  async find(connection: Connection): Promise<Program> {
    const printed = await this.#system.runPowershell([
      '-NoProfile',
      '-NonInteractive',
      '-Command',
      programScript(connection),
    ]);
    const findings = parseWindowsFindings(printed);
    const [first] = findings?.processes ?? [];
    if (!findings || !first || first.started > findings.connected) return unknownProgram;
    const isOwnCommand = ({ path }: WindowsProcess) => path.toLowerCase() === this.#system.ownCommand?.toLowerCase();
    let speaker: WindowsProcess | undefined = first;
    for (let step = 1; speaker && isOwnCommand(speaker); step += 1) {
      const parent: WindowsProcess | undefined = findings.processes[step];
      // Another process may have the number of a parent that has exited. Such a process is younger than the child.
      speaker = parent && parent.started <= speaker.started ? parent : undefined;
    }
    if (!speaker || speaker.owner !== findings.self || first.owner !== findings.self) return unknownProgram;
    const program = await this.#identify(speaker, findings.programFolders);
    // On Windows, a process can be started as the child of any other process of its user, so the parent proves nothing.
    return speaker !== first && program.kind === 'program' ? unknownProgram : program;
  }

  async #identify(
    { path, command, title, started }: WindowsProcess,
    programFolders: readonly string[],
  ): Promise<Program> {
    const kind = kindOf(path, await hasOwnApp(path));
    const isOnlyAdministrators = programFolders.some((folder) => isInside(path, folder));
    const compared = isOnlyAdministrators ? undefined : await this.#system.hashes.ofProgram(path, path, started);
    const isItself = kind === 'program' || kind === 'browser';
    return buildProgram({
      path,
      kind,
      compared,
      name: (isItself ? title : undefined) ?? baseName(path).replace(/\.exe$/i, ''),
      claim: isItself || command === undefined ? undefined : scriptOf(wordsOf(command)),
      // The start time, because the table has no other way to tell two runs apart. No two runs of a file begin within
      // the same 100 ns.
      process: started,
    });
  }
}

function isInside(path: string, folder: string): boolean {
  return folder !== '' && path.toLowerCase().startsWith(`${folder.toLowerCase()}\\`) && !path.includes('\\..\\');
}

/**
 * Addresses and ports are numbers from our own socket, never text from a request. The script reads the table again at
 * the end.
 */
export function programScript({ remoteAddress, remotePort, localPort }: Connection): string {
  return `
    $ErrorActionPreference = 'Stop'
    [Console]::OutputEncoding = [Text.Encoding]::UTF8
    function Row { Get-NetTCPConnection -State Established -LocalAddress '${remoteAddress}' -LocalPort ${remotePort} -RemotePort ${localPort} }
    function Utc($time) { $time.ToUniversalTime().ToString('o') }
    $row = Row
    $id = $row.OwningProcess
    $processes = @()
    for ($n = 0; $n -le ${maxSteps} -and $id -gt 4; $n++) {
      $p = Get-CimInstance Win32_Process -Filter "ProcessId=$id"
      if (-not $p -or -not $p.ExecutablePath) { break }
      $version = (Get-Item -LiteralPath $p.ExecutablePath).VersionInfo
      $processes += @{ started = Utc $p.CreationDate; path = $p.ExecutablePath; command = $p.CommandLine;
        owner = (Invoke-CimMethod -InputObject $p -MethodName GetOwnerSid).Sid;
        description = $version.FileDescription; product = $version.ProductName }
      $id = $p.ParentProcessId
    }
    $again = Row
    if ($again.OwningProcess -ne $row.OwningProcess -or $again.CreationTime -ne $row.CreationTime) { exit 1 }
    @{ self = [Security.Principal.WindowsIdentity]::GetCurrent().User.Value; connected = Utc $row.CreationTime;
      programFolders = @([Environment]::GetFolderPath('ProgramFiles'), [Environment]::GetFolderPath('ProgramFilesX86'));
      processes = @($processes) } | ConvertTo-Json -Compress -Depth 4`;
}

/** Parses the script's output; undefined if it has another form. Drops the processes after the first incomplete one. */
export function parseWindowsFindings(printed: string): WindowsFindings | undefined {
  try {
    const { self, connected, programFolders, processes } = record(JSON.parse(printed));
    if (typeof self !== 'string' || typeof connected !== 'string') return undefined;
    if (!Array.isArray(processes) || !Array.isArray(programFolders)) return undefined;
    const parsed = processes.map(parseProcess);
    const firstIncomplete = parsed.indexOf(undefined);
    const complete = firstIncomplete === -1 ? parsed : parsed.slice(0, firstIncomplete);
    return {
      self,
      connected,
      programFolders: programFolders.filter((folder) => typeof folder === 'string'),
      processes: complete.filter((process) => process !== undefined),
    };
  } catch {
    return undefined;
  }
}

function parseProcess(value: unknown): WindowsProcess | undefined {
  const { started, path, owner, command, description, product } = record(value);
  if (typeof started !== 'string' || typeof path !== 'string' || typeof owner !== 'string') return undefined;
  const title = [description, product].find((text) => typeof text === 'string' && text.trim() !== '');
  return {
    started,
    path,
    owner,
    command: typeof command === 'string' ? command : undefined,
    title: typeof title === 'string' ? title.trim() : undefined,
  };
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

/** Splits a Windows command line into arguments. */
function wordsOf(command: string): string[] {
  return [...command.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '');
}

/**
 * Windows: reads the TCP owner table through PowerShell. Addresses and ports are numbers from our own socket, never
 * text from a request.
 */
export function windowsCallerLookup(
  runPowershell: (argv: string[]) => Promise<string>,
  programs: Pick<WindowsPrograms, 'find'>,
): CallerLookup {
  const isOwn = async ({ remoteAddress, remotePort, localPort }: Connection) => {
    const script = [
      `$c = Get-NetTCPConnection -State Established -LocalAddress '${remoteAddress}' -LocalPort ${remotePort} -RemotePort ${localPort}`,
      '$p = Get-CimInstance Win32_Process -Filter "ProcessId=$($c.OwningProcess)"',
      '$o = (Invoke-CimMethod -InputObject $p -MethodName GetOwnerSid).Sid',
      '@{ owner = $o; self = [Security.Principal.WindowsIdentity]::GetCurrent().User.Value } | ConvertTo-Json -Compress',
    ].join('; ');
    const printed = await runPowershell(['-NoProfile', '-NonInteractive', '-Command', script]).catch(() => '');
    return ownWindowsSid(printed) !== undefined;
  };
  return {
    isSlow: true,
    find: async (connection) => ((await isOwn(connection)) ? callerWith(() => programs.find(connection)) : undefined),
    mayBringLogin: isOwn,
  };
}

/** The caller's SID if it is our own, from the script's output. Exported for its tests. */
export function ownWindowsSid(printed: string): string | undefined {
  try {
    const answer: unknown = JSON.parse(printed);
    if (typeof answer !== 'object' || answer === null || !('owner' in answer) || !('self' in answer)) return undefined;
    return typeof answer.owner === 'string' && answer.owner === answer.self ? answer.owner : undefined;
  } catch {
    return undefined;
  }
}
