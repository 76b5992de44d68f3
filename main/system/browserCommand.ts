import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** One way to open an address. */
export interface BrowserCommand {
  readonly program: string;
  /** As they were written: with `%s` where the address belongs. */
  readonly argv: readonly string[];
}

/**
 * What `$BROWSER` names, in the order in which it is tried. By the convention that xdg-open, man and Python's webbrowser share:
 * alternatives between colons (semicolons on Windows), each the words of a command line, with quotes and backslashes. Before
 * that, the whole text may be the path of one file, with spaces in it.
 * @param isFile - whether there is a file at a path
 */
export function browserCommands(
  value: string | undefined,
  isFile: (path: string) => boolean = isExistingFile,
  platform: NodeJS.Platform = process.platform,
): BrowserCommand[] {
  const whole = value?.trim() ?? '';
  if (whole === '') return [];
  if (isFile(whole)) return [{ program: whole, argv: [] }];
  const escapes = platform !== 'win32';
  return split(whole, escapes ? ':' : ';', escapes).flatMap((alternative) => {
    const text = alternative.trim();
    if (isFile(text)) return [{ program: text, argv: [] }];
    const [program, ...argv] = wordsOf(text, escapes);
    // Python's: a final & means that it is not waited for, which is always so here.
    return program === undefined ? [] : [{ program, argv: argv.at(-1) === '&' ? argv.slice(0, -1) : argv }];
  });
}

/** What the program gets: the address in the place of `%s`, else as the last word. `%%` is a percent sign, `%c` a colon (man). */
export function argumentsFor({ argv }: BrowserCommand, address: string): string[] {
  const others: Readonly<Record<string, string>> = { '%%': '%', '%c': ':', '%s': address };
  const filled = argv.map((word) => word.replace(/%[%cs]/g, (code) => others[code] ?? code));
  const hasPlace = argv.some((word) => word.replaceAll('%%', '').includes('%s'));
  return hasPlace ? filled : [...filled, address];
}

/** Whether a program can be run: by its path, or by its name on the PATH. */
export function canBeRun(program: string, { PATH = '' }: NodeJS.ProcessEnv): boolean {
  const candidates = program.includes('/') ? [program] : PATH.split(delimiter).map((folder) => join(folder, program));
  return candidates.some((path) => {
    try {
      accessSync(path, constants.X_OK);
      return isExistingFile(path);
    } catch {
      return false;
    }
  });
}

function isExistingFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

/** The pieces between separators that stand outside quotes; quotes and backslashes stay as they are. */
function split(text: string, separator: string, escapes: boolean): string[] {
  const pieces = [''];
  for (const { character, raw, isPlain } of characters(text, escapes)) {
    if (isPlain && character === separator) pieces.push('');
    else pieces.push(`${pieces.pop() ?? ''}${raw}`);
  }
  return pieces;
}

/** The words as a POSIX shell would have them, without anything else that a shell does. */
function wordsOf(text: string, escapes: boolean): string[] {
  const words: string[] = [];
  let word: string | undefined;
  for (const { character, isPlain } of characters(text, escapes)) {
    if (!isPlain || !/\s/.test(character)) {
      word = `${word ?? ''}${character}`;
    } else if (word !== undefined) {
      words.push(word);
      word = undefined;
    }
  }
  return word === undefined ? words : [...words, word];
}

/** `character` is empty for a quote itself, `isPlain` false for what is quoted or escaped. A quote without an end goes to the end. */
function* characters(
  text: string,
  escapes: boolean,
): Generator<{ readonly character: string; readonly raw: string; readonly isPlain: boolean }> {
  let quote = '';
  for (let at = 0; at < text.length; at += 1) {
    const one = text.charAt(at);
    const next = text.charAt(at + 1);
    const isEscape = one === '\\' && escapes && quote !== "'" && (quote === '' ? next !== '' : /["\\$`]/.test(next));
    if (isEscape) {
      at += 1;
      yield { character: next, raw: `${one}${next}`, isPlain: false };
    } else if (quote === '' ? one === '"' || one === "'" : one === quote) {
      quote = quote === '' ? one : '';
      yield { character: '', raw: one, isPlain: false };
    } else {
      yield { character: one, raw: one, isPlain: quote === '' };
    }
  }
}
