import { app } from 'electron';
import { type Speech, speak, textsFor } from '../../../preload/texts/index.ts';
import { environmentLanguage, tagOf } from '../../system/environmentLanguage.ts';

/**
 * From now on this process speaks the system's language, and writes dates by the system's regional format, which may be
 * another's. Only after the app is ready.
 */
export function speakSystemLanguage(): Speech {
  const texts = textsFor(app.getPreferredSystemLanguages());
  // On Linux Electron does not look at LC_TIME, where desktops keep the format of dates.
  const region = process.platform === 'linux' ? environmentLanguage(process.env).region : tagOf(app.getSystemLocale());
  const speech = { texts, locale: region ?? texts.language };
  speak(speech);
  return speech;
}
