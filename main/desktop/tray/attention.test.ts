import { describe, expect, test } from 'vitest';
import type { AppView } from '../../../preload/views/appView.ts';
import { signedOut } from '../../../testing/appView.ts';
import { attentionLines, needsAttention } from './attention.ts';

const calm: AppView = {
  ...signedOut,
  status: 'signed_in',
  address: 'http://localhost:1001',
  person: { account: 'a', name: 'Ada Lovelace' },
};
const question: AppView['questions'][number] = {
  id: 'q',
  program: { id: 'p', name: 'acme-editor', path: '/opt/acme/acme-editor', kind: 'program' },
  permission: 'tokens',
  lasting: 'always',
  deadline: 60_000,
};
const { person: _person, ...nobody } = { ...calm, status: 'signed_out' as const };
const ended = { code: 'not_signed_in', message: 'The session has ended: revoked.', remedy: 'sign_in' } as const;
const away = { code: 'provider_unreachable', message: 'The identity provider is away.', remedy: 'renew' } as const;
const locked = { kind: 'keyring', needs: 'unlock', changeable: false } as const;
const undecided = { kind: 'memory', needs: 'choice', changeable: true } as const;

/** Noon of a day in the local time zone. */
const noon = new Date(2026, 2, 14, 12, 0).getTime();
const texts = (view: AppView) => attentionLines(view, noon).map(({ text }) => text);

test('nothing needs attention when all is well', () => {
  const settled: AppView = { ...calm, storage: { kind: 'file', notice: 'In a file.', changeable: true } };
  for (const view of [calm, nobody, settled]) {
    expect(attentionLines(view)).toEqual([]);
    expect(needsAttention(view)).toBe(false);
  }
});

describe('what needs attention is said in so many words', () => {
  test.each<[string, AppView, string]>([
    ['a question', { ...calm, questions: [question] }, 'acme-editor waits for your answer'],
    ['two', { ...calm, questions: [question, { ...question, id: 'r' }] }, '2 programs wait for your answer'],
    ['one missed', { ...calm, unanswered: 1 }, 'A program was not answered'],
    ['two missed', { ...calm, unanswered: 2 }, '2 programs were not answered'],
    ['a session that has ended', { ...nobody, problem: ended }, 'The session has ended: sign in again'],
    ['that of another account', { ...calm, problem: ended }, 'The session of another account has ended'],
    ['a locked keyring', { ...nobody, storage: locked }, 'The keyring is locked'],
    ['no keyring', { ...calm, storage: undecided }, 'Choose where your sign-in is kept'],
    ['a switch', { ...calm, switchedFrom: { account: 'g', name: 'Grace' } }, 'A program switched to Ada Lovelace'],
    ['a failed sign-in', { ...nobody, problem: { ...away, remedy: 'sign_in' } }, 'The provider cannot be reached'],
    [
      'a clock that is wrong [T15]',
      { ...calm, problem: { code: 'provider_error', message: 'x', remedy: 'renew', clockAhead: -421 } },
      'The clock is wrong by about 7 minutes',
    ],
    [
      'anything else, by its first sentence',
      { ...calm, problem: { code: 'internal', message: 'The disk is full. Make room.', remedy: 'none' } },
      'The disk is full',
    ],
  ])('%s', (_what, view, text) => {
    expect(texts(view)).toEqual([text]);
    expect(needsAttention(view)).toBe(true);
  });

  test('a long sentence, or a program with a long name, does not make the menu as wide', () => {
    const message = 'x'.repeat(400);
    const program = { ...question.program, name: '😀'.repeat(100) };
    const view: AppView = {
      ...calm,
      problem: { code: 'internal', message, remedy: 'none' },
      questions: [{ ...question, program }],
    };
    expect(texts(view)).toEqual([`${'😀'.repeat(39)}… waits for your answer`, `${'x'.repeat(69)}…`]);
  });

  test('the most pressing comes first, and each leads to where it is dealt with', () => {
    const view: AppView = { ...calm, questions: [question], problem: ended, storage: undecided, unanswered: 1 };
    expect(attentionLines(view).map(({ leadsTo }) => leadsTo)).toEqual(['question', 'window', 'window', 'programs']);
  });
});

describe('what passes by itself is said, and does not nag', () => {
  const time = (at: number) => new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' }).format(at);
  const hour = 3_600_000;

  test('a provider that is away: since when', () => {
    const view: AppView = {
      ...calm,
      freshness: 'stale',
      unreachableSince: noon - hour,
      profileReadAt: noon - 2 * hour,
    };
    expect(texts(view)).toEqual([`Provider not reached since ${time(noon - hour)}`]);
    expect(needsAttention(view)).toBe(false);
  });

  test('with the day, when that was another one', () => {
    const [text = ''] = texts({ ...calm, freshness: 'unverified', unreachableSince: noon - 48 * hour });
    expect(text).toContain('12');
    expect(text).toContain(time(noon - 48 * hour));
    expect(text).not.toBe(`Provider not reached since ${time(noon - 48 * hour)}`);
  });

  test('together with the problem of it: once', () => {
    const view: AppView = { ...calm, freshness: 'stale', unreachableSince: noon - hour, problem: away };
    expect(texts(view)).toEqual([`Provider not reached since ${time(noon - hour)}`]);
  });

  test('another port than the usual one', () => {
    const view: AppView = { ...calm, portNotice: 'Port 1000 is taken by another program.' };
    expect(texts(view)).toEqual(['Programs find Loopgate on port 1001, not on the usual one']);
    expect(needsAttention(view)).toBe(false);
    const taken: AppView = { ...view, port: { wanted: 1000, takenBy: 'acme-server' } };
    expect(texts(taken)).toEqual(['Port 1000 is taken by acme-server']);
    expect(texts({ ...view, port: { wanted: 1000 } })).toEqual(texts(view));
  });

  test('a desktop without notifications, last of all; it leads nowhere', () => {
    const view: AppView = { ...calm, lacksNotifications: true, portNotice: 'Port 1000 is taken by another program.' };
    expect(attentionLines(view).at(-1)).toEqual({
      text: 'Notifications are not available',
      leadsTo: 'nowhere',
      isUrgent: false,
    });
    expect(needsAttention(view)).toBe(false);
    expect(texts({ ...calm, lacksNotifications: false })).toEqual([]);
  });

  test('no network at all: that, and not the provider', () => {
    const view: AppView = { ...calm, freshness: 'stale', unreachableSince: noon - hour, isOffline: true };
    expect(texts(view)).toEqual(['This computer is offline']);
    expect(texts({ ...nobody, isOffline: true, problem: { ...away, remedy: 'sign_in' } })).toEqual(texts(view));
  });
});
