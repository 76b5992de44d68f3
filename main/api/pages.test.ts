import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { speak, spoken, textsFor } from '../../preload/texts/index.ts';
import { message, verbatim } from '../../preload/texts/messages.ts';
import { LoopgateError, loopgateErrorOf } from '../errors/errors.ts';
import type { Answer } from './operation.ts';
import { ResultPages } from './operations/resultPages.ts';
import { Tickets } from './operations/tickets.ts';
import { confirmSignOutPage, failedPage, signedInPage, signedOutPage } from './pages.ts';
import { openPagePrefix } from './paths.ts';

const hostile = `<script>alert("1")</script><img src=x onerror='alert(2)'>&amp;`;
const failed = (words: string) => failedPage(new LoopgateError('provider_error', { happened: verbatim(words) }), 502);

const pages: [string, Answer][] = [
  ['signed in, by Loopgate', signedInPage('loopgate')],
  ['signed in, by a program', signedInPage('program')],
  ['failed', failed(hostile)],
  ['denied', failedPage(new LoopgateError('access_denied'), 403)],
  ['nobody waited', failedPage(new LoopgateError('unknown_state'), 400)],
  ['signed out', signedOutPage()],
  ['may we sign out', confirmSignOutPage(`/v2/logout?returnTo=${encodeURIComponent(hostile)}&confirmed=x`)],
  ['finished', new ResultPages().show('gone')],
];

describe('pages', () => {
  it.each(pages)('the page "%s" loads nothing, runs nothing, is never framed [R12, L3b]', (_name, { headers }) => {
    const directives = headers['Content-Security-Policy']?.split('; ') ?? [];
    expect(directives).toContain("default-src 'none'");
    expect(directives).toContain("frame-ancestors 'none'");
    expect(directives).toContain("base-uri 'none'");
    expect(directives).toContain("form-action 'none'");
    expect(
      directives.filter((directive) => /^(script|connect|img|font|frame|object)-src|unsafe|\*/.test(directive)),
    ).toEqual([]);
    expect(headers['Referrer-Policy']).toBe('no-referrer');
    expect(headers['Content-Type']).toBe('text/html; charset=utf-8');
  });

  it.each(pages)('the page "%s" has no script, no handler and no address of elsewhere [R12]', (_name, { body }) => {
    expect(body).not.toMatch(/<(script|img|link|iframe|object|embed|base|meta http-equiv)\b/i);
    // A link of our own leads nowhere else.
    const others = String(body).replaceAll(/ href="\/[a-z][^"]*"/g, '');
    expect(others).not.toMatch(/<[^>]+\s(on\w+|src|href|style|action)\s*=/i);
    expect(body).not.toMatch(/url\(|@import|javascript:/i);
  });

  it.each(pages)('the style of the page "%s" is the one that the policy names [R12]', (_name, { headers, body }) => {
    const style = /<style>(.*?)<\/style>/s.exec(String(body))?.[1] ?? '';
    expect(style).not.toBe('');
    const hash = createHash('sha256').update(style).digest('base64');
    expect(headers['Content-Security-Policy']).toContain(`style-src 'sha256-${hash}';`);
    expect(String(body).match(/<style/g)).toHaveLength(1);
  });

  it('every word of the provider is shown as text [R12]', () => {
    const { body } = failed(hostile);
    expect(body).not.toContain('alert("1")');
    expect(body).toContain('&#60;script&#62;alert(&#34;1&#34;)&#60;/script&#62;');
    expect(body).toContain('onerror=&#39;alert(2)&#39;&#62;&#38;amp;');
  });

  it('in German the page says so, says our own words, and escapes those of the provider as they are [R12, R13]', () => {
    const before = spoken();
    speak({ texts: textsFor(['de']), locale: 'de' });
    try {
      const happened = message('signInDenied', { words: `access_denied: ${hostile}` });
      const { body } = failedPage(new LoopgateError('access_denied', { happened }), 403);
      expect(body).toContain('<html lang="de">');
      expect(body).toContain('Die Anmeldung wurde abgelehnt (access_denied: &#60;script&#62;alert(&#34;1&#34;)');
      expect(body).toContain('Erneut anmelden und zustimmen');
      expect(body).not.toContain('<script');
      expect(confirmSignOutPage('/v2/logout').body).toContain('<h1>Von Loopgate abmelden?</h1>');
    } finally {
      speak(before);
    }
  });

  it('the person reads why, the code and what to do next, with the status of the error [R13]', () => {
    const page = failedPage(new LoopgateError('access_denied', { happened: verbatim('You pressed Deny.') }), 403);
    expect(page.status).toBe(403);
    expect(page.body).toMatch(/<h1>The sign-in was denied<\/h1>.*You pressed Deny\..*Sign in again.*access_denied/);
  });

  it('a callback without a waiting login says that nothing was changed, and repeats nothing of it [R9]', () => {
    const page = failedPage(new LoopgateError('unknown_state', { happened: verbatim(hostile) }), 400);
    expect(page.status).toBe(400);
    expect(page.body).toContain('Nothing was changed');
    expect(page.body).not.toContain('alert');
  });

  it('an unexpected failure has the id that the log has, at a place of its own, once', () => {
    const logged: object[] = [];
    const error = loopgateErrorOf(new TypeError('inside'), { error: (fields) => logged.push(fields) });
    const { body } = failedPage(error, 500);
    const { id } = logged[0] as { id: string };
    expect(body).toContain(`<dt>Code</dt><dd>internal</dd><dt>Id in the log</dt><dd>${id}</dd>`);
    expect(String(body).split(id)).toHaveLength(2);
    expect(body).not.toContain('inside');
    expect(
      failedPage(new LoopgateError('internal', { happened: verbatim('The disk is full.') }), 500).body,
    ).not.toContain('Id in');
  });

  it.each(pages)('the page "%s" names the app and shows it', (_name, { body }) => {
    expect(body).toMatch(/<p class="app"><svg .*?<\/svg>Loopgate<\/p>/);
    expect(body).toMatch(/<title>[^<]+ – Loopgate<\/title>/);
  });

  it.each(pages.filter(([name]) => !/sign out/.test(name)))('the page "%s" says what to do next', (_name, { body }) => {
    expect(body).toMatch(/return to your editor|[Ss]ign in again|start again|Check the settings/);
  });

  it('the colours are those of the window, in light, dark and high contrast', () => {
    const window = readFileSync(new URL('../../renderer/style.css', import.meta.url), 'utf8');
    const rootOf = (text: string) => /:root\s*\{([^}]*)\}/.exec(text)?.[1] ?? '';
    const tokensOf = (text: string) =>
      [...text.matchAll(/--([\w-]+):\s*([^;]+)/g)].map(([, name, value]) => [name, value]);
    const [plain, strong] = [window, window.slice(window.indexOf('@media (prefers-contrast: more)'))].map(rootOf);
    const style = /<style>(.*?)<\/style>/s.exec(String(signedOutPage().body))?.[1] ?? '';
    const blocks = [...style.matchAll(/:root\{([^}]*)\}/g)].map(([, block]) =>
      Object.fromEntries(tokensOf(block ?? '')),
    );
    expect(blocks).toHaveLength(4);
    const [light = {}, dark = {}, strongLight = {}, strongDark = {}] = blocks;
    const pairs = (text = '') =>
      Object.fromEntries(
        tokensOf(text).map(([name, value]) => [name, /light-dark\((.*), (.*)\)/.exec(value ?? '')?.slice(1)]),
      );
    for (const [block, text, index] of [
      [light, plain, 0],
      [dark, plain, 1],
      [strongLight, strong, 0],
      [strongDark, strong, 1],
    ] as const) {
      expect(Object.keys(block).length).toBeGreaterThan(5);
      for (const [name, value] of Object.entries(block)) expect(pairs(text)[name]?.[index], name).toBe(value);
    }
  });

  it('only a login that the person started here says "You are signed in" [T18]', () => {
    expect(signedInPage('loopgate').body).toContain('You are signed in');
    expect(signedInPage('program').body).not.toContain('You are signed in');
  });
});

