import type { ComponentChildren } from 'preact';
import { texts } from '../parts/texts.ts';
import type { Outcome } from './useChange.ts';

interface SaveProps {
  label: string;
  isBusy: boolean;
  outcome: Outcome | undefined;
  /** Fields that show themselves why they do not work. */
  said?: readonly string[];
  /** What was tried, in words, where that is more than that it was kept. */
  saved?: string | undefined;
  primary?: boolean;
  /** What else can be done now. */
  children?: ComponentChildren;
}

/** Sends a form, and says what came of it. */
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
