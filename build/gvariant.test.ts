import { describe, expect, it } from 'vitest';
import { parseGVariant } from './gvariant.ts';

describe('parseGVariant', () => {
  it.each([
    ["('hello',)", ['hello']],
    ['()', []],
    ["(<[':1.12/StatusNotifierItem']>,)", [[':1.12/StatusNotifierItem']]],
    ['(<@as []>,)', [[]]],
    ["(objectpath '/x', uint32 5, -1, 2.5, true, byte 0xff)", ['/x', 5, -1, 2.5, true, 255]],
    ["{'a': <1>, 'b': <false>}", { a: 1, b: false }],
    ['@a{sv} {}', {}],
    ["(@m(is) nothing, 'after')", [null, 'after']],
    [`("it's", 'say "so"')`, ["it's", 'say "so"']],
    ["'a\\n\\'b\\' \\u00e9\\\\'", "a\n'b' é\\"],
  ])('reads %s', (text, value) => {
    expect(parseGVariant(text)).toEqual(value);
  });

  it("reads a menu's layout", () => {
    const text = "(uint32 0, (0, @a{sv} {}, [<(1, {'label': <'Sign in'>}, @av [])>]))\n";
    expect(parseGVariant(text)).toEqual([0, [0, {}, [[1, { label: 'Sign in' }, []]]]]);
  });

  it.each(['(1, 2', "'open", '{1 2}', '(1) (2)', ''])('refuses %s', (text) => {
    expect(() => parseGVariant(text)).toThrow(SyntaxError);
  });
});
