import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

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

let isCrowded = false;
let lastThousand = Number.NEGATIVE_INFINITY;

/**
 * While many wait at once, all that they hold would be copied at each collection of a small place: a third of the time that
 * the last one of a thousand waits. V8 gives back by itself what it took, half a minute later.
 * @param isThere - false when they have their answers. Where the heap is not kept small, nothing is changed
 */
export function letHeapGrowForCrowd(isThere: boolean): void {
  isCrowded = isThere;
  letGrow(isThere);
}

/** Two places of 4 MB, as V8 copies from one to the other: a third of the collections, for 6 MB. */
const mostUnderLoad = 8 * 1024 * 1024;
/** A thousand requests within so many milliseconds are a load. */
const loadTime = 1_000;

/**
 * To be called at each thousandth request. Under load a small place is collected a hundred times a second, a tenth of what all
 * requests take; so it may grow a little then, and no further.
 */
export function letHeapGrowUnderLoad(): void {
  const now = performance.now();
  const isLoad = now - lastThousand < loadTime;
  lastThousand = now;
  letGrow(isCrowded || (isLoad && sizeOfPlace() < mostUnderLoad));
}

function letGrow(may: boolean): void {
  if (isKeptSmall) setGrowth(may ? 2 : 1);
}

/** The place for new objects, in bytes. */
function sizeOfPlace(): number {
  return getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')?.space_size ?? mostUnderLoad;
}

function setGrowth(factor: 1 | 2): void {
  setFlagsFromString(`--semi-space-growth-factor=${factor}`);
}
