/** What breaks lines, hides text or reverses it, and letters that nothing is seen of. The two forms of an emoji stay. */
const unseen =
  /(?![\uFE0E\uFE0F])[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800\u{1D159}]/gu;

/**
 * How many marks one letter may bear: of those that go with any letter, and in all. Vietnamese and Arabic need two of the
 * former, Burmese, Hindi, Tibetan and pointed Hebrew up to four of their own. More run over the lines above and below.
 */
const maxMarks = { common: 2, all: 4 } as const;

/**
 * Makes foreign text safe to show: removes characters that break lines, hide text, reverse it or run over other text.
 * @param max - how many characters it may have
 */
export function printable(text: string, max = 300): string {
  const shown = text.replace(unseen, '\uFFFD').replace(/\p{M}{2,}/gu, fewMarks);
  return shown.length > max ? `${shown.slice(0, max - 1)}…` : shown;
}

function fewMarks(marks: string): string {
  let common = 0;
  const kept = [...marks].filter((mark, index) => {
    if (/\p{Script=Inherited}/u.test(mark)) common += 1;
    return index < maxMarks.all && common <= maxMarks.common;
  });
  const text = kept.join('');
  return text === marks ? text : `${text}\uFFFD`;
}

/** Whether there is something to see in a text that is printable. */
export function isVisible(text: string): boolean {
  return /[\p{L}\p{N}\p{P}\p{S}]/u.test(text.replaceAll('\uFFFD', ''));
}
