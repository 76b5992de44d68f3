import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ProxyFailure, providerFetch } from '../../main/broker/provider/providerFetch.ts';
import { errorTable, LoopgateError } from '../../main/errors/errors.ts';
import { settingsTable } from '../../main/settings/settingsTable.ts';
import { english } from './english.ts';
import { germanSentences } from './germanSentences.ts';
import { languages, type Texts, textsFor } from './index.ts';
import { saidWith } from './sentences.ts';

const projectFolder = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** A text at its path (`signedIn.endsAt`): as it is, or as a function gives it for sample arguments. */
type Found = Readonly<Record<string, readonly string[]>>;

/** What stands for every name, address and time: nothing that a text could have of itself. */
const samples = ['⟦A⟧', '⟦B⟧'];
/** Functions that count. */
const counting = ['removal.kept', 'questions.title', 'unanswered.title', 'consent.more', 'attention.missed'];
/** Functions for which there may be nothing to say. */
const optional = ['freshness.unverified', 'freshness.stale', 'attention.switched', 'notifications.switched'];
optional.push('notifications.signedIn');
/** What stays as it is in another language. */
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

// --- what is said in English where it happens -----------------------------------------------------------------------------

const said = saidWith(germanSentences);
const placeholders = (text: string) => (text.match(/\{\w+\}/g) ?? []).sort();
/** A sentence of the sources with its `${...}` filled in: by a word that no sentence has. */
const filled = (template: string) =>
  // `more` is of the headless host alone: what may follow on the terminal.
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source.
  template.replaceAll('${more}', '').replaceAll(/\$\{(?:[^{}]|\{[^{}]*\})*\}/g, 'x1');

