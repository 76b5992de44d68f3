import { createHash, randomUUID } from 'node:crypto';
import type { BrokerError } from '../broker/errors.ts';
import { openPagePrefix } from './guard.ts';
import type { Answer } from './operation.ts';

const style = `
:root { color-scheme: light dark; --ground: #f4f5f7; --card: #ffffff; --text: #1d2026; --quiet: #565d6b; --line: #d9dde4; --good: #1a7f42; --bad: #b3261e }
@media (prefers-color-scheme: dark) { :root { --ground: #16181c; --card: #202329; --text: #eceef2; --quiet: #a5adbb; --line: #363b45; --good: #5fd08d; --bad: #ff8a80 } }
* { box-sizing: border-box }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.5rem; background: var(--ground); color: var(--text); font: 1rem/1.5 system-ui, sans-serif }
main { max-width: 30rem; width: 100%; padding: 2rem; background: var(--card); border: 1px solid var(--line); border-radius: 1rem; overflow-wrap: anywhere }
.mark { display: block; width: 3rem; height: 3rem; margin: 0 0 1rem }
.good { color: var(--good) } .bad { color: var(--bad) }
h1 { margin: 0 0 .5rem; font-size: 1.5rem; line-height: 1.25 }
p { margin: .5rem 0 0 } .quiet { color: var(--quiet); font-size: .875rem; margin-top: 1.5rem }
.action { display: inline-block; margin-top: 1.5rem; padding: .5rem 1.5rem; border: 1px solid var(--quiet); border-radius: .5rem; color: var(--text); text-decoration: none }
.action:hover { border-color: var(--text) } .action:focus-visible { outline: 3px solid var(--text); outline-offset: 2px }
`;

/** R12: nothing from elsewhere, no script; the one style is named by its hash. L3b: never framed. */
const securityPolicy = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The headers of every page that a browser sees here; the pages differ in what they may load. */
export function pageHeaders(contentSecurityPolicy: string): Record<string, string> {
  return {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': contentSecurityPolicy,
    'Referrer-Policy': 'no-referrer',
    'X-Frame-Options': 'DENY',
    'Cross-Origin-Opener-Policy': 'same-origin',
  };
}

const goodMark =
  '<svg class="mark good" viewBox="0 0 48 48" aria-hidden="true"><circle cx="24" cy="24" r="21" fill="none" stroke="currentColor" stroke-width="3"/><path d="M14 25l7 7 13-15" fill="none" stroke="currentColor" stroke-width="4" stroke-linecap="round" stroke-linejoin="round"/></svg>';
const badMark =
  '<svg class="mark bad" viewBox="0 0 48 48" aria-hidden="true"><circle cx="24" cy="24" r="21" fill="none" stroke="currentColor" stroke-width="3"/><path d="M24 13v14" fill="none" stroke="currentColor" stroke-width="4" stroke-linecap="round"/><circle cx="24" cy="34" r="2.5" fill="currentColor"/></svg>';

/** Every word that came from outside passes through here (R12). */
function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function page(
  status: number,
  content: {
    title: string;
    paragraphs: readonly string[];
    isGood: boolean;
    note?: string;
    action?: { label: string; address: string };
  },
): Answer {
  const title = escapeHtml(content.title);
  const paragraphs = content.paragraphs.map((text) => `<p>${escapeHtml(text)}</p>`).join('');
  const note = content.note === undefined ? '' : `<p class="quiet">${escapeHtml(content.note)}</p>`;
  const { label = '', address = '' } = content.action ?? {};
  const action = content.action && `<p><a class="action" href="${escapeHtml(address)}">${escapeHtml(label)}</a></p>`;
  return {
    status,
    headers: pageHeaders(securityPolicy),
    body: `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${title} – Loopgate</title><style>${style}</style></head><body><main>${content.isGood ? goodMark : badMark}<h1>${title}</h1>${paragraphs}${action ?? ''}${note}</main></body></html>`,
  };
}

