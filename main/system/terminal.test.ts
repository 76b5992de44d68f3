import { describe, expect, it } from 'vitest';
import { createLog } from './log.ts';
import { terminalJson, terminalLine } from './terminal.ts';

describe('what a terminal gets', () => {
  it.each([
    ['ESC', '\u001b[2K'],
    ['BEL', '\u0007'],
    ['a line break', '\n'],
    ['a return', '\r'],
    ['DEL', '\u007f'],
    ['CSI as one character', '\u009b31m'],
    ['a line separator', '\u2028'],
    ['text from right to left', '\u202e'],
    ['an isolate', '\u2066'],
    ['a mark of direction', '\u200f'],
    ['a tag', '\u{e0041}'],
    ['half a pair', '\ud800'],
  ])('%s is no command there, and is escaped in JSON', (_, text) => {
    const [first = ''] = text;
    expect(terminalLine(`a${text}b`)).toBe(`a\ufffd${text.slice(first.length)}b`);
    const json = JSON.stringify({ a: text });
    expect(JSON.parse(terminalJson(json))).toEqual({ a: text });
    expect(terminalJson(json)).toMatch(/^[ -~]+$/);
  });

  it.each(['Zoë', 'علی‌رضا', 'अनुष्का', '👩‍💻', 'https://login.example/?a=b&c=d%0A', 'eyJhbGci.e30._-~+/='])(
    '%s stays as it is',
    (text) => {
      expect(terminalLine(text)).toBe(text);
      expect(terminalJson(JSON.stringify(text))).toBe(JSON.stringify(text));
    },
  );

  it('the log is lines of JSON that a terminal may show', () => {
    const lines: string[] = [];
    const log = createLog('info', { write: (line) => void lines.push(line) });
    log.warn({ failure: '\u009b2J\u202e' }, 'a\nb\u0085');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^[ -~]+\n$/);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ failure: '\u009b2J\u202e', msg: 'a\nb\u0085' });
  });
});
