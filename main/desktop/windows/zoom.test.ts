import { expect, it } from 'vitest';
import { zoomAfter } from './zoom.ts';

it('goes up and down in the steps of a browser, and back to 100 %', () => {
  expect([1, 1.1, 1.75, 2].map((zoom) => zoomAfter('+', zoom))).toEqual([1.1, 1.25, 2, 2.5]);
  expect(zoomAfter('=', 1)).toBe(1.1);
  expect([1, 1.1, 2].map((zoom) => zoomAfter('-', zoom))).toEqual([0.9, 1, 1.75]);
  expect(zoomAfter('0', 2)).toBe(1);
});

it('ends at the largest and the smallest, and takes a step that Chromium has rounded for the step', () => {
  expect([zoomAfter('+', 3), zoomAfter('-', 0.5)]).toEqual([3, 0.5]);
  expect(zoomAfter('+', 1.0999)).toBe(1.25);
  expect(zoomAfter('-', 1.1001)).toBe(1);
});

it('leaves every other key alone', () => {
  expect(['a', 'r', 'Enter', '1'].map((key) => zoomAfter(key, 1))).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});
