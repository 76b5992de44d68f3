/**
 * Makes foreign text safe to show: removes characters that break lines, hide text or reverse it.
 * @param max - how many characters it may have
 */
export function printable(text: string, max = 300): string {
  const shown = text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu, '\uFFFD');
  return shown.length > max ? `${shown.slice(0, max - 1)}…` : shown;
}
