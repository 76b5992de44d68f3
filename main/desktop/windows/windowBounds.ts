import { readFileSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { dataPath } from '../../storage/dataFolder.ts';

/** A rectangle of the desktop, in device-independent pixels. */
const rectangle = z.object({ x: z.int(), y: z.int(), width: z.int().positive(), height: z.int().positive() });
export type Rectangle = Readonly<z.infer<typeof rectangle>>;

/** So much of a window's upper edge must be seen, in pixels, or nobody could take hold of it. */
const grip = { width: 120, height: 24 } as const;

/**
 * A window's rectangle as it can be seen: where it is, as long as its upper edge can be taken hold of there; else the nearest
 * place that is whole on the display that has most of it, or on the first one.
 * @param workAreas - of the displays that are there, the primary one first
 */
export function inView(window: Rectangle, workAreas: readonly Rectangle[]): Rectangle {
  const edge = { ...window, height: grip.height };
  const isHeld = workAreas.some((area) => {
    const { width, height } = overlap(edge, area);
    return width >= Math.min(grip.width, window.width) && height === grip.height;
  });
  const [first, ...others] = workAreas;
  if (isHeld || !first) return window;
  const seen = (area: Rectangle) => overlap(window, area).width * overlap(window, area).height;
  const area = others.reduce((best, one) => (seen(one) > seen(best) ? one : best), first);
  const width = Math.min(window.width, area.width);
  const height = Math.min(window.height, area.height);
  return {
    x: Math.max(area.x, Math.min(window.x, area.x + area.width - width)),
    y: Math.max(area.y, Math.min(window.y, area.y + area.height - height)),
    width,
    height,
  };
}

function overlap(one: Rectangle, other: Rectangle): { width: number; height: number } {
  const width = Math.min(one.x + one.width, other.x + other.width) - Math.max(one.x, other.x);
  const height = Math.min(one.y + one.height, other.y + other.height) - Math.max(one.y, other.y);
  return { width: Math.max(0, width), height: Math.max(0, height) };
}

/** Where the window was when it was closed last. */
export interface WindowBounds {
  /** Undefined where that is not known. */
  get(): Rectangle | undefined;
  set(bounds: Rectangle): void;
  /** The data folder has been emptied: nothing is written any more. */
  forget(): void;
}

/** Remembers it in the data folder, from run to run; where that takes nothing, for this run. */
export function windowBoundsIn(home: string): WindowBounds {
  const file = dataPath(home, 'window');
  let known: Rectangle | undefined;
  let isKept = true;
  return {
    get: () => known ?? readBounds(file),
    set: (bounds) => {
      known = rectangle.parse(bounds);
      if (!isKept) return;
      try {
        writeFileSync(file, JSON.stringify(known), { mode: 0o600 });
      } catch {
        // It then opens in the middle after the next start.
      }
    },
    forget: () => {
      isKept = false;
    },
  };
}

/** Undefined where there is no such file, or it holds something else. */
function readBounds(file: string): Rectangle | undefined {
  try {
    return rectangle.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return undefined;
  }
}
