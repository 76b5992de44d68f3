import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type AttentionSource, inertFor, watchAttention } from './attention.ts';

/** A page whose window gets and loses the focus when the test says so. */
class Page implements AttentionSource {
  #listeners = new Set<() => void>();

  constructor(private attention: boolean) {}

  hasAttention(): boolean {
    return this.attention;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  set(attention: boolean): void {
    this.attention = attention;
    for (const listener of this.#listeners) listener();
  }
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('consent: Allow is inert in the first second, and not longer', () => {
  const turns: boolean[] = [];
  watchAttention(new Page(true), (isAttentive) => turns.push(isAttentive));
  vi.advanceTimersByTime(inertFor - 1);
  expect(turns).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(turns).toEqual([true]);
});

it('consent: the second starts only when the window has the focus', () => {
  const turns: boolean[] = [];
  const page = new Page(false);
  watchAttention(page, (isAttentive) => turns.push(isAttentive));
  vi.advanceTimersByTime(10 * inertFor);
  expect(turns).toEqual([]);
  page.set(true);
  vi.advanceTimersByTime(inertFor - 1);
  expect(turns).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(turns).toEqual([true]);
});

it('consent: a window that loses the focus makes Allow inert at once, and the whole second starts anew', () => {
  const turns: boolean[] = [];
  const page = new Page(true);
  watchAttention(page, (isAttentive) => turns.push(isAttentive));
  vi.advanceTimersByTime(inertFor);
  page.set(false);
  expect(turns).toEqual([true, false]);
  page.set(true);
  vi.advanceTimersByTime(inertFor - 1);
  expect(turns).toEqual([true, false]);
  vi.advanceTimersByTime(1);
  expect(turns).toEqual([true, false, true]);
});

it('consent: a focus that comes and goes within the second does not add up', () => {
  const turns: boolean[] = [];
  const page = new Page(true);
  watchAttention(page, (isAttentive) => turns.push(isAttentive));
  for (let time = 0; time < 5; time += 1) {
    vi.advanceTimersByTime(inertFor - 1);
    page.set(false);
    page.set(true);
  }
  expect(turns).toEqual([]);
});

it('consent: further events of a page that keeps the attention do not put the second off', () => {
  const turns: boolean[] = [];
  const page = new Page(true);
  watchAttention(page, (isAttentive) => turns.push(isAttentive));
  vi.advanceTimersByTime(inertFor - 1);
  page.set(true);
  vi.advanceTimersByTime(1);
  expect(turns).toEqual([true]);
});

it('says nothing after its end', () => {
  const turns: boolean[] = [];
  const page = new Page(true);
  watchAttention(page, (isAttentive) => turns.push(isAttentive))();
  vi.advanceTimersByTime(inertFor);
  page.set(false);
  page.set(true);
  vi.advanceTimersByTime(inertFor);
  expect(turns).toEqual([]);
});
