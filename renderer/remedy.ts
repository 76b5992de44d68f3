import type { AppView } from '../preload/contract.ts';

/** The next step that the window offers for a problem; `none` when a new sign-in would not help. */
export type Remedy = 'signIn' | 'tryAgain' | 'none';

/** The session itself has ended: a new sign-in is the only way on. */
const sessionEnded: readonly string[] = ['not_signed_in', 'invalid_token'];

/** A sign-in that failed on its way: the same again may well succeed. */
const signInFailed: readonly string[] = [
  'access_denied',
  'authorization_cleared',
  'authorization_timeout',
  'invalid_grant',
  'unknown_state',
];

/**
 * What helps with the view's problem. While a login waits in the browser its card has the buttons; without a provider there
 * is nothing to sign in to. Someone who is signed in is not sent through the browser because the network was away for a
 * moment: the session is kept and renewed by itself.
 */
export function remedy(view: AppView): Remedy {
  const code = view.problem?.code;
  if (code === undefined || view.waiting || view.provider === undefined || view.status === 'starting') return 'none';
  if (sessionEnded.includes(code)) return 'signIn';
  if (view.status === 'signed_out' || signInFailed.includes(code)) return 'tryAgain';
  return 'none';
}
