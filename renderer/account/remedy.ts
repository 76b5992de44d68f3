import { type AppView, sessionEndings } from '../../preload/views/appView.ts';

/** The button that the window offers for a problem; `none` when it can do nothing now. */
export type Remedy = 'signInAgain' | 'tryAgain' | 'renew' | 'none';

/**
 * What helps with the view's problem. While a login waits in the browser, its card has the buttons; without a provider, a
 * sign-in is impossible.
 */
export function remedy({ problem, waiting, provider, status }: AppView): Remedy {
  if (!problem || status === 'starting') return 'none';
  if (problem.remedy === 'renew' || problem.remedy === 'none') return problem.remedy;
  if (waiting || provider === undefined) return 'none';
  if (problem.remedy === 'sign_in_again') return 'signInAgain';
  return sessionEndings.includes(problem.code) ? 'signInAgain' : 'tryAgain';
}
