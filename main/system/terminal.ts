import type { Writable } from 'node:stream';

/**
 * What gives a terminal commands, moves its cursor or turns text around. The two joiners stay: they do nothing of that, and Persian and
 * many emoji need them.
 */
const unsafe = /(?![\u200C\u200D])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** One line as a terminal may show it, whoever has chosen its words. */
export function terminalLine(text: string): string {
  return text.replace(unsafe, '\uFFFD');
}

/** JSON that means the same, with those characters escaped that JSON itself lets through. Line breaks are its own layout. */
export function terminalJson(json: string): string {
  return json.replace(unsafe, (character) => (character === '\n' ? character : escaped(character)));
}

function escaped(character: string): string {
  const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
}

/**
 * Writes lines for a person. All that Loopgate writes to a terminal goes through here, so that a line of foreign words stays one line.
 * Resolves when they are written.
 */
export function writeLines(stream: Writable, lines: readonly string[]): Promise<void> {
  const text = lines.map((line) => `${terminalLine(line)}\n`).join('');
  return new Promise((resolve) => stream.write(text, () => resolve()));
}

/** Writes lines to standard output. */
export function say(...lines: readonly string[]): void {
  void writeLines(process.stdout, lines);
}

/** Writes lines to standard error. */
export function sayError(...lines: readonly string[]): void {
  void writeLines(process.stderr, lines);
}
