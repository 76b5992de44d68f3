import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ProxyFailure, providerFetch } from '../../main/broker/provider/providerFetch.ts';
import { type ErrorCode, errorTable, LoopgateError, messageOf } from '../../main/errors/errors.ts';
import { settingsTable } from '../../main/settings/settingsTable.ts';
import { english } from './english.ts';
import { englishMessages } from './englishMessages.ts';
import { germanMessages } from './germanMessages.ts';
import { languages, type Texts, textsFor } from './index.ts';
import { inEnglish, type Message, type MessageId, message, sayIn, verbatim } from './messages.ts';

const projectFolder = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** A text at its path (`signedIn.endsAt`): as it is, or as a function gives it for sample arguments. */
type Found = Readonly<Record<string, readonly string[]>>;

/** Stands for every name, address and time: a value that cannot occur in a text. */
const samples = ['⟦A⟧', '⟦B⟧'];
/** Functions that count. */
const counting = ['removal.kept', 'questions.title', 'unanswered.title', 'consent.more', 'attention.missed'];
/** Functions for which there may be nothing to say. */
const optional = ['freshness.unverified', 'freshness.stale', 'attention.switched', 'notifications.switched'];
optional.push('notifications.signedIn');
/** Texts that stay the same in another language. */
const sameInGerman = [
  'appName',
  'settings.port',
  'settings.startAtLogin',
  'signedIn.api',
  'provider.audience',
  'footer.version',
  'pages.code',
];

function textsOf(texts: object, path = ''): Found {
  const found: Record<string, readonly string[]> = {};
  for (const [name, value] of Object.entries(texts)) {
    const at = path === '' ? name : `${path}.${name}`;
    if (at === 'said' || at === 'language') continue;
    if (typeof value === 'string') found[at] = [value];
    else if (typeof value === 'function') found[at] = callsOf(at, value as (...given: unknown[]) => string);
    else Object.assign(found, textsOf(value as object, at));
  }
  return found;
}

function callsOf(at: string, text: (...given: unknown[]) => string): string[] {
  if (counting.includes(at)) return [text(1), text(2), text(4711)];
  const said = [text(...samples)];
  if (optional.includes(at)) said.push(text(undefined));
  return said;
}

const twice = (text: string): [string, string] => [text, text];

