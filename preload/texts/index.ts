import { english, type Texts } from './english.ts';
import { german } from './german.ts';

export type { Texts } from './english.ts';

/** Every language there is; the first one is for whoever has none of them. */
export const languages: readonly Texts[] = [english, german];

/** In which words and forms a person is told something. */
export interface Speech {
  readonly texts: Texts;
  /** BCP 47 tag by which dates, times and numbers are written; undefined: as the system has it. */
  readonly locale: string | undefined;
}

/**
 * The texts in the first language that there is.
 * @param tags - those that the person reads, the preferred one first: BCP 47, or as POSIX has it (`de_AT.UTF-8`). The region makes no
 * difference; one that there is not is passed over (`fr, de` is German), because who names several reads them all.
 */
export function textsFor(tags: readonly string[]): Texts {
  const known = tags.map((tag) => languages.find(({ language }) => language === languageOf(tag)));
  return known.find((texts) => texts !== undefined) ?? english;
}

function languageOf(tag: string): string | undefined {
  return tag.split(/[-_.@]/)[0]?.toLowerCase();
}

let present: Speech = { texts: english, locale: undefined };

/** Sets what this process says to a person; once, before anything is said. It is English until then. */
export function speak(speech: Speech): void {
  present = speech;
}

/** What this process says to a person. */
export function spoken(): Speech {
  return present;
}