describe('ResultPages', () => {
  it('each page is kept at a clean address of its own that cannot be guessed [R10]', () => {
    const kept = new ResultPages();
    const paths = [kept.keep(signedInPage('loopgate')), kept.keep(failed('x'))];
    for (const path of paths) expect(path).toMatch(new RegExp(`^${openPagePrefix}[0-9a-f-]{36}$`));
    expect(new Set(paths).size).toBe(2);
    expect(kept.show(paths[0]?.slice(openPagePrefix.length) ?? '')).toEqual(signedInPage('loopgate'));
    expect(kept.show(paths[1]?.slice(openPagePrefix.length) ?? '')).toEqual(failed('x'));
  });

  it('an address that is gone shows a page without data [R10]', () => {
    expect(new ResultPages().show('../../userinfo').body).toContain('This sign-in is finished');
    expect(new ResultPages().show('__proto__').status).toBe(200);
  });

  it('no more than 50 are kept, and the oldest goes first [L6]', () => {
    const kept = new ResultPages();
    const ids = Array.from({ length: 51 }, () => kept.keep(signedInPage('program')).slice(openPagePrefix.length));
    const finished = new ResultPages().show('gone');
    const gone = ids.map((id) => kept.show(id).body === finished.body);
    expect(gone.indexOf(true)).toBe(0);
    expect(gone.filter(Boolean)).toHaveLength(1);
  });
});

describe('a ticket', () => {
  it('is good once, for ten minutes, and nothing else is', () => {
    let now = 0;
    const tickets = new Tickets(() => now);
    const [first, second] = [tickets.issue(), tickets.issue()];
    expect([tickets.take(''), tickets.take('guessed'), tickets.take(first), tickets.take(first)]).toEqual([
      false,
      false,
      true,
      false,
    ]);
    now = 10 * 60_000;
    expect(tickets.take(second)).toBe(false);
  });

  it('a flood of pages pushes out the oldest', () => {
    const tickets = new Tickets(() => 0);
    const all = Array.from({ length: 100 }, () => tickets.issue());
    expect(all.map((ticket) => tickets.take(ticket)).filter((isGood) => isGood)).toHaveLength(50);
  });
});
