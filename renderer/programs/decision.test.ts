import { describe, expect, it } from 'vitest';
import { texts } from '../parts/texts.ts';
import { choicesFor, decisionText } from './decision.ts';

const noon = new Date(2026, 4, 3, 12, 0).getTime();
const until = noon + 95 * 60_000;

describe('what was decided', () => {
  it.each([
    ['allowed', 'Allowed'],
    ['denied', 'Denied'],
    ['unanswered', 'Not decided'],
  ] as const)('%s → %s', (decision, shown) => {
    expect(decisionText({ decision, lasting: 'always' }, 'ask', noon)).toBe(shown);
  });

  it('says until when', () => {
    expect(decisionText({ decision: 'allowed', until, lasting: 'hours' }, 'ask', noon)).toMatch(
      /^Allowed until (1|13):35/,
    );
    expect(decisionText({ decision: 'denied', until, lasting: 'always' }, 'ask', noon)).toMatch(
      /^Denied until (1|13):35/,
    );
  });

  it('Allow once says until when, until a decision that stays takes its place', () => {
    const once = { onceUntil: until, lasting: 'always' } as const;
    expect(decisionText({ decision: 'unanswered', ...once }, 'ask', noon)).toMatch(
      /^Allowed once: until it ends, (1|13):35.* at the latest$/,
    );
    expect(decisionText({ decision: 'denied', ...once }, 'ask', noon)).toBe('Denied');
  });

  it('where nothing is asked, says what came of it instead', () => {
    expect(decisionText({ decision: 'unanswered', lasting: 'always' }, 'same-user', noon)).toBe('Used');
    expect(decisionText({ decision: 'unanswered', lasting: 'always' }, 'listed', noon)).toBe('Not allowed');
  });
});

it('a browser is never allowed, whatever is said of it [C5]', () => {
  expect(decisionText({ decision: 'unanswered', lasting: 'never' }, 'ask', noon)).toBe('Never allowed');
  expect(decisionText({ decision: 'unanswered', lasting: 'never' }, 'same-user', noon)).toBe('Never allowed');
});

describe('what can be decided [C10]', () => {
  const { allow, allowHours, never, notForLong } = texts.programs;

  it('is whichever is not the case', () => {
    expect(choicesFor({ decision: 'unanswered', lasting: 'always' }, 'ask')).toEqual({ allow, deny: true });
    expect(choicesFor({ decision: 'denied', lasting: 'always' }, 'ask')).toEqual({ allow, deny: false });
    expect(choicesFor({ decision: 'allowed', lasting: 'always' }, 'ask')).toEqual({ deny: true });
  });

  it('says that an interpreter or curl is allowed for twelve hours', () => {
    expect(choicesFor({ decision: 'denied', lasting: 'hours' }, 'ask')).toEqual({ allow: allowHours, deny: false });
  });

  it('has no Allow for what cannot be identified, nor for a browser, and says why', () => {
    expect(choicesFor({ decision: 'unanswered', lasting: 'once' }, 'ask')).toEqual({ whyNot: notForLong, deny: true });
    expect(choicesFor({ decision: 'unanswered', lasting: 'never' }, 'ask')).toEqual({ whyNot: never, deny: false });
  });

  it('is Deny alone where every program may that was not denied, and Allow takes that back', () => {
    expect(choicesFor({ decision: 'unanswered', lasting: 'always' }, 'same-user')).toEqual({ deny: true });
    expect(choicesFor({ decision: 'unanswered', lasting: 'once' }, 'same-user')).toEqual({ deny: true });
    expect(choicesFor({ decision: 'denied', lasting: 'always' }, 'same-user')).toEqual({ allow, deny: false });
  });
});
