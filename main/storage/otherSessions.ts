import { readdirSync } from 'node:fs';
import { type Message, message } from '../../preload/texts/messages.ts';
import { protectionOf } from './dataFolder.ts';
import { writeFailure } from './jsonFile.ts';
import type { Protection } from './protection.ts';
import { type Reading, SealedFile, titleOf } from './sealedFile.ts';

/** A readable file and its content. */
export type StoredFile = Extract<Reading, { kind: 'sessions' }> & { readonly file: SealedFile };

/** Why a file could not be used. `aside`: it was moved away. `blocked`: it had to stay, so nothing may be written there. */
export type PutAway = { readonly aside: Message } | { readonly blocked: Message };

/**
 * Sets an unreadable file aside.
 * @param now - milliseconds since the epoch
 * @returns undefined when the file could be read
 */
export function putAway(file: SealedFile, reading: Reading, home: string, now: number): PutAway | undefined {
  if (reading.kind === 'newer' || reading.kind === 'closed') return { blocked: reading.why };
  if (reading.kind !== 'unreadable') return undefined;
  try {
    return { aside: message('keptAs', { reason: reading.why, path: file.setAside(now) }) };
  } catch (error) {
    const obstacle = writeFailure(error, home) ?? message('notMoved');
    return { blocked: message('staysAs', { reason: reading.why, obstacle, path: file.path }) };
  }
}

/** The message for the result of {@link putAway}. */
export function whyPutAway(why: PutAway): Message {
  return 'aside' in why ? why.aside : why.blocked;
}

/** The files that {@link readOthers} reads. */
export interface OtherFiles {
  readonly home: string;
  readonly protections: readonly Protection[];
  /** The protection whose file is in use. */
  readonly inUse: Protection | undefined;
  /** The weaker file, unless it is the one in use. */
  readonly weaker: SealedFile | undefined;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/**
 * Reads the session files of protections that are not in use, and sets unreadable ones aside.
 * @returns the readable files, and why the others could not be read
 */
export async function readOthers({
  home,
  protections,
  inUse,
  weaker,
  now,
}: OtherFiles): Promise<{ readonly found: readonly StoredFile[]; readonly reasons: readonly Message[] }> {
  const found: StoredFile[] = [];
  const reasons: Message[] = [];
  const take = async (file: SealedFile, isHere: () => Promise<boolean>) => {
    const reading = await file.read();
    if (reading.kind === 'sessions') return void found.push({ ...reading, file });
    if (reading.kind === 'nothing' || !(await isHere())) return;
    const why = putAway(file, reading, home, now());
    if (why) reasons.push(whyPutAway(why));
  };
  for (const other of protections) {
    if (other === inUse || (await other.state()) !== 'ready') continue;
    await take(new SealedFile(home, other), async () => (await other.state()) === 'ready');
  }
  if (weaker) await take(weaker, async () => true);
  return { found, reasons };
}

/**
 * Finds a session file whose protection is not available, and leaves it as it is.
 * @param here - the names of the available protections
 * @returns the message about it; undefined when there is none
 */
export function storedElsewhere(home: string, here: ReadonlySet<string | undefined>): Message | undefined {
  try {
    const names = readdirSync(home).map(protectionOf);
    const other = names.find((name) => name !== undefined && !here.has(name));
    return other === undefined ? undefined : elsewhere(other);
  } catch {
    return undefined;
  }
}

function elsewhere(name: string): Message {
  if (name === 'vault-key') return message('storedUnderVaultKey');
  if (name === 'file') return message('storedWithWeakerProtection');
  return message('storedElsewhere', { title: titleOf(name) });
}
