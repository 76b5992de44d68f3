import { expect, it } from 'vitest';
import type { AppView } from '../preload/contract.ts';
import { remedy } from './remedy.ts';

const signedOut: AppView = {
  version: '0.1.0',
  status: 'signed_out',
  address: 'http://localhost:1000',
  provider: 'tenant.example.com',
  demo: false,
  otherAccounts: [],
  exposesRefreshToken: false,
};
const signedIn: AppView = { ...signedOut, status: 'signed_in' };
const problem = (code: string) => ({ problem: { code, message: '' } });

it('offers the same again after a sign-in that failed', () => {
  expect(remedy({ ...signedOut, ...problem('authorization_timeout') })).toBe('tryAgain');
  expect(remedy({ ...signedIn, ...problem('access_denied') })).toBe('tryAgain');
  expect(remedy({ ...signedOut, ...problem('provider_unreachable') })).toBe('tryAgain');
});

it('offers to sign in when the session has ended', () => {
  expect(remedy({ ...signedOut, ...problem('invalid_token') })).toBe('signIn');
  expect(remedy({ ...signedIn, ...problem('invalid_token') })).toBe('signIn');
});

it('sends nobody who is signed in through the browser because the network is away', () => {
  expect(remedy({ ...signedIn, ...problem('provider_unreachable') })).toBe('none');
});

it('offers nothing without a problem, without a provider, and while a login waits', () => {
  const { provider: _, ...unconfigured } = signedOut;
  const waiting = { id: '1', requestedBy: 'loopgate', deadline: 0 } as const;
  expect(remedy(signedOut)).toBe('none');
  expect(remedy({ ...unconfigured, ...problem('not_configured') })).toBe('none');
  expect(remedy({ ...signedOut, waiting, ...problem('provider_error') })).toBe('none');
});
