import { createHash } from 'node:crypto';
import { spoken } from '../../preload/texts/index.ts';
import { message } from '../../preload/texts/messages.ts';
import type { LoopgateError } from '../errors/errors.ts';
import type { Answer } from './operation.ts';

/**
 * The design tokens of the window (`renderer/style.css`) that a page uses: light, dark. Without `light-dark()`, because
 * any browser of the last few years may show the page.
 */
const colours = {
  ground: ['#f4f5f7', '#1c1d20'],
  surface: ['#ffffff', '#27292d'],
  line: ['#dfe2e8', '#3a3d43'],
  text: ['#1b1d22', '#f0f1f3'],
  'text-muted': ['#5a606c', '#a9aeb9'],
  accent: ['#1f5f8b', '#8fc4ea'],
  control: ['#ffffff', '#33363b'],
  'control-hover': ['#f0f2f5', '#3d4147'],
  'control-line': ['#7d838e', '#777d88'],
  good: ['#17713d', '#6fd195'],
  bad: ['#c22f2f', '#f28b82'],
} as const;

/** For a person who wants more contrast. */
const strongColours = {
  line: ['#4a4f59', '#b4b9c3'],
  text: ['#000000', '#ffffff'],
  'text-muted': ['#2c3038', '#dfe2e8'],
  accent: ['#123a9c', '#b9ceff'],
  'control-line': ['#1b1d22', '#f0f1f3'],
  good: ['#0b5129', '#9be8b8'],
  bad: ['#951818', '#ffb4ae'],
} as const;

function tokens(of: Readonly<Record<string, readonly [string, string]>>, brightness: 0 | 1): string {
  return Object.entries(of)
    .map(([name, values]) => `--${name}:${values[brightness]}`)
    .join(';');
}

const style = `
:root{color-scheme:light dark;${tokens(colours, 0)}}
@media (prefers-color-scheme:dark){:root{${tokens(colours, 1)}}}
@media (prefers-contrast:more){:root{${tokens(strongColours, 0)}}}
@media (prefers-contrast:more) and (prefers-color-scheme:dark){:root{${tokens(strongColours, 1)}}}
*{box-sizing:border-box}
html{background:var(--ground);color:var(--text);font:1rem/1.5 system-ui,-apple-system,"Segoe UI","Noto Sans",sans-serif}
body{display:grid;place-content:center;grid-template-columns:minmax(0,30rem);min-height:100vh;margin:0;padding:1rem;overflow-wrap:anywhere}
main{padding:clamp(1.25rem,6vw,2rem);background:var(--surface);border:1px solid var(--line);border-radius:.75rem}
.app{display:flex;align-items:center;gap:.5rem;margin:0 0 1.5rem;color:var(--text-muted);font-size:.875rem;font-weight:600}
.app svg{flex:none;width:1.5rem;height:1.5rem}
.mark{display:block;width:2.5rem;height:2.5rem;margin:0 0 .75rem}
.good{color:var(--good)}.bad{color:var(--bad)}.question{color:var(--accent)}
h1{margin:0 0 .5rem;font-size:1.5rem;font-weight:600;line-height:1.25;text-wrap:balance}
p{margin:.75rem 0 0;text-wrap:pretty}
.action{display:inline-block;margin-top:.75rem;padding:.5rem 1.25rem;background:var(--control);border:1px solid var(--control-line);border-radius:.5rem;color:var(--text);font-weight:600;text-decoration:none}
.action:hover{background:var(--control-hover)}
.action:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
dl{display:grid;grid-template-columns:auto minmax(0,1fr);gap:.25rem .75rem;margin:1.5rem 0 0;padding:1rem 0 0;border-top:1px solid var(--line);color:var(--text-muted);font-size:.8125rem}
dd{margin:0;font-family:ui-monospace,"SF Mono","Cascadia Mono","Noto Sans Mono","DejaVu Sans Mono",monospace}
@media (forced-colors:active){.mark{color:CanvasText}}
@media (max-width:24rem){dl{grid-template-columns:minmax(0,1fr);gap:0}dd+dt{margin-top:.5rem}}
`;

/** R12: no script, nothing from other servers, one style, named by its hash. L3b: never in a frame. */
const securityPolicy = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The headers of every page. Pages differ only in what they may load. */
export function pageHeaders(contentSecurityPolicy: string): Record<string, string> {
  return {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': contentSecurityPolicy,
    'Referrer-Policy': 'no-referrer',
    'X-Frame-Options': 'DENY',
    'Cross-Origin-Opener-Policy': 'same-origin',
  };
}

/** The app's icon (`build/icons/loopgate.svg`) without its gradient, which would need an address. */
const icon =
  '<svg viewBox="0 0 512 512" aria-hidden="true"><rect x="24" y="24" width="464" height="464" rx="108" fill="#2a75a8"/><path d="M126 390H208V328A124 124 0 1 1 304 328V390H386" fill="none" stroke="#fff" stroke-width="50" stroke-linecap="round" stroke-linejoin="round"/><circle cx="256" cy="214" r="44" fill="#8fe3c0"/></svg>';

type Kind = 'good' | 'bad' | 'question';

