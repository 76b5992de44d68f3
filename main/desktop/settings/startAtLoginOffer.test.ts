import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { StartAtLoginState } from './startAtLogin.ts';
import { StartAtLoginOffer } from './startAtLoginOffer.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'loopgate-offer-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const signedIn = { status: 'signed_in' } as const;
const offer = (state: Partial<StartAtLoginState> = {}) =>
  new StartAtLoginOffer(home, { state: () => ({ isOn: false, isAvailable: true, ...state }) });

test('start at login: asked after a sign-in, until it is decided, and never again after a restart', () => {
  const first = offer();
  expect(first.isDue({ status: 'starting' })).toBe(false);
  expect(first.isDue({ status: 'signed_out' })).toBe(false);
  expect(first.isDue(signedIn)).toBe(true);
  expect(first.isDue(signedIn)).toBe(true);
  // Not answered in this run: asked in the next one.
  expect(offer().isDue(signedIn)).toBe(true);
  first.settle();
  expect(first.isDue(signedIn)).toBe(false);
  expect(offer().isDue(signedIn)).toBe(false);
});

test('start at login: not asked where it cannot be set, as in a build that is not packed, nor where it is on', () => {
  expect(offer({ isAvailable: false }).isDue(signedIn)).toBe(false);
  expect(offer({ isOn: true }).isDue(signedIn)).toBe(false);
});

test('start at login: where nothing can be kept, it is asked once a run', () => {
  const gone = new StartAtLoginOffer(join(home, 'gone'), { state: () => ({ isOn: false, isAvailable: true }) });
  gone.settle();
  expect(gone.isDue(signedIn)).toBe(false);
});
