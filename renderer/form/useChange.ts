import { useState } from 'preact/hooks';
import type { Bridge } from '../../preload/contract.ts';
import type { SettingField, SettingsChange } from '../../preload/views/settings.ts';
import { texts } from '../parts/texts.ts';

/** The result of the last change. */
export interface Outcome {
  readonly isSaved: boolean;
  readonly field?: SettingField;
  readonly message?: string;
  /** The person may save a value that does not work. */
  readonly mayKeep?: boolean;
  /** The provider's answer about the client ID. */
  readonly client?: 'known' | 'untested' | undefined;
}

/**
 * Sends one change at a time, and keeps its result.
 * @param onSaved - called when the change is in use
 */
export function useChange(
  bridge: Pick<Bridge, 'changeSettings'>,
  onSaved: () => void,
): {
  isBusy: boolean;
  outcome: Outcome | undefined;
  change: (change: SettingsChange) => Promise<void>;
  forget: () => void;
} {
  const [isBusy, setIsBusy] = useState(false);
  const [outcome, setOutcome] = useState<Outcome>();

  async function change(wanted: SettingsChange) {
    if (isBusy) return;
    setIsBusy(true);
    setOutcome(undefined);
    try {
      const result = await bridge.changeSettings(wanted);
      setOutcome({ ...result, isSaved: result.ok });
      if (result.ok) onSaved();
    } catch {
      setOutcome({ isSaved: false, message: texts.starting.silent });
    }
    setIsBusy(false);
  }

  return { isBusy, outcome, change, forget: () => setOutcome(undefined) };
}
