/**
 * English and its translation; `{name}` stands for what differs from one time to the other, and is in both. It is within one
 * sentence, but for `{reasons}`, which may be several, and `{words}`, which are a stranger's and stay as they are.
 */
export type Sentence = readonly [english: string, translated: string];

/** In characters. */
const longest = 2_000;

/**
 * Says in another language what was written in English for programs and people alike. What stands for a placeholder is said
 * in the other language too where it is known, several sentences one by one, and what is not known stays as it is.
 */
export function saidWith(sentences: readonly Sentence[]): (sentence: string) => string {
  // Not made before the first sentence comes: every start would pay for a language that is hardly ever spoken.
  let patterns: readonly { pattern: RegExp; translated: string }[] | undefined;

  function whole(text: string): string | undefined {
    patterns ??= sentences.map(([english, translated]) => ({ pattern: patternOf(english), translated }));
    for (const { pattern, translated } of patterns) {
      const found = pattern.exec(text);
      if (!found) continue;
      return translated.replace(/\{(\w+)\}/g, (_, name: string) => {
        const value = found.groups?.[name] ?? '';
        return name === 'words' ? value : said(value);
      });
    }
    return undefined;
  }

  function said(text: string): string {
    // None of ours is so long: it is a stranger's, and the patterns would walk it again and again.
    if (text.length > longest) return text;
    const known = whole(text);
    if (known !== undefined) return known;
    // The first sentence is what ends at the first full stop whose rest begins anew.
    const [, first, rest] = /^(.+?[.!?]) (?=\p{Lu})(.+)$/su.exec(text) ?? [];
    if (first === undefined || rest === undefined) return text;
    return `${whole(first) ?? first} ${said(rest)}`;
  }

  return said;
}

function patternOf(english: string): RegExp {
  const parts = english.split(/(\{\w+\})/).map((part) => {
    const name = /^\{(\w+)\}$/.exec(part)?.[1];
    if (name === undefined) return part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    return `(?<${name}>${name === 'reasons' || name === 'words' ? '.+' : '(?:(?![.!?] \\p{Lu}).)+'})`;
  });
  return new RegExp(`^${parts.join('')}$`, 'su');
}
