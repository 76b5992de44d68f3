import { describe, expect, it } from 'vitest';
import type { AppView, ProblemView } from '../../preload/views/appView.ts';
import { signedOut } from '../../testing/appView.ts';
import { bannerProblem, doubtfulFreshness } from './reachability.ts';

const signedIn: AppView = {
  ...signedOut,
  status: 'signed_in',
  freshness: 'verified',
};
const unreachable = (remedy: ProblemView['remedy']): ProblemView => ({
  code: 'provider_unreachable',
  message: 'x',
  remedy,
});
const refused: ProblemView = { code: 'provider_error', message: 'x', remedy: 'renew' };

describe.each(['unverified', 'stale'] as const)('a session that is %s', (freshness) => {
  const doubtful: AppView = { ...signedIn, freshness };

  it('has a note and no banner [T5]', () => {
    expect(doubtfulFreshness(doubtful)).toBe(freshness);
    expect(bannerProblem(doubtful)).toBeUndefined();
  });

  it.each(['renew', 'none'] as const)('is not said twice when the renewal has that problem (%s)', (remedy) => {
    const view = { ...doubtful, problem: unreachable(remedy) };
    expect(doubtfulFreshness(view)).toBe(freshness);
    expect(bannerProblem(view)).toBeUndefined();
  });

  it('is not said twice when a sign-in failed for the same reason: the banner answers what was pressed', () => {
    const view = { ...doubtful, problem: unreachable('sign_in') };
    expect(doubtfulFreshness(view)).toBeUndefined();
    expect(bannerProblem(view)).toEqual(unreachable('sign_in'));
  });

  it('hides no other problem', () => {
    const view = { ...doubtful, problem: refused };
    expect(doubtfulFreshness(view)).toBe(freshness);
    expect(bannerProblem(view)).toEqual(refused);
  });
});

it('a verified session needs no note, and its problem is shown', () => {
  expect(doubtfulFreshness(signedIn)).toBeUndefined();
  expect(bannerProblem({ ...signedIn, problem: unreachable('renew') })).toEqual(unreachable('renew'));
});

it('nothing is said of the freshness while nobody is signed in or the first answer is awaited', () => {
  const { freshness: _, ...awaited } = signedIn;
  expect(doubtfulFreshness(awaited)).toBeUndefined();
  expect(doubtfulFreshness({ ...signedIn, status: 'signed_out', freshness: 'stale' })).toBeUndefined();
});
