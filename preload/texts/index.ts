import { english, type Texts } from './english.ts';
import { german } from './german.ts';

export type { Texts } from './english.ts';

/** All languages; people who read none of them get the first one. */
export const languages: readonly Texts[] = [english, german];

/** The language and formats in which this process speaks to a person. */
export interface Speech {
  readonly texts: Texts;
  /** The BCP 47 tag for dates, times and numbers; undefined means the system's format. */
  readonly locale: string | undefined;
}

/**
 * The texts in the first available language.
 * @param tags - the languages that the person reads, the preferred one first: BCP 47, or the POSIX form (`de_AT.UTF-8`). The
 * region makes no difference. A language that is not available is skipped (`fr, de` gives German), because a person who names
 * several reads them all.
 */
export function textsFor(tags: readonly string[]): Texts {
  const known = tags.map((tag) => languages.find(({ language }) => language === languageOf(tag)));
  return known.find((texts) => texts !== undefined) ?? english;
}

function languageOf(tag: string): string | undefined {
  return tag.split(/[-_.@]/)[0]?.toLowerCase();
}

let present: Speech = { texts: english, locale: undefined };

/** Sets the language of this process; call it once, before the first text. Until then it is English. */
export function speak(speech: Speech): void {
  present = speech;
}

/** The language of this process. */
export function spoken(): Speech {
  return present;
}
