/** Scripts whose capitals stand well side by side. In others two letters would join, or read as a word of their own. */
const standsAlone = /^[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}]/u;

/**
 * What stands for a person without a picture: the first letters of the first and the last word, or a single letter for names
 * in other scripts and of one word; an empty text when the name has neither letter nor digit.
 */
export function initials(name: string): string {
  const words = name.normalize('NFC').match(/[\p{L}\p{N}][\p{L}\p{M}\p{N}'’.-]*/gu) ?? [];
  // What follows an @ is the provider's name, not the person's.
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
