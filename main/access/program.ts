import { isVisible, printable } from './printable.ts';
import { normalisedPath } from './programPaths.ts';

/**
 * What kind of program this is, which decides how long the person can allow it (C3):
 * - `program`: acts for itself
 * - `interpreter`, `shell`: runs any script
 * - `httpClient`: a command-line HTTP client, such as curl; sends any request
 * - `forwarder`: carries the bytes of a program that Loopgate cannot see (SSH, a container, a virtual machine)
 * - `browser`: carries the requests of any page and extension
 * - `unknown`: Loopgate cannot identify it
 */
export type ProgramKind = 'program' | 'interpreter' | 'shell' | 'httpClient' | 'forwarder' | 'browser' | 'unknown';

/** How long the person can allow a program: `hours` means twelve hours, `never` means not at all. */
export type Lasting = 'always' | 'hours' | 'once' | 'never';

/** A calling program, as the person and the list know it. */
export interface Program {
  /** Its key in the list: the normalised path, plus the SHA-256 of the file if users other than root can write it. */
  readonly id: string;
  /** "Visual Studio Code". For people; several programs may share a name. */
  readonly name: string;
  /** The normalised path, for people. Empty when unknown. */
  readonly path: string;
  readonly kind: ProgramKind;
  readonly lasting: Lasting;
  /** The script on an interpreter's command line. The process itself claims it, and nothing proves it. */
  readonly claim?: string;
  /** The file of its icon. */
  readonly icon?: string;
  /** A debugger controls it and can make it do anything: the gate asks again and allows it once at most. */
  readonly isDebugged?: true;
  /** Identifies this run. What the person allowed once ends with the run. Absent when unknown. */
  readonly process?: string;
}

/**
 * The process at the other end of a connection (C1). The operating system names it, never the request. It always
 * belongs to our own user. All requests of one connection share this object.
 */
export interface Caller {
  /**
   * Looks the program up on the first call, because most connections never need it. Never rejects: a failed look-up
   * gives the unknown program.
   */
  program(): Promise<Program>;
}

/** A caller that Loopgate cannot identify. The list never contains it, so all such callers can share one id. */
export const unknownProgram: Program = {
  id: 'unknown',
  name: 'Unknown program',
  path: '',
  kind: 'unknown',
  lasting: 'once',
};

/** C4, C5: a program that acts for whatever drives it is allowed once or for twelve hours, and a browser never. */
export function lastingOf(kind: ProgramKind): Lasting {
  if (kind === 'program') return 'always';
  if (kind === 'browser') return 'never';
  return kind === 'unknown' ? 'once' : 'hours';
}

/** What a look-up found out about a program. */
export interface Findings {
  /** The path as the system reports it. */
  readonly path: string;
  readonly kind: ProgramKind;
  /** The root of the AppImage's mount that contains it. */
  readonly mount?: string | undefined;
  /**
   * What is compared of it, unless only root can write it: SHA-256 in hexadecimal, and whether that is of all its code.
   * Otherwise it cannot be allowed for good.
   */
  readonly compared?: { readonly hash: string; readonly isWhole: boolean } | undefined;
  readonly name: string;
  readonly claim?: string | undefined;
  readonly icon?: string | undefined;
  readonly isDebugged?: boolean;
  /** Tells this process from all others, even from a later one with the same number. */
  readonly process: string;
}

/** Builds a program from what a look-up found out. */
export function buildProgram(found: Findings): Program {
  const { path, kind, compared, name, claim, icon, isDebugged, process } = found;
  const isWhole = compared?.isWhole !== false;
  // Any program may have a mount of that name: what is known in part only is asked about for each mount.
  const normalised = normalisedPath(path, isWhole ? found.mount : undefined);
  const longest = lastingOf(kind);
  const lasting = longest === 'always' && !isWhole ? 'hours' : longest;
  return {
    id: compared === undefined ? normalised : `${normalised}#sha256:${compared.hash}`,
    name: shownName(name, path),
    path: printable(normalised, 4096),
    kind,
    lasting: isDebugged && lasting !== 'never' ? 'once' : lasting,
    ...(claim !== undefined && { claim: printable(claim) }),
    ...(icon !== undefined && !isOwnName(name) && { icon }),
    ...(isDebugged && { isDebugged }),
    // A debugger ends what the person allowed before it attached.
    process: isDebugged ? `${process} debugged` : process,
  };
}

/** A program by what it calls itself, unless nothing of that is seen or it is our name; then by its file. */
function shownName(name: string, path: string): string {
  const named = [name, path.split(/[\\/]/).at(-1) ?? ''].map((one) => printable(one, 100));
  return named.find((one) => isVisible(one) && !isOwnName(one)) ?? (printable(path, 100) || printable(name, 100));
}

/** Whether a text has our own name in it, however it is written and spaced. Nobody is asked about Loopgate itself. */
function isOwnName(text: string): boolean {
  const letters = text.normalize('NFKD').replace(/[^\p{L}\p{N}]/gu, '');
  return letters.toLowerCase().includes('loopgate');
}
