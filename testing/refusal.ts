import { SettingError } from '../main/settings/settings.ts';

/** What a setting that is refused is refused with. @throws when it is accepted, or fails otherwise */
export function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof SettingError) return error.message;
    throw error;
  }
  throw new Error('it was accepted');
}
