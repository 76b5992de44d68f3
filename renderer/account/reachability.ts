import type { AppView, ProblemView } from '../../preload/views/app.ts';

/**
 * The problem that the banner shows. That the provider cannot be reached for the session is said by the card's note, which
 * also says from when the profile is; a sign-in that failed for the same reason is an event of its own.
 */
export function bannerProblem(view: AppView): ProblemView | undefined {
  return isSaidByNote(view) ? undefined : view.problem;
}

/** What the card says about a profile that the provider has not confirmed; nothing while the banner says it. */
export function doubtfulFreshness(view: AppView): 'unverified' | 'stale' | undefined {
  const isSaidByBanner = view.problem?.code === 'provider_unreachable' && !isSaidByNote(view);
  return isSaidByBanner ? undefined : doubtOf(view);
}

function isSaidByNote(view: AppView): boolean {
  const { problem } = view;
  return doubtOf(view) !== undefined && problem?.code === 'provider_unreachable' && problem.remedy !== 'sign_in';
}

function doubtOf({ status, freshness }: AppView): 'unverified' | 'stale' | undefined {
  return status === 'signed_in' && freshness !== 'verified' ? freshness : undefined;
}
