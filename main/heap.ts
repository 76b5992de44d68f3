import { setFlagsFromString } from 'node:v8';

let isKeptSmall = false;

/**
 * Has V8 take little memory, for a program that waits nearly always: to be called before everything else. V8 lets the place for new
 * objects grow to 48 MB after a moment of much work, and does not give it back for as long as there is a little to do: it is
 * collected more often instead.
 */
export function keepHeapSmall(): void {
  isKeptSmall = true;
  setGrowth(1);
  // Node's own fetch reads its answers by WebAssembly. V8 compiles that a second time, in the background, to make it fast: 8 MB
  // that stay with the process, for a request now and then. Without WebAssembly, as in the app, it changes nothing.
  setFlagsFromString('--liftoff-only');
}

/**
 * While very many wait at once, all that they hold would be copied at each collection of a small place: a third of the time that
 * the last one of a thousand waits. V8 gives back by itself what it took, half a minute later.
 * @param isCrowded - false when they have their answers. Where the heap is not kept small, nothing is changed
 */
export function letHeapGrow(isCrowded: boolean): void {
  if (isKeptSmall) setGrowth(isCrowded ? 2 : 1);
}

function setGrowth(factor: 1 | 2): void {
  setFlagsFromString(`--semi-space-growth-factor=${factor}`);
}
