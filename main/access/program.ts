import { printable } from './printable.ts';
import { normalisedPath } from './programPaths.ts';

/**
 * What a program is, for the question who may use a sign-in (C3):
 * - `program`: speaks for itself
 * - `interpreter`, `shell`: runs whatever script it is given
 * - `httpClient`: a command-line HTTP client, such as curl; sends whatever it is told to
 * - `forwarder`: carries the bytes of somebody who cannot be seen from here (SSH, a container, a virtual machine)
 * - `browser`: carries the requests of any page and extension
 * - `unknown`: cannot be identified
 */
export type ProgramKind = 'program' | 'interpreter' | 'shell' | 'httpClient' | 'forwarder' | 'browser' | 'unknown';

/** For how long a program may be allowed at most: `hours` is twelve of them, `never` that it may not be offered at all. */
export type Lasting = 'always' | 'hours' | 'once' | 'never';

/** Who is calling, as a person and a list of allowed programs know it. */
export interface Program {
  /** What a list remembers it by: the normalised path, with the SHA-256 of its file where not only root can write. */
  readonly id: string;
  /** "Visual Studio Code". For people; another program may have the same one. */
  readonly name: string;
  /** The normalised path, for people. Empty when unknown. */
  readonly path: string;
  readonly kind: ProgramKind;
  readonly lasting: Lasting;
  /** The script of an interpreter, as its command line has it: what the process says of itself, and no more than that. */
  readonly claim?: string;
  /** The file of its icon. */
  readonly icon?: string;
  /** A debugger holds it, and can make it do anything: it is asked about again, and allowed once at most. */
  readonly isDebugged?: true;
  /** Which run of it this is: what allows it once is over when it ends. Absent when unknown. */
  readonly process?: string;
}

/**
 * Who is at the other end of a connection, as the operating system says and never as the request says (C1): a process of our
 * own user. The same object for all requests of one connection.
 */
export interface Caller {
  /**
   * Looked up when it is first asked for, as for most connections it never is. Never rejects: what cannot be identified is
   * the unknown program.
   */
  program(): Promise<Program>;
}

/** A caller that cannot be identified. It is never remembered, so that one id for all of them does no harm. */
export const unknownProgram: Program = {
  id: 'unknown',
  name: 'Unknown program',
  path: '',
  kind: 'unknown',
  lasting: 'once',
};

/** C4, C5: what speaks for whoever drives it is allowed once or for twelve hours, and a browser never. */
export function lastingOf(kind: ProgramKind): Lasting {
  if (kind === 'program') return 'always';
  if (kind === 'browser') return 'never';
  return kind === 'unknown' ? 'once' : 'hours';
}

/** What was found out about a program, put together. */
export interface Findings {
  /** As the system has it. */
  readonly path: string;
  readonly kind: ProgramKind;
  /** SHA-256 in hexadecimal; absent where only root can write. */
  readonly hash?: string;
  readonly name: string;
  readonly claim?: string | undefined;
  readonly icon?: string | undefined;
  readonly isDebugged?: boolean;
  /** What tells this process from all others, also from those that get its number later. */
  readonly process: string;
}

/** A program from what was found out about it. */
export function buildProgram({ path, kind, hash, name, claim, icon, isDebugged, process }: Findings): Program {
  const normalised = normalisedPath(path);
  const lasting = lastingOf(kind);
  return {
    id: hash === undefined ? normalised : `${normalised}#sha256:${hash}`,
    name: printable(name, 100),
    path: printable(normalised, 4096),
    kind,
    lasting: isDebugged && lasting !== 'never' ? 'once' : lasting,
    ...(claim !== undefined && { claim: printable(claim) }),
    ...(icon !== undefined && { icon }),
    ...(isDebugged && { isDebugged }),
    // What it was allowed before the debugger came is over.
    process: isDebugged ? `${process} debugged` : process,
  };
}