function expectGoodMarks(text: string, at: string): void {
  expect(text, at).not.toMatch(/["”]|\.\.\./);
  expect(text.split('„').length, at).toBe(text.split('“').length);
}

/** Every literal text of several words in a source that is named as one for people, is thrown, or is what a function gives. */
function sentencesIn(source: string): string[] {
  const literal =
    /(?:\b(?:happened|next|why|notice|blocked|reason):\s*(?:[\w.]+ \? )?|\breturn (?:[^;'`"\n]+ \? )?|\bnew \w*(?:Error|Unavailable|Unreadable)\(\s*)(['"`])((?:\\.|(?!\1).)*)\1/gs;
  const found = [...source.matchAll(literal)].map(([, , text = '']) => filled(text.replaceAll("\\'", "'")));
  return found.filter((text) => /[a-z0-9] [a-z]/.test(text));
}

/** Where what the window or a page may say comes from; the errors of requests (`main/api/`) are for programs alone. */
const speaking = [
  ...[
    'session/accounts',
    'broker',
    'login/deviceLogin',
    'session/otherApiTokens',
    'provider/provider',
    'provider/providerChecks',
    'provider/providerErrors',
  ],
  ...[
    'provider/providerFetch',
    'session/refreshTokenUse',
    'session/session',
    'session/sessionProfile',
    'session/vault',
  ],
].map((name) => `main/broker/${name}.ts`);
speaking.push(
  'main/errors/errors.ts',
  'main/access/gate.ts',
  ...['handedSockets', 'httpServer', 'listen', 'listenErrors', 'refusedPorts'].map(
    (name) => `main/listener/${name}.ts`,
  ),
  'main/host/host.ts',
  'main/storage/jsonFile.ts',
  'main/storage/systemVault.ts',
  'main/storage/otherSessions.ts',
  'main/storage/vaultPlace.ts',
);
speaking.push(
  'main/storage/sealedFile.ts',
  'main/desktop/system/safeStorageProtection.ts',
  'main/desktop/hostActions.ts',
);
/** What only a program is told, or who develops Loopgate. */
const forPrograms = [
  'Nobody with this id is signed in here.',
  'GET /users lists those who are.',
  'A token for another API needs a refresh token, and the provider granted no offline_access.',
  'The person has allowed another run of this program, once.',
  'Ask again: they are asked about this one.',
  'A browser carries the requests of any page and extension, so it is never allowed.',
  'Call from a program, or add the origin of your page or extension to the setting "origins".',
  'This program is not on the list of those that may use the sign-in.',
  'Ask the person to allow it in the list of programs of Loopgate.',
  'The person was asked whether this program may use their sign-in, and has not answered.',
  'Ask them to allow it in the list of programs of Loopgate, or try again in ten minutes.',
  'LOOPGATE_DEMO works with "npm start" and "npm run serve": they start the demo provider.',
  'there is nothing to choose: this is decided by the system',
  // Asked for by the command alone.
  'The identity provider does not sign in on another device (RFC 8628).',
  'Sign in with the browser.',
  'A sign-in on another device waits already, which another program has started.',
  'Finish or cancel that one, or sign in with the browser.',
  // Of the sockets that systemd hands over to the headless host, which says it on the terminal.
  'No socket was handed over.',
  'The sockets that were handed over are not one of each family with the same port. The socket unit must have ListenStream=127.0.0.1:1000 and ListenStream=[::1]:1000, and no other.',
  'The socket that was handed over has port x1, and LOOPGATE_PORT or "port" is x1. Set both to the same, or remove the setting.',
  'A socket that was handed over cannot be used (x1). LISTEN_FDS must be the listening TCP sockets of 127.0.0.1 and ::1.',
  'No socket for x1 was handed over, and port x1 cannot be opened there (x1). Add ListenStream=x1:x1 to the socket unit.',
  'A socket that was handed over listens on x1. Loopgate serves 127.0.0.1 and ::1 alone: correct ListenStream= in the socket unit.',
  // Two sentences, of which the first is one of several: see below.
  'x1 A session that exists is kept.',
];

describe('German for what is said in English where it happens', () => {
  it.each(speaking)('says all of %s', (file) => {
    const found = sentencesIn(readFileSync(join(projectFolder, file), 'utf8'));
    const left = found.filter((text) => !forPrograms.includes(text) && said(text) === text);
    expect(left).toEqual([]);
  });

  it('finds what a source says', () => {
    const source =
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source.
      "{ happened: `It failed (${why}).`, next: 'Do it now.' } throw new VaultUnreadable('it\\'s not there')";
    expect(sentencesIn(source)).toEqual(['It failed (x1).', 'Do it now.', "it's not there"]);
  });

  it('says every error by its code', () => {
    for (const { happened, next } of Object.values(errorTable)) {
      expect(said(happened)).not.toBe(happened);
      expect(said(next)).not.toBe(next);
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
    expect(said(error.happened)).not.toBe(error.happened);
    const kept = ' A session that exists is kept.';
    expect(error.next.endsWith(kept)).toBe(true);
    const [next, rest] = said(error.next).split(' Eine bestehende Anmeldung bleibt erhalten.');
    expect(rest).toBe('');
    expect(next).not.toBe(error.next.slice(0, -kept.length));
  });

  it('says what was expected of every setting of the window', () => {
    for (const field of ['issuer', 'clientId', 'audience', 'port', 'guard', 'theme'] as const) {
      const { expected } = settingsTable[field];
      expect(said(`Expected ${expected}.`)).toMatch(/^Erwartet: /);
      expect(said(expected)).not.toBe(expected);
    }
  });

  it.each(germanSentences)('loses nothing of: %s', (sentence, translated) => {
    expect(placeholders(translated)).toEqual(placeholders(sentence));
    expectGoodMarks(translated, sentence);
    expect(translated).not.toBe(sentence);
  });

  it.each(germanSentences)('is found, and by no other entry: %s', (sentence, translated) => {
    const numbered = (text: string) => text.replaceAll(/\{(\w+)\}/g, (_, name: string) => `«${name}»`);
    expect(said(numbered(sentence))).toBe(numbered(translated));
  });

  it.each<[string, string]>([
    // Several sentences, each with its own.
    [
      'Port 1000 is taken by another program. Port 5323 is taken by another program. Loopgate uses port 39300 instead.',
      'Port 1000 ist von einem anderen Programm belegt. Port 5323 ist von einem anderen Programm belegt. Loopgate nutzt stattdessen Port 39300.',
    ],
    // A reason within a reason.
    [
      'You are signed out: the stored sign-in is damaged; it was kept as /home/ada/session.json.',
      'Abgemeldet: die gespeicherte Anmeldung ist beschädigt; sie wurde als /home/ada/session.json aufbewahrt.',
    ],
    // A provider's own words stay, also where they are words of ours.
    [
      'The identity provider answered with an error (invalid_scope: Nobody is signed in.).',
      'Der Anbieter hat mit einem Fehler geantwortet (invalid_scope: Nobody is signed in.).',
    ],
    [
      'The sign-in was denied (access_denied: Nur im Büro.).',
      'Die Anmeldung wurde abgelehnt (access_denied: Nur im Büro.).',
    ],
    // What nobody knows.
    ['It rains. There is nothing to be done.', 'It rains. There is nothing to be done.'],
    ['', ''],
  ])('%s', (sentence, translated) => {
    expect(said(sentence)).toBe(translated);
  });
});

// --- nothing is said beside the texts -------------------------------------------------------------------------------------

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
