/**
 * The places of a renewal where a program can be made to kill itself. Imported before anything else: electron-store's own
 * writer takes the functions of `node:fs` when it is loaded, and what is put in their place later it never sees.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

/**
 * The steps of one save: around the vault, and inside of it what is done with the file. The first rename is electron-store's
 * own, of its temporary file; the last one puts the new file in the place of the old.
 */
export const saveSteps = [
  'before the save',
  'before the temporary file is opened',
  'after some bytes',
  'before fsync',
  'after fsync',
  'before the first rename',
  'after the first rename',
  'before the last rename',
  'after the last rename',
  'after fsync of the folder',
  'after the save',
] as const;

/** A save is known by what it writes, not by its number: how many there are is the broker's business. */
export type Save = 'save before the request' | 'save of the new refresh token' | 'save of the answer';
type RequestPoint =
  | 'before the request leaves'
  | 'answer headers received'
  | 'some of the answer read'
  | 'answer read'
  | 'keys being fetched'
  | 'after the answer';
export type FaultPoint = RequestPoint | `${Save}: ${(typeof saveSteps)[number]}`;

const { openSync, writeSync, fsyncSync, renameSync } = fs;
let armed: FaultPoint | undefined;
let passed: FaultPoint[] = [];
let saving: Save | undefined;

/** A renewal begins. @param point - where the program kills itself in it; absent: nowhere */
export function arm(point: FaultPoint | undefined): void {
  armed = point;
  passed = [];
}

/** The points that this renewal has come past, in their order. */
export function passedPoints(): readonly FaultPoint[] {
  return passed;
}

/** The program is at this point: at the armed one it says so, and nothing after it happens. */
export function reach(point: FaultPoint): void {
  passed.push(point);
  if (point !== armed) return;
  say({ killedAt: point, passed });
  process.kill(process.pid, 'SIGKILL');
}

/** One line of JSON on stdout, written before this returns: a kill does not take it away. */
export function say(message: object): void {
  writeSync(1, `${JSON.stringify(message)}\n`);
}

/** Runs a save, with the points before, inside and after it; without points when it is none of a renewal's. */
export async function duringSave(save: Save | undefined, work: () => Promise<void>): Promise<void> {
  if (save !== undefined) reach(`${save}: before the save`);
  saving = save;
  try {
    await work();
  } finally {
    saving = undefined;
  }
  if (save !== undefined) reach(`${save}: after the save`);
}

/** The files that the running save writes into. */
const written = new Set<number>();

Object.assign(fs, {
  openSync(...parameters: Parameters<typeof openSync>) {
    const [, flags] = parameters;
    // A folder that is opened to be synced is no file that is written.
    const save = typeof flags === 'string' && flags !== 'r' ? saving : undefined;
    if (save !== undefined) reach(`${save}: before the temporary file is opened`);
    const file = openSync(...parameters);
    if (save !== undefined) written.add(file);
    return file;
  },
  writeSync(file: number, data: string | NodeJS.ArrayBufferView, ...rest: unknown[]) {
    if (saving !== undefined && written.has(file)) {
      const point: FaultPoint = `${saving}: after some bytes`;
      if (point === armed) writeSync(file, Buffer.from(String(data)).subarray(0, String(data).length / 2));
      reach(point);
    }
    return Reflect.apply(writeSync, fs, [file, data, ...rest]);
  },
  fsyncSync(file: number) {
    const isFile = written.delete(file);
    if (saving !== undefined && isFile) reach(`${saving}: before fsync`);
    fsyncSync(file);
    if (saving !== undefined) reach(`${saving}: ${isFile ? 'after fsync' : 'after fsync of the folder'}`);
  },
  renameSync(from: fs.PathLike, to: fs.PathLike) {
    const rename = /\.new\.json$/.test(String(to)) ? 'first rename' : 'last rename';
    if (saving !== undefined) reach(`${saving}: before the ${rename}`);
    renameSync(from, to);
    if (saving !== undefined) reach(`${saving}: after the ${rename}`);
  },
});
syncBuiltinESMExports();
