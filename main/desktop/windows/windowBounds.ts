import { z } from 'zod';
import { dataPath } from '../../storage/dataFolder.ts';
import { replaceFile } from '../../storage/jsonFile.ts';
import { readText } from '../../system/readText.ts';

/** A rectangle of the desktop, in device-independent pixels. */
const rectangle = z.object({ x: z.int(), y: z.int(), width: z.int().positive(), height: z.int().positive() });
export type Rectangle = Readonly<z.infer<typeof rectangle>>;

/** How much of a window's upper edge must be visible so that a person can drag it. Pixels. */
const grip = { width: 120, height: 24 } as const;

/**
 * Moves a window's rectangle so that the person can reach it. It stays as it is if its upper edge can be grabbed there.
 * Otherwise it moves to the nearest place that is wholly on the display with most of it, or on the first display.
 * @param workAreas - those of the connected displays, the primary one first
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

/** Stores where the window was when it was last closed. */
export interface WindowBounds {
  /** Undefined when it is not known. */
  get(): Rectangle | undefined;
  set(bounds: Rectangle): void;
  /** The data folder has been emptied: nothing may be written any more. */
  forget(): void;
}

/** Stores it in the data folder for later runs; if that is not writable, only for this run. */
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
        replaceFile(file, JSON.stringify(known));
      } catch {
        // After the next start the window opens in the middle.
      }
    },
    forget: () => {
      isKept = false;
    },
  };
}

/** Undefined when there is no such file, or its content is not valid. */
function readBounds(file: string): Rectangle | undefined {
  try {
    return rectangle.parse(JSON.parse(readText(file) ?? ''));
  } catch {
    return undefined;
  }
}
