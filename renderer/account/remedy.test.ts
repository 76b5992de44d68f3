import { expect, it } from 'vitest';
import type { AppView, ProblemView } from '../../preload/views/appView.ts';
import { signedOut } from '../../testing/appView.ts';
import { remedy } from './remedy.ts';

const signedIn: AppView = { ...signedOut, status: 'signed_in' };
const problem = (code: string, helps: ProblemView['remedy'] = 'sign_in') => ({
  problem: { code, message: '', remedy: helps },
});

it('offers the same again after a sign-in that failed', () => {
  expect(remedy({ ...signedOut, ...problem('authorization_timeout') })).toBe('tryAgain');
  expect(remedy({ ...signedIn, ...problem('access_denied') })).toBe('tryAgain');
});

it('offers to sign in again when the session has ended [T5]', () => {
  expect(remedy({ ...signedOut, ...problem('not_signed_in') })).toBe('signInAgain');
  expect(remedy({ ...signedIn, ...problem('invalid_token') })).toBe('signInAgain');
});

it('offers to sign in again where the provider wants that, although the session is there [T5]', () => {
  const wanted = { ...signedIn, ...problem('provider_error', 'sign_in_again') };
  expect(remedy(wanted)).toBe('signInAgain');
  expect(remedy({ ...wanted, waiting: { id: '1', requestedBy: 'program', deadline: 0, page: 'opened' } })).toBe('none');
});

it('offers another try at the renewal that was refused, also while a login waits [T5]', () => {
  const refused = { ...signedIn, ...problem('provider_error', 'renew') };
  expect(remedy(refused)).toBe('renew');
  expect(remedy({ ...refused, waiting: { id: '1', requestedBy: 'program', deadline: 0, page: 'opened' } })).toBe(
    'renew',
  );
});

it('offers nothing where no button helps, whatever the code', () => {
  expect(remedy({ ...signedIn, ...problem('not_signed_in', 'none') })).toBe('none');
});

it('offers nothing without a problem, while it starts, without a provider, and while a login waits', () => {
  const { provider: _, ...unconfigured } = signedOut;
  const waiting = { id: '1', requestedBy: 'loopgate', deadline: 0, page: 'opened' } as const;
  expect(remedy(signedOut)).toBe('none');
  expect(remedy({ ...signedOut, status: 'starting', ...problem('provider_error') })).toBe('none');
  expect(remedy({ ...unconfigured, ...problem('not_configured') })).toBe('none');
  expect(remedy({ ...signedOut, waiting, ...problem('provider_error') })).toBe('none');
});
