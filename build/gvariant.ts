/**
 * Reads what `gdbus` prints: GVariant's text format, as far as answers over D-Bus use it. Types in front of a value (`uint32 5`,
 * `objectpath '/x'`, `@as []`) are dropped, a variant (`<…>`) becomes its value, a tuple or array becomes an array, a dictionary
 * becomes an object with its keys as text.
 */
export type GVariant = string | number | boolean | null | readonly GVariant[] | { readonly [key: string]: GVariant };

/** @throws SyntaxError with the place, when the text is not in that format. */
export function parseGVariant(text: string): GVariant {
  const reader = new Reader(text);
  const value = reader.value();
  reader.end();
  return value;
}

const CLOSING = { '(': ')', '[': ']', '<': '>' } as const;
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f', v: '\v', a: '\x07' };

class Reader {
  private at = 0;

  constructor(private readonly text: string) {}

  value(): GVariant {
    this.take(/@\S+\s+/y);
    const next = this.text[this.skip()];
    if (next === '<') return this.list('<')[0] ?? null;
    if (next === '(' || next === '[') return this.list(next);
    if (next === '{') return this.dictionary();
    if (next === "'" || next === '"') return this.quoted(next);
    return this.word();
  }

  end(): void {
    if (this.skip() < this.text.length) this.fail('the end');
  }

  private list(opening: keyof typeof CLOSING): GVariant[] {
    this.expect(opening);
    const values: GVariant[] = [];
    while (!this.takes(CLOSING[opening])) {
      values.push(this.value());
      // A tuple of one is written `(1,)`, so a comma may stand before the end.
      if (!this.takes(',') && this.text[this.skip()] !== CLOSING[opening]) this.fail(`, or ${CLOSING[opening]}`);
    }
    return values;
  }

  private dictionary(): GVariant {
    this.expect('{');
    const entries: [string, GVariant][] = [];
    while (!this.takes('}')) {
      const key = String(this.value());
      this.expect(':');
      entries.push([key, this.value()]);
      if (!this.takes(',') && this.text[this.skip()] !== '}') this.fail(', or }');
    }
    return Object.fromEntries(entries);
  }

  private quoted(quote: string): string {
    this.expect(quote);
    let found = '';
    for (;;) {
      const character = this.text[this.at++];
      if (character === undefined) this.fail(quote);
      if (character === quote) return found;
      found += character === '\\' ? this.escaped() : character;
    }
  }

  private escaped(): string {
    const letter = this.text[this.at++] ?? this.fail('a character');
    const length = { u: 4, U: 8 }[letter];
    if (length === undefined) return ESCAPES[letter] ?? letter;
    const code = this.text.slice(this.at, this.at + length);
    this.at += length;
    return String.fromCodePoint(Number.parseInt(code, 16));
  }

  private word(): GVariant {
    const word = this.take(/[^\s,:()[\]{}<>'"]+/y) ?? this.fail('a value');
    if (word === 'true' || word === 'false') return word === 'true';
    if (word === 'nothing') return null;
    const number = Number(word);
    if (!Number.isNaN(number)) return number;
    // What is left is a type's name (`uint32`, `objectpath`, `byte`, or the `b` of a byte string): the value follows.
    return this.value();
  }

  private take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.skip();
    const match = pattern.exec(this.text);
    if (match) this.at = pattern.lastIndex;
    return match?.[0];
  }

  private takes(character: string): boolean {
    if (this.text[this.skip()] !== character) return false;
    this.at++;
    return true;
  }

  private expect(character: string): void {
    if (!this.takes(character)) this.fail(character);
  }

  private skip(): number {
    while (/\s/.test(this.text[this.at] ?? '')) this.at++;
    return this.at;
  }

  private fail(expected: string): never {
    throw new SyntaxError(`Expected ${expected} at ${this.at} of ${JSON.stringify(this.text.slice(0, 200))}`);
  }
}