function expectGoodMarks(text: string, at: string): void {
  expect(text, at).not.toMatch(/["”]|\.\.\./);
  expect(text.split('„').length, at).toBe(text.split('“').length);
}

const translations = languages
  .filter((texts) => texts !== english)
  .map((texts): [string, Texts] => [texts.language, texts]);
const own = textsOf(english);

describe.each(translations)('the texts in "%s"', (_tag, texts) => {
  const theirs = textsOf(texts);

  it('has every text, and none that there is not in English', () => {
    expect(Object.keys(theirs)).toEqual(Object.keys(own));
    for (const [at, said] of Object.entries(theirs)) expect(said.join('').trim(), at).not.toBe('');
  });

  it('no text is the English one by accident', () => {
    const same = Object.keys(own).filter(
      (at) =>
        own[at]
          ?.join('\n')
          .replaceAll(/⟦.⟧/g, '')
          .replaceAll(/[\W\d]/g, '') !== '',
    );
    expect(same.filter((at) => theirs[at]?.join('\n') === own[at]?.join('\n')).sort()).toEqual(
      [...sameInGerman].sort(),
    );
  });

  it('no text loses what it is about', () => {
    for (const [at, said] of Object.entries(own)) {
      for (const [index, text] of said.entries()) {
        for (const part of [...samples, '4711']) {
          if (text.includes(part)) expect(theirs[at]?.[index], at).toContain(part);
        }
      }
    }
  });

  it('no text has a straight quotation mark, half a quotation, or three full stops', () => {
    for (const [at, said] of Object.entries(theirs)) expectGoodMarks(said.join('\n'), at);
  });
});

describe('the language', () => {
  it.each<[string, string[], string]>([
    ['nothing is known', [], 'en'],
    ['the language alone', ['de'], 'de'],
    ['a region', ['de-AT'], 'de'],
    ['as POSIX has it', ['de_CH.UTF-8', 'de'], 'de'],
    ['in capitals', ['DE-de'], 'de'],
    ['English first', ['en-GB', 'de'], 'en'],
    ['German first', ['de', 'en'], 'de'],
    ['one that there is not, then German', ['fr', 'de'], 'de'],
    ['only what there is not', ['fr-FR', 'c', 'tlh'], 'en'],
    ['nonsense', ['', '-', 'denmark'], 'en'],
  ])('%s: %j is %s', (_what, tags, language) => {
    expect(textsFor(tags).language).toBe(language);
  });
});

// --- messages -------------------------------------------------------------------------------------------------------------

const said = sayIn(germanMessages);
const ids = Object.keys(englishMessages) as MessageId[];
/** Texts that are the same in German. */
const sameMessages = ['ownerNamed'];

describe('what is said where it happens', () => {
  it.each(ids)('in German and with good marks: %s', (id) => {
    const german = germanMessages[id];
    expectGoodMarks(german, id);
    expect(german === englishMessages[id]).toBe(sameMessages.includes(id));
  });

  it.each(ids)('has what differs from one time to the next, once it is said: %s', (id) => {
    const names = [...englishMessages[id].matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
    const one = { id, values: Object.fromEntries(names.map((name) => [name, `«${name}»`])) };
    for (const text of [inEnglish(one), said(one)]) {
      expect(text).not.toMatch(/[{}]/);
      for (const name of names) expect(text).toContain(`«${name}»`);
    }
  });

  it('says every error by its code', () => {
    for (const code of Object.keys(errorTable) as ErrorCode[]) {
      const error = new LoopgateError(code);
      expect(error.message).toBe(`${errorTable[code].happened} ${errorTable[code].next}`);
      expect(said(error.text)).toBe(`${germanMessages[`${code}.happened`]} ${germanMessages[`${code}.next`]}`);
    }
  });

  it.each([
    new ProxyFailure('status 407', 'proxy.example:3128'),
    new ProxyFailure('status 407', undefined),
    new ProxyFailure('net::ERR_TUNNEL_CONNECTION_FAILED', 'proxy.example:3128'),
    new ProxyFailure('net::ERR_TUNNEL_CONNECTION_FAILED', undefined),
    new ProxyFailure('net::ERR_PROXY_CONNECTION_FAILED', 'proxy.example:3128'),
    new ProxyFailure('net::ERR_SOCKS_CONNECTION_FAILED', undefined),
    new Error('net::ERR_CERT_AUTHORITY_INVALID'),
    new Error('net::ERR_CERT_DATE_INVALID'),
    new Error('net::ERR_CERT_COMMON_NAME_INVALID'),
  ])('says what stands between Loopgate and the provider (%s)', async (failure) => {
    const options = { method: 'GET', headers: {}, body: undefined, redirect: 'manual' } as const;
    const asked = providerFetch(() => Promise.reject(failure))('https://login.company.example/token', options);
    const error: unknown = await asked.catch((thrown: unknown) => thrown);
    if (!(error instanceof LoopgateError)) throw error;
    expect(said(error.happenedText)).not.toBe(error.happened);
    const kept = ' A session that exists is kept.';
    expect(error.next.endsWith(kept)).toBe(true);
    const [next, rest] = said(error.nextText).split(' Eine bestehende Anmeldung bleibt erhalten.');
    expect(rest).toBe('');
    expect(next).not.toBe(error.next.slice(0, -kept.length));
  });

  it('says what was expected of every setting of the window', () => {
    for (const field of ['issuer', 'clientId', 'audience', 'port', 'guard', 'theme'] as const) {
      const { expected } = settingsTable[field];
      expect(said(expected)).not.toBe(inEnglish(expected));
    }
  });

  it.each<[Message, string, string]>([
    // Several sentences, each with its own.
    [
      message('portInstead', {
        reasons: [message('portTakenByOther', { port: 1000 }), message('portTakenByOther', { port: 5323 })],
        port: 39300,
      }),
      'Port 1000 is taken by another program. Port 5323 is taken by another program. Loopgate uses port 39300 instead.',
      'Port 1000 ist von einem anderen Programm belegt. Port 5323 ist von einem anderen Programm belegt. Loopgate nutzt stattdessen Port 39300.',
    ],
    // A reason within a reason.
    [
      message('signedOutBecause', {
        reason: message('keptAs', { reason: message('storedDamaged'), path: '/home/ada/session.json' }),
      }),
      'You are signed out: the stored sign-in is damaged; it was kept as /home/ada/session.json.',
      'Abgemeldet: die gespeicherte Anmeldung ist beschädigt; sie wurde als /home/ada/session.json aufbewahrt.',
    ],
    // A provider's own words stay, also where they are words of ours, or look like a name to fill in.
    [
      message('answeredWithError', { words: 'invalid_scope: Nobody is signed in. {words} {id}' }),
      'The identity provider answered with an error (invalid_scope: Nobody is signed in. {words} {id}).',
      'Der Anbieter hat mit einem Fehler geantwortet (invalid_scope: Nobody is signed in. {words} {id}).',
    ],
    [
      message('signInDenied', { words: 'access_denied: Nur im Büro.' }),
      'The sign-in was denied (access_denied: Nur im Büro.).',
      'Die Anmeldung wurde abgelehnt (access_denied: Nur im Büro.).',
    ],
    // A text that Loopgate does not know.
    [verbatim('It rains. There is nothing to be done.'), ...twice('It rains. There is nothing to be done.')],
    [messageOf(new Error('It rains.')), ...twice('It rains.')],
    [messageOf('It rains.'), ...twice('It rains.')],
    [verbatim(''), ...twice('')],
  ])('%#: %s', (one, english, german) => {
    expect(inEnglish(one)).toBe(english);
    expect(said(one)).toBe(german);
  });
});

// --- there are no texts outside these files -------------------------------------------------------------------------------

/** Where only {@link english} may have words for a person. */
const wordless = [
  'tray/attention',
  'windows/consentWindow',
  'tray/notifications',
  'settings/removal',
  'settings/settingsEditor',
  'tray/tray',
  'view/view',
  'windows/mainWindow',
];

/** The app's name, and names of files and fonts. */
const allowed = [
  'Loopgate',
  'settings.json',
  'programs.json',
  'logs',
  'Segoe UI',
  'Noto Sans',
  'Cascadia Mono',
  'Noto Sans Mono',
];

/** Words between tags, or in an attribute that is read out. */
function wordsInPage(source: string): string[] {
  const code = source.replaceAll(/\/\*.*?\*\/|^\s*\/\/.*$/gms, '');
  const between = [...code.matchAll(/[a-z"'}/]>([^<>{}=;()|&]*[A-Za-z]{2}[^<>{}=;()|&]*)<\/?[a-z]/gs)];
  const attributes = [
    ...code.matchAll(/\b(?:title|alt|placeholder|label|busy|aria-label)=(?:\{\s*)?["'`]([^"'`]*[A-Za-z]{2})/g),
  ];
  return [...between, ...attributes].map(([, words = '']) => words.trim());
}

/** Texts with a space between two words, or that begin with a capital as a label does. */
function wordsInCode(source: string): string[] {
  const code = source
    .replaceAll(/\/\*.*?\*\/|(?<=^|\s)\/\/.*$/gms, '')
    .replaceAll(/^(import|\} from)\b.*$/gm, '')
    .replaceAll(/\$\{[^{}]*\}/g, 'x');
  return [...code.matchAll(/(['"`])((?:\\.|(?!\1)[^\n])*)\1/g)]
    .map(([, , text = '']) => text)
    .filter((text) => /[a-z]{2,} [a-z]{2,}|^[A-Z][a-z]+( |…|$)/.test(text));
}

describe('no text for a person is beside the texts', () => {
  const pages = readdirSync(join(projectFolder, 'renderer'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.tsx'),
  );

  it.each(pages)('in renderer/%s', (name) => {
    const left = wordsInPage(readFileSync(join(projectFolder, 'renderer', name), 'utf8'));
    expect(left.filter((text) => !allowed.includes(text))).toEqual([]);
  });

  it.each([...wordless.map((name) => `main/desktop/${name}.ts`), 'main/api/pages.ts'])('in %s', (file) => {
    const left = wordsInCode(readFileSync(join(projectFolder, file), 'utf8'));
    expect(left.filter((text) => !allowed.includes(text) && !text.startsWith('<') && !text.includes('="'))).toEqual([]);
  });

  it.each([
    '<p>Signed in</p>',
    '<p class="x">\n  Signed in\n</p>',
    '<b>{name}</b> is here <i />',
    '<img alt="A face" />',
    "<Field label={'Port'} />",
  ])('sees the words in %s', (source) => {
    expect(wordsInPage(source)).toHaveLength(1);
  });

  it.each(["label: 'Quit'", "return 'signed in now';", 'title: `Use it now or never`'])(
    'sees those in %s',
    (source) => {
      expect(wordsInCode(source)).toHaveLength(1);
    },
  );
});
