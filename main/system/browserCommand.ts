import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** One way to open an address. */
export interface BrowserCommand {
  readonly program: string;
  /** The arguments as written: `%s` stands for the address. */
  readonly argv: readonly string[];
}

/**
 * The browsers that `$BROWSER` names, in the order in which to try them. xdg-open, man and Python's webbrowser share this
 * convention: alternatives are separated by colons (semicolons on Windows), and each is a command line with quotes and
 * backslashes. But first, the whole text may be the path of a file, which may contain spaces.
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
    // Python's convention: a final & means not to wait for it, which Loopgate never does.
    return program === undefined ? [] : [{ program, argv: argv.at(-1) === '&' ? argv.slice(0, -1) : argv }];
  });
}

/** The arguments for the program: the address replaces `%s`, or else comes last. `%%` is a percent sign, `%c` a colon (man). */
export function argumentsFor({ argv }: BrowserCommand, address: string): string[] {
  const others: Readonly<Record<string, string>> = { '%%': '%', '%c': ':', '%s': address };
  const filled = argv.map((word) => word.replace(/%[%cs]/g, (code) => others[code] ?? code));
  const hasPlace = argv.some((word) => word.replaceAll('%%', '').includes('%s'));
  return hasPlace ? filled : [...filled, address];
}

/** Whether a program can be run, by its path or by its name on the PATH. */
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

/** Splits a text at separators outside quotes; quotes and backslashes stay in the pieces. */
function split(text: string, separator: string, escapes: boolean): string[] {
  const pieces = [''];
  for (const { character, raw, isPlain } of characters(text, escapes)) {
    if (isPlain && character === separator) pieces.push('');
    else pieces.push(`${pieces.pop() ?? ''}${raw}`);
  }
  return pieces;
}

/** Splits a text into words like a POSIX shell, without a shell's other features. */
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

/**
 * Yields each character. `character` is empty for a quote itself; `isPlain` is false for a quoted or escaped one. A quote
 * without an end extends to the end of the text.
 */
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
