import type { ComponentChildren } from 'preact';
import { texts } from '../parts/texts.ts';
import type { Outcome } from './useChange.ts';

interface SaveProps {
  label: string;
  isBusy: boolean;
  outcome: Outcome | undefined;
  /** The fields that show their problem themselves. */
  said?: readonly string[];
  /** The result of the test, if it is more than that the change was saved. */
  saved?: string | undefined;
  primary?: boolean;
  /** Further actions that are possible now. */
  children?: ComponentChildren;
}

/** Submits a form, and shows the result. */
export function Save({ label, isBusy, outcome, said = [], saved, primary = false, children }: SaveProps) {
  const { settings } = texts;
  const isSaidByField = outcome?.field !== undefined && said.includes(outcome.field);
  return (
    <div class="save">
      <button type="submit" class={primary ? 'primary' : undefined} aria-disabled={isBusy}>
        {isBusy ? settings.saving : label}
      </button>
      <p role="status" class={outcome?.isSaved ? 'saved' : 'wrong'}>
        {outcome?.isSaved ? (saved ?? settings.saved) : isSaidByField ? '' : outcome?.message}
      </p>
      {children}
    </div>
  );
}