const circle = '<circle cx="24" cy="24" r="21" fill="none" stroke="currentColor" stroke-width="3"/>';
const stroke = 'fill="none" stroke="currentColor" stroke-width="4" stroke-linecap="round" stroke-linejoin="round"';
const signs: Readonly<Record<Kind, string>> = {
  good: `<path d="M14 25l7 7 13-15" ${stroke}/>`,
  bad: `<path d="M24 13v14" ${stroke}/><circle cx="24" cy="34" r="2.5" fill="currentColor"/>`,
  question: `<path d="M18 19a6 6 0 1 1 9 5.2c-2 1.2-3 2.3-3 4.3" ${stroke}/><circle cx="24" cy="35" r="2.5" fill="currentColor"/>`,
};

function markOf(kind: Kind): string {
  return `<svg class="mark ${kind}" viewBox="0 0 48 48" aria-hidden="true">${circle}${signs[kind]}</svg>`;
}

/** Escapes every text from outside (R12). */
function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

interface Content {
  readonly kind: Kind;
  readonly title: string;
  readonly paragraphs: readonly string[];
  readonly action?: { readonly label: string; readonly address: string };
  /** The details for a bug report. */
  readonly facts?: Readonly<Record<string, string>>;
}

function page(status: number, { kind, title, paragraphs, action, facts }: Content): Answer {
  const heading = escapeHtml(title);
  const body = [
    `<p class="app">${icon}Loopgate</p>`,
    markOf(kind),
    `<h1>${heading}</h1>`,
    // The provider's text may have the other writing direction.
    ...paragraphs.map((text) => `<p dir="auto">${escapeHtml(text)}</p>`),
    action ? `<p><a class="action" href="${escapeHtml(action.address)}">${escapeHtml(action.label)}</a></p>` : '',
    facts ? `<dl>${Object.entries(facts).map(factOf).join('')}</dl>` : '',
  ].join('');
  return {
    status,
    headers: pageHeaders(securityPolicy),
    body: `<!doctype html><html lang="${spoken().texts.language}"><head><meta charset="utf-8"><meta name="color-scheme" content="light dark"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${heading} – Loopgate</title><style>${style}</style></head><body><main>${body}</main></body></html>`,
  };
}

function factOf([name, value]: [string, string]): string {
  return `<dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd>`;
}

/**
 * The page after a login.
 * @param requestedBy - a program gets the code and continues by itself; otherwise the person is now signed in
 */
export function signedInPage(requestedBy: 'loopgate' | 'program'): Answer {
  const { pages: words } = spoken().texts;
  return page(200, {
    kind: 'good',
    title: requestedBy === 'loopgate' ? words.signedIn : words.loginReceived,
    paragraphs: [requestedBy === 'loopgate' ? words.received : words.passedOn, words.closeTab],
  });
}

/**
 * The page after a failed login, or after a callback without a login (R9, R13): the reason, the next step and the id in
 * the log.
 */
export function failedPage({ code, happenedText, nextText, id }: LoopgateError, status: number): Answer {
  const { pages: words, said } = spoken().texts;
  const paragraphs =
    code === 'unknown_state'
      ? [words.nobodyWaited, words.startAgain]
      : // The id stands below, in its own row.
        [said(id === undefined ? happenedText : message(`${code}.happened`)), said(nextText)];
  return page(status, {
    kind: 'bad',
    title: words.failures[code] ?? words.failed,
    paragraphs,
    facts: { [words.code]: code, ...(id !== undefined && { [words.idInLog]: id }) },
  });
}

/**
 * The page for a login's address that is unknown, and for a browser that may not use it. It does not say which (R16).
 */
export function noLoginPage(): Answer {
  const { pages: words } = spoken().texts;
  return refusal(words.noLogin, [words.noLoginText, words.noLoginNext, words.browserElsewhere]);
}

/** The page for a login's address that another browser has followed (R16). */
export function usedLoginPage(): Answer {
  const { pages: words } = spoken().texts;
  return page(403, { kind: 'bad', title: words.usedLogin, paragraphs: [words.usedLoginText, words.usedLoginNext] });
}

/** The page for a login that ends in a browser that may not bring it (R16). */
export function foreignBrowserPage(): Answer {
  const { pages: words } = spoken().texts;
  return refusal(words.foreignBrowser, [words.foreignBrowserText, words.foreignBrowserNext]);
}

/** The connection ends with this page, as with the JSON error of this code. */
function refusal(title: string, paragraphs: readonly string[]): Answer {
  const { pages: words } = spoken().texts;
  const { headers, ...rest } = page(403, {
    kind: 'bad',
    title,
    paragraphs,
    facts: { [words.code]: 'forbidden_origin' },
  });
  return { ...rest, headers: { ...headers, Connection: 'close' } };
}

/** The answer of `/v2/logout` to a program: a short page, which clients read as a string. */
export function signedOutPage(): Answer {
  const { pages: words } = spoken().texts;
  return page(200, {
    title: words.signedOut,
    paragraphs: [words.forgotten, words.closeTab],
    kind: 'good',
  });
}

/**
 * The question of `/v2/logout` to a person whose browser came there. A page, a mail or a program may have sent it.
 * @param address - performs the sign-out
 */
export function confirmSignOutPage(address: string): Answer {
  const { pages: words } = spoken().texts;
  return page(200, {
    title: words.confirm,
    paragraphs: [words.confirmText, words.confirmElse],
    kind: 'question',
    action: { label: words.signOut, address },
  });
}

/** The page for a result that has expired. A browser's history may still have its address. */
export function finishedPage(): Answer {
  const { pages: words } = spoken().texts;
  return page(200, {
    title: words.finished,
    paragraphs: [words.closeTab],
    kind: 'good',
  });
}
