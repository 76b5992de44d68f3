import { buildProgram, type Program, unknownProgram } from '../access/program.ts';
import { kindOf } from '../access/programKinds.ts';
import { baseName } from '../access/programPaths.ts';
import { scriptOf } from '../access/scripts.ts';
import { type CallerLookup, callerWith } from './caller.ts';
import type { Connection } from './connection.ts';
import { type ExecutableHashes, hasOwnApp } from './executables.ts';

/** Not yet run on Windows: written after the documentation of the cmdlets, and tested with texts of that form. */

/** How many ancestors are looked at for the command that acts for its parent. */
const maxSteps = 4;

/** What the look-up needs. */
export interface WindowsSystem {
  /** Runs PowerShell and gives what it printed. */
  readonly runPowershell: (argv: string[]) => Promise<string>;
  readonly hashes: Pick<ExecutableHashes, 'ofProgram'>;
  /** The executable of the command `loopgate`, which acts for its parent process. It must not be a script. */
  readonly ownCommand?: string;
}

/** A process, as the script prints it. Times are UTC in ISO 8601, so that they compare as text. */
interface WindowsProcess {
  readonly started: string;
  readonly path: string;
  readonly owner: string;
  readonly command: string | undefined;
  /** `FileDescription` of the version resource, or its `ProductName`. */
  readonly title: string | undefined;
}

/** What the script found: the process of the socket, then its ancestors. */
interface WindowsFindings {
  readonly self: string;
  /** The Program Files folders: only administrators may write there, which stands for "only root" of the other systems. */
  readonly programFolders: readonly string[];
  readonly connected: string;
  readonly processes: readonly WindowsProcess[];
}

/** Windows: from the TCP owner table to the program, through PowerShell. It takes seconds. */
export class WindowsPrograms {
  readonly #system: WindowsSystem;

  constructor(system: WindowsSystem) {
    this.#system = system;
  }

  /**
   * The program that opened a socket; the unknown one when that is not certain. The table names the process that opened it,
   * also after that one has gone and its number was given away: a process that is younger than the connection is not it.
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
      // The number of a parent that has gone may be another process's by now, which is younger than the child.
      speaker = parent && parent.started <= speaker.started ? parent : undefined;
    }
    if (!speaker || speaker.owner !== findings.self || first.owner !== findings.self) return unknownProgram;
    const program = await this.#identify(speaker, findings.programFolders);
    // A process can be started there as the child of any other one of its user: what the parent is proves nothing.
    return speaker !== first && program.kind === 'program' ? unknownProgram : program;
  }

  async #identify(
    { path, command, title, started }: WindowsProcess,
    programFolders: readonly string[],
  ): Promise<Program> {
    const kind = kindOf(path, await hasOwnApp(path));
    const isOnlyAdministrators = programFolders.some((folder) => isInside(path, folder));
    const hash = isOnlyAdministrators ? undefined : await this.#system.hashes.ofProgram(path, path);
    const isItself = kind === 'program' || kind === 'browser';
    return buildProgram({
      path,
      kind,
      ...(hash !== undefined && { hash }),
      name: (isItself ? title : undefined) ?? baseName(path).replace(/\.exe$/i, ''),
      claim: isItself || command === undefined ? undefined : scriptOf(wordsOf(command)),
      // The table gives no other way to tell two runs apart that the script would print: to 100 ns no two of one file begin.
      process: started,
    });
  }
}

function isInside(path: string, folder: string): boolean {
  return folder !== '' && path.toLowerCase().startsWith(`${folder.toLowerCase()}\\`) && !path.includes('\\..\\');
}

/** Addresses and ports are numbers of our own socket, never text of a request. The table is read again at the end. */
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

/** What the script printed; undefined when it is not that, and without the processes after the first incomplete one. */
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

/** The arguments of a Windows command line. */
function wordsOf(command: string): string[] {
  return [...command.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '');
}

/** Windows: the TCP owner table, through PowerShell. Addresses and ports are numbers of our own socket, never text of a request. */
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

/** The caller's SID when it is our own, from what the script printed. Exported for its tests. */
export function ownWindowsSid(printed: string): string | undefined {
  try {
    const answer: unknown = JSON.parse(printed);
    if (typeof answer !== 'object' || answer === null || !('owner' in answer) || !('self' in answer)) return undefined;
    return typeof answer.owner === 'string' && answer.owner === answer.self ? answer.owner : undefined;
  } catch {
    return undefined;
  }
}
