import type { AppView, ProblemView } from '../../preload/views/appView.ts';

/**
 * The problem that the banner shows. If the session's provider cannot be reached, the card's note says so, together with the
 * profile's age. But a sign-in that failed for the same reason is a separate event.
 */
export function bannerProblem(view: AppView): ProblemView | undefined {
  return isSaidByNote(view) ? undefined : view.problem;
}

/** What the card shows about an unconfirmed profile; nothing while the banner shows it. */
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
