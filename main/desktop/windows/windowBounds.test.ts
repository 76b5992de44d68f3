import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { inView, type Rectangle, windowBoundsIn } from './windowBounds.ts';

/** A primary display with a panel of 30 pixels at its top, and another one at its left. */
const primary: Rectangle = { x: 0, y: 30, width: 1920, height: 1050 };
const left: Rectangle = { x: -1280, y: 0, width: 1280, height: 1024 };
const both = [primary, left];
const at = (x: number, y: number, width = 400, height = 600): Rectangle => ({ x, y, width, height });

describe('the window comes back where it was', () => {
  it.each<[string, Rectangle, Rectangle[]]>([
    ['on the primary display', at(100, 100), both],
    ['on another one', at(-900, 50), both],
    ['across two', at(-200, 100), both],
    ['partly outside, where its edge can be taken hold of', at(1800, 900), both],
    ['where no display is known', at(5000, 5000), []],
  ])('%s', (_what, window, areas) => {
    expect(inView(window, areas)).toEqual(window);
  });
});

describe('what cannot be taken hold of is moved into view', () => {
  it.each<[string, Rectangle, Rectangle[], Rectangle]>([
    ['its display is gone', at(-900, 50), [primary], at(0, 50)],
    ['far to the right', at(5000, 100), [primary], at(1520, 100)],
    ['below', at(100, 5000), [primary], at(100, 480)],
    ['its upper edge is under the panel', at(100, 0), [primary], at(100, 30)],
    ['it goes to the display that has most of it', at(-900, -300), both, at(-900, 0)],
    ['a display that is smaller than the window', at(5000, 0, 4000, 3000), [primary], at(0, 30, 1920, 1050)],
  ])('%s', (_what, window, areas, moved) => {
    expect(inView(window, areas)).toEqual(moved);
  });
});

test('it is kept in the data folder; what is no place there is passed over', () => {
  const home = mkdtempSync(join(tmpdir(), 'loopgate-place-'));
  const file = join(home, 'window.json');
  try {
    expect(windowBoundsIn(home).get()).toBeUndefined();
    windowBoundsIn(home).set(at(1, 2));
    expect(windowBoundsIn(home).get()).toEqual(at(1, 2));
    expect(statSync(file).mode & 0o777).toBe(0o600);
    for (const text of ['', '{}', '{"x":0,"y":0,"width":-1,"height":1}', '{"x":"0","y":0,"width":1,"height":1}']) {
      writeFileSync(file, text);
      expect(windowBoundsIn(home).get()).toBeUndefined();
    }
    // A folder that takes nothing: known for this run.
    const emptied = windowBoundsIn(home);
    emptied.forget();
    emptied.set(at(5, 6));
    expect(windowBoundsIn(home).get()).not.toEqual(at(5, 6));
    const nowhere = windowBoundsIn(join(home, 'gone'));
    nowhere.set(at(3, 4));
    expect(nowhere.get()).toEqual(at(3, 4));
    expect(readFileSync(file, 'utf8')).not.toContain('3');
  } finally {
    rmSync(home, { recursive: true });
  }
});
