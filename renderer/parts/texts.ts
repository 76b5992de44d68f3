import { speak, spoken, textsFor } from '../../preload/texts/index.ts';

// The main process knows the system's language; outside of a window, in the quick tests, it is English.
const given = globalThis.window?.loopgate;
if (given) speak({ texts: textsFor([given.language]), locale: given.locale });

/** Every word the windows show, in the person's language; and by which locale dates and numbers are written. */
export const { texts, locale } = spoken();
