/** Scripts whose capitals look right side by side. In other scripts two letters would join, or form a word. */
const standsAlone = /^[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}]/u;

/**
 * The initials for a person without a picture: the first letters of the first and the last word. Names in other scripts or of
 * one word get a single letter. Empty when the name contains neither letter nor digit.
 */
export function initials(name: string): string {
  const words = name.normalize('NFC').match(/[\p{L}\p{N}][\p{L}\p{M}\p{N}'’.-]*/gu) ?? [];
  // The part after an @ is the provider's name, not the person's.
  const ownWords = name.includes('@') ? words.slice(0, 1) : words;
  const letters = ownWords.map(firstLetter);
  const [first = ''] = letters;
  const last = letters.length > 1 ? (letters.at(-1) ?? '') : '';
  return standsAlone.test(first) && standsAlone.test(last) ? first + last : first;
}

/** A letter with its accents and vowel signs, as a person counts letters. */
function firstLetter(word: string): string {
  const [letter] = new Intl.Segmenter(undefined, { granularity: 'grapheme' }).segment(word);
  return letter?.segment.toUpperCase() ?? '';
}