/** After a login. @param requestedBy - a program gets the code and goes on by itself; here the person is signed in already */
export function signedInPage(requestedBy: 'loopgate' | 'program'): Answer {
  return requestedBy === 'loopgate'
    ? page(200, {
        title: 'You are signed in',
        paragraphs: ['Loopgate has received your login. You can close this tab and return to your editor.'],
        isGood: true,
      })
    : page(200, {
        title: 'Login received',
        paragraphs: [
          'Loopgate has passed your login on to the program that asked for it. You can close this tab and return to your editor.',
        ],
        isGood: true,
      });
}

/** A login that failed, or a callback that nobody waited for (R9, R13): why, and what next. */
export function failedPage(error: BrokerError, status: number): Answer {
  const isStray = error.code === 'unknown_state';
  return page(status, {
    title:
      error.code === 'access_denied'
        ? 'The sign-in was denied'
        : isStray
          ? 'No sign-in was waiting'
          : 'The sign-in failed',
    paragraphs: isStray
      ? [
          'This login has ended, was already used, or was never started here. Nothing was changed.',
          'If you were signing in, start again from Loopgate or from your editor.',
        ]
      : [error.message],
    isGood: false,
    note: `Loopgate · ${error.code}`,
  });
}

/** What `/v2/logout` answers to a program: a short page, which the clients read as a string. */
export function signedOutPage(): Answer {
  return page(200, {
    title: 'You are signed out',
    paragraphs: ['Loopgate has forgotten your session on this machine.'],
    isGood: true,
  });
}

/**
 * What `/v2/logout` asks a person whose browser came there, perhaps sent by a page, a mail or a program that wants them gone.
 * @param address - where the sign-out is done
 */
export function confirmSignOutPage(address: string): Answer {
  return page(200, {
    title: 'Sign out of Loopgate?',
    paragraphs: [
      'Something opened this address, which signs you out on this machine: the programs that use your sign-in lose it.',
      'If that was not you, close this tab. Nothing has changed.',
    ],
    isGood: false,
    action: { label: 'Sign out', address },
  });
}

/** A page that is gone; only its address is left in a browser's history. */
function finishedPage(): Answer {
  return page(200, {
    title: 'This sign-in is finished',
    paragraphs: ['You can close this tab and return to your editor.'],
    isGood: true,
  });
}

/** How long a person may look at a page that asks, in milliseconds, and how many such pages are open at a time. */
const ticketLasts = 10 * 60_000;
const mostTickets = 50;

/** What shows that an address was reached from a page of ours that asked: a ticket, good once. */
export class Tickets {
  readonly #now: () => number;
  /** With the end of each, in milliseconds since the epoch. */
  readonly #open = new Map<string, number>();

  constructor(now: () => number) {
    this.#now = now;
  }

  issue(): string {
    const ticket = randomUUID();
    this.#open.set(ticket, this.#now() + ticketLasts);
    const oldest = this.#open.keys().next().value;
    if (this.#open.size > mostTickets && oldest !== undefined) this.#open.delete(oldest);
    return ticket;
  }

  /** True the first time for one that was issued and is not too old. */
  take(ticket: string): boolean {
    const until = this.#open.get(ticket) ?? 0;
    this.#open.delete(ticket);
    return until > this.#now();
  }
}

/** How many result pages are kept for browsers that were redirected to them. */
const keptPages = 50;

/** R10: the answers to callbacks by query, each at a clean address of its own, so that no code stays in a browser's history. */
export class ResultPages {
  readonly #pages = new Map<string, Answer>();

  /** Keeps a page. @returns its path */
  keep(answer: Answer): string {
    const id = randomUUID();
    this.#pages.set(id, answer);
    const oldest = this.#pages.keys().next().value;
    if (this.#pages.size > keptPages && oldest !== undefined) this.#pages.delete(oldest);
    return `${openPagePrefix}${id}`;
  }

  show(id: string): Answer {
    return this.#pages.get(id) ?? finishedPage();
  }
}
