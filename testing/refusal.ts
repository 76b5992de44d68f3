import { SettingError } from '../main/settings/settings.ts';

/** The message with which a setting is refused. @throws when it is accepted, or fails otherwise */
export function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof SettingError) return error.message;
    throw error;
  }
  throw new Error('it was accepted');
}
