import { speak, spoken, textsFor } from '../../preload/texts/index.ts';

// The main process knows the system's language; outside a window, in the unit tests, it is English.
const given = globalThis.window?.loopgate;
if (given) speak({ texts: textsFor([given.language]), locale: given.locale });

/** All texts of the windows in the person's language, and the locale for dates and numbers. */
export const { texts, locale } = spoken();
