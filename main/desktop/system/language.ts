import { app } from 'electron';
import { type Speech, speak, textsFor } from '../../../preload/texts/index.ts';
import { environmentLanguage, tagOf } from '../../system/environmentLanguage.ts';

/**
 * Makes this process use the system's language, and write dates by the system's regional format, which may belong to another
 * language. Call it after the app is ready.
 */
export function speakSystemLanguage(): Speech {
  const texts = textsFor(app.getPreferredSystemLanguages());
  // On Linux Electron ignores LC_TIME, where desktops keep the date format.
  const region = process.platform === 'linux' ? environmentLanguage(process.env).region : tagOf(app.getSystemLocale());
  const speech = { texts, locale: region ?? texts.language };
  speak(speech);
  return speech;
}
