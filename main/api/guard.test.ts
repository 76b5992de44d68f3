import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { LoopgateError } from '../errors/errors.ts';
import { callbackPath } from '../protocol/protocol.ts';
import { type GuardPolicy, guard } from './guard.ts';
import { openPagePrefix } from './paths.ts';

const provider = 'https://tenant.example';
const listed = 'https://tool.example';
const unlisted = 'https://evil.example';
const webview = 'vscode-webview://1kq3t0fbc7f6q0c0m6q8o4d2h8';

const policy: GuardPolicy = {
  port: 1000,
  origins: [listed, 'vscode-webview:'],
  providerOrigins: [provider],
};

type Line = readonly [name: string, value: string];
const host: Line = ['Host', 'localhost:1000'];

function request(method: string, target: string, lines: readonly Line[]): IncomingMessage {
  const message = new IncomingMessage(new Socket());
  message.method = method;
  message.url = target;
  message.rawHeaders = lines.flat();
  return message;
}

/** 'passes', or the status that the request gets. */
function verdict(method: string, target: string, lines: readonly Line[], asked: Partial<GuardPolicy> = {}): string {
  try {
    const { origin } = guard(request(method, target, lines), { ...policy, ...asked });
    return origin === undefined ? 'passes' : `passes for ${origin}`;
  } catch (error) {
    if (!(error instanceof LoopgateError)) throw error;
    return error.code === 'invalid_request' ? '400' : error.code === 'forbidden_origin' ? '403' : error.code;
  }
}

const fetched = (site: string, mode: string, dest: string): Line[] => [
  ['Sec-Fetch-Site', site],
  ['Sec-Fetch-Mode', mode],
  ['Sec-Fetch-Dest', dest],
];
const navigation = (site: string) => fetched(site, 'navigate', 'document');

describe('Host [L1]', () => {
  it.each<[string, string, string[]]>([
    ['passes', 'localhost', ['localhost:1000']],
    ['passes', '127.0.0.1', ['127.0.0.1:1000']],
    ['passes', '[::1]', ['[::1]:1000']],
    ['400', 'none', []],
    ['400', 'two, equal', ['localhost:1000', 'localhost:1000']],
    ['400', 'two, the second evil', ['localhost:1000', 'evil.example:1000']],
    ['403', 'empty', ['']],
    ['403', 'a rebound name', ['evil.example:1000']],
    ['403', 'no port', ['localhost']],
    ['403', 'another port', ['localhost:1001']],
    ['403', 'a longer port', ['localhost:10000']],
    ['403', 'the port with a zero before', ['localhost:01000']],
    ['403', 'a port that is not decimal', ['localhost:0x3e8']],
    ['403', 'an empty port', ['localhost:']],
    ['403', 'upper case', ['LOCALHOST:1000']],
    ['403', 'a trailing dot', ['localhost.:1000']],
    ['403', 'a name under localhost', ['evil.localhost:1000']],
    ['403', 'a name that begins like it', ['localhost.evil.example:1000']],
    ['403', 'userinfo', ['localhost@evil.example:1000']],
    ['403', 'userinfo before it', ['evil@localhost:1000']],
    ['403', 'a path', ['localhost:1000/']],
    ['403', 'two in one line', ['localhost:1000, evil.example']],
    ['403', 'another loopback address', ['127.0.0.2:1000']],
    ['403', 'a short form of the address', ['127.1:1000']],
    ['403', 'the address as one number', ['2130706433:1000']],
    ['403', 'the address in octal', ['0177.0.0.1:1000']],
    ['403', 'any address', ['0.0.0.0:1000']],
    ['403', 'the mapped address', ['[::ffff:127.0.0.1]:1000']],
    ['403', '::1 written out', ['[0:0:0:0:0:0:0:1]:1000']],
    ['403', '::1 without brackets', ['::1:1000']],
  ])('%s for Host that is %s', (expected, _name, hosts) => {
    const lines = hosts.map((value): Line => ['hOsT', value]);
    expect(verdict('GET', '/userinfo', lines)).toBe(expected);
  });

  it('on port 80, which a client leaves out, the bare names are right', () => {
    expect(verdict('GET', '/', [['Host', 'localhost']], { port: 80 })).toBe('passes');
    expect(verdict('GET', '/', [['Host', 'localhost:1000']], { port: 80 })).toBe('403');
  });

  it.each(['*', '', 'http://localhost:1000/userinfo', 'localhost:1000', 'userinfo', '/userinfo#part'])(
    'a request target %j is not in origin form: 400',
    (target) => {
      expect(verdict('GET', target, [host])).toBe('400');
    },
  );

  it('Host is looked at even when everything else is fine', () => {
    const lines: Line[] = [['Host', 'evil.example'], ['Origin', provider], ...navigation('cross-site')];
    expect(verdict('POST', callbackPath, lines)).toBe('403');
  });
});

describe('Origin [L2]', () => {
  it.each<[string, string, string]>([
    ['403', '/userinfo', unlisted],
    ['403', '/userinfo', 'null'],
    ['403', '/userinfo', ''],
    ['403', '/userinfo', provider],
    ['passes', '/userinfo', 'http://localhost:1000'],
    ['403', '/userinfo', 'http://localhost'],
    ['403', '/userinfo', 'http://localhost/'],
    ['403', '/userinfo', 'http://localhost:1000/'],
    ['403', '/userinfo', 'https://localhost:1000'],
    ['403', '/userinfo', 'http://127.0.0.1:1000'],
    ['403', '/userinfo', 'http://localhost:3000'],
    ['403', '/userinfo', 'app://obsidian.md'],
    ['403', '/userinfo', 'chrome-extension://abcdefghijklmnop'],
    [`passes for ${listed}`, '/userinfo', listed],
    ['403', '/userinfo', 'https://tool.example:8443'],
    ['403', '/userinfo', 'http://tool.example'],
    ['403', '/userinfo', 'https://tool.example.evil.example'],
    ['403', '/userinfo', 'https://sub.tool.example'],
    ['403', '/userinfo', 'https://TOOL.example'],
    ['403', '/userinfo', 'https://tool.example/'],
    ['403', '/userinfo', `${listed} ${unlisted}`],
    [`passes for ${webview}`, '/userinfo', webview],
    ['403', '/userinfo', 'vscode-webview:'],
    ['403', '/userinfo', 'vscode-webview.evil.example'],
    ['403', '/userinfo', 'https://vscode-webview://x'],
    ['403', '/userinfo', 'vscode-webview-evil://x'],
    ['passes', callbackPath, provider],
    ['passes', callbackPath, 'null'],
    ['passes', callbackPath, unlisted],
    ['passes', callbackPath, 'https://login.live.com'],
    ['403', callbackPath, 'http://evil.example'],
    ['403', callbackPath, 'http://localhost:3000'],
    ['403', callbackPath, 'app://obsidian.md'],
    ['403', callbackPath, ''],
    ['403', '/userinfo', 'https://login.live.com'],
    ['403', `${callbackPath}/`, unlisted],
    ['403', `${callbackPath}/`, 'null'],
    ['403', `${callbackPath}x`, 'null'],
    ['403', `/userinfo?${callbackPath}`, 'null'],
    ['403', `/x/..${callbackPath}`, provider],
    ['403', `${callbackPath.toUpperCase()}`, provider],
    ['403', `${openPagePrefix}1`, 'null'],
  ])('%s for a POST to %s with Origin %j', (expected, path, origin) => {
    expect(verdict('POST', path, [host, ['Origin', origin]])).toBe(expected);
  });

  it.each(['null', provider])(
    'a GET to the callback with Origin %s passes: a browser may send one after a redirect',
    (origin) => {
      const lines: Line[] = [host, ['Origin', origin], ...navigation('cross-site')];
      expect(verdict('GET', `${callbackPath}?code=c&state=s`, lines)).toBe('passes');
    },
  );

  it('two Origin lines are a 400, also when both are allowed', () => {
    expect(verdict('GET', '/userinfo', [host, ['Origin', listed], ['origin', listed]])).toBe('400');
  });

  it('a provider without https, as on this machine, is the one of the settings', () => {
    const local = 'http://localhost:8080';
    expect(verdict('POST', callbackPath, [host, ['Origin', local]], { providerOrigins: [local] })).toBe('passes');
    const unknown = { providerOrigins: [] };
    expect(verdict('POST', callbackPath, [host, ['Origin', local]], unknown)).toBe('403');
    expect(verdict('POST', callbackPath, [host, ['Origin', 'null']], unknown)).toBe('passes');
  });

  it.each<[string, Line[]]>([
    ['Origin', [['Origin', 'http://evil.example']]],
    ['Origin of an app', [['Origin', 'app://obsidian.md']]],
    ['Sec-Fetch-Site', [['Origin', unlisted], ...fetched('cross-site', 'cors', 'empty')]],
  ])('a callback that is refused by its %s has no advice to let that origin use the API', (_, lines) => {
    const refused = () => guard(request('POST', callbackPath, [host, ...lines]), policy);
    expect(refused).toThrow(/sign-in again/);
    expect(refused).not.toThrow(/"origins"/);
  });

  it.each(['null', unlisted])('no WebSocket passes at the callback (%s)', (origin) => {
    const lines: Line[] = [host, ['Origin', origin], ['Connection', 'Upgrade'], ['Upgrade', 'websocket']];
    expect(verdict('GET', callbackPath, lines)).toBe('403');
  });

  it.each(['null', provider])(
    'a script’s request to the callback is refused, whatever Origin it has (%s) [L3]',
    (origin) => {
      for (const site of ['cross-site', 'same-site', 'none']) {
        const lines: Line[] = [host, ['Origin', origin], ...fetched(site, 'cors', 'empty')];
        expect(verdict('POST', callbackPath, lines), site).toBe('403');
      }
    },
  );

  it('with an empty list nothing but the callback takes an Origin', () => {
    for (const origin of [listed, webview, 'null', provider]) {
      expect(verdict('GET', '/userinfo', [host, ['Origin', origin]], { origins: [] })).toBe('403');
    }
  });
});

describe('our own Origin, which WebSocket libraries of programs send by default [L2]', () => {
  const upgrade: Line[] = [
    ['Connection', 'Upgrade'],
    ['Upgrade', 'WebSocket'],
  ];
  const asked = (name: string, origin: string, ...more: Line[]) =>
    verdict('GET', '/user/stream', [['Host', `${name}:1000`], ['Origin', origin], ...more]);

  it.each(['localhost', '127.0.0.1', '[::1]'])('it passes at %s, and is no web page: no CORS answer', (name) => {
    const own = `http://${name}:1000`;
    expect(asked(name, own, ...upgrade)).toBe('passes');
    expect(asked(name, own)).toBe('passes');
    expect(asked(name, own, ['Sec-Fetch-Mode', 'cors'], ['User-Agent', 'node'])).toBe('passes');
  });

  it('on port 80 it has no port', () => {
    const lines: Line[] = [['Host', 'localhost'], ['Origin', 'http://localhost'], ...upgrade];
    expect(verdict('GET', '/user/stream', lines, { port: 80 })).toBe('passes');
  });

  it('`http://localhost/`, from the examples of Go, passes with a handshake alone', () => {
    expect(asked('127.0.0.1', 'http://localhost/', ...upgrade)).toBe('passes');
    expect(asked('127.0.0.1', 'http://localhost/')).toBe('403');
    expect(asked('127.0.0.1', 'http://localhost/', ['Connection', 'Upgrade'], ['Upgrade', 'h2c'])).toBe('403');
  });

  it.each([
    'http://localhost',
    'http://127.0.0.1/',
    'http://localhost:1000',
    'http://127.0.0.1:1001',
    'https://127.0.0.1:1000',
    'HTTP://127.0.0.1:1000',
    'http://127.0.0.1:1000/',
    'http://127.0.0.1:1000.evil.example',
    'http://localhost/.evil.example',
    'http://evil.example:1000',
    'null',
    '',
  ])('with a handshake at 127.0.0.1:1000 no other passes: %j', (origin) => {
    expect(asked('127.0.0.1', origin, ...upgrade)).toBe('403');
  });

  it.each<[string, Line[]]>([
    ['Chromium', [['User-Agent', 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/150.0.0.0 Safari/537.36']]],
    [
      'Firefox',
      [
        ['User-Agent', 'Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101'],
        ...fetched('same-origin', 'websocket', 'empty'),
      ],
    ],
    ['a browser that names itself otherwise', fetched('same-origin', 'websocket', 'websocket')],
    ['a browser, from another site', fetched('cross-site', 'websocket', 'websocket')],
  ])('a page of our own gains nothing by it: 403 for %s', (_name, lines) => {
    for (const origin of ['http://localhost:1000', 'http://localhost/']) {
      expect(asked('localhost', origin, ...upgrade, ...lines), origin).toBe('403');
      expect(asked('localhost', origin, ...lines), origin).toBe('403');
    }
  });

  it.each<[string, Line[], RegExp]>([
    [
      'a program',
      [],
      /A program leaves the Origin header out, or sends http:\/\/localhost:1000, the address that it calls/,
    ],
    ['a browser', [['User-Agent', 'Mozilla/5.0']], /to allow a web origin, add it to the setting "origins"/],
  ])('%s that is refused reads what it can do', (_name, lines, advice) => {
    const refused = request('GET', '/user/stream', [host, ['Origin', 'http://localhost:3000'], ...upgrade, ...lines]);
    expect(() => guard(refused, policy)).toThrow(advice);
  });
});

const hostile: [string, string, Line[]][] = [
  ['fetch GET', 'GET', [['Origin', unlisted], ...fetched('cross-site', 'cors', 'empty')]],
  ['fetch POST text/plain', 'POST', [['Origin', unlisted], ...fetched('cross-site', 'cors', 'empty')]],
  ['no-cors fetch', 'GET', fetched('cross-site', 'no-cors', 'empty')],
  ['img', 'GET', fetched('cross-site', 'no-cors', 'image')],
  ['script', 'GET', fetched('cross-site', 'no-cors', 'script')],
  ['iframe', 'GET', fetched('cross-site', 'navigate', 'iframe')],
  ['object', 'GET', fetched('cross-site', 'navigate', 'object')],
  ['top navigation', 'GET', navigation('cross-site')],
  ['form POST', 'POST', [['Origin', unlisted], ...navigation('cross-site')]],
  ['form POST from https', 'POST', [['Origin', 'null'], ...navigation('cross-site')]],
  ['form POST without Origin', 'POST', navigation('cross-site')],
  ['another local server, fetch', 'GET', fetched('same-site', 'cors', 'empty')],
  ['another local server, navigation', 'GET', navigation('same-site')],
  ['websocket', 'GET', [['Origin', unlisted], ...fetched('cross-site', 'websocket', 'websocket')]],
  ['an unknown site', 'GET', fetched('elsewhere', 'navigate', 'document')],
  ['an empty site', 'GET', fetched('', 'navigate', 'document')],
  ['a site in capitals', 'GET', fetched('None', 'cors', 'empty')],
];
const acting = [
  '/pkce/clear',
  '/pkce/code',
  '/pkce/token',
  '/pkce/challenge',
  '/authorize',
  '/oauth/token',
  '/userinfo',
];

describe('Sec-Fetch-Site [L3]', () => {
  it.each(hostile)('%s gets 403 on everything that has data or effect', (_name, method, lines) => {
    for (const path of [...acting, '/v2/logout', '/nowhere', '/']) {
      expect(verdict(method, path, [host, ...lines]), path).toBe('403');
    }
  });

  it('none passes in any mode', () => {
    for (const mode of ['navigate', 'cors', 'no-cors', 'websocket']) {
      expect(verdict('GET', '/userinfo', [host, ...fetched('none', mode, 'empty')]), mode).toBe('passes');
    }
  });

  it.each([
    ['GET', '/docs', 'passes'],
    ['GET', '/docs/openapi.js', 'passes'],
    ['GET', '/openapi.json', 'passes'],
    ['GET', '/userinfo', '403'],
    ['GET', '/documents', '403'],
    ['POST', '/docs', '403'],
    ['POST', '/pkce/token', '403'],
  ])(
    'a page of our own, which runs a viewer that is not our code, gets its files alone: %s %s %s',
    (method, path, expected) => {
      for (const mode of ['navigate', 'cors', 'no-cors']) {
        expect(verdict(method, path, [host, ...fetched('same-origin', mode, 'document')]), mode).toBe(expected);
      }
    },
  );

  it('a sign-out is confirmed on a page of our own, by a link: nothing but a navigation of its', () => {
    const asked = (method: string, site: string, mode: string, dest: string) =>
      verdict(method, '/v2/logout?confirmed=x', [host, ...fetched(site, mode, dest)]);
    expect(asked('GET', 'same-origin', 'navigate', 'document')).toBe('passes');
    for (const [method, site, mode, dest] of [
      ['GET', 'same-origin', 'cors', 'empty'],
      ['GET', 'same-origin', 'no-cors', 'image'],
      ['GET', 'same-origin', 'navigate', 'iframe'],
      ['POST', 'same-origin', 'navigate', 'document'],
      ['GET', 'same-site', 'navigate', 'document'],
      ['GET', 'cross-site', 'navigate', 'document'],
    ] as const) {
      expect(asked(method, site, mode, dest), `${method} ${site} ${mode} ${dest}`).toBe('403');
    }
  });

  it('an absent header passes: Node and Deno send none', () => {
    expect(verdict('POST', '/pkce/code', [host])).toBe('passes');
    expect(verdict('GET', '/userinfo', [host, ['Sec-Fetch-Mode', 'cors']])).toBe('passes');
  });

  it.each<[string, string, string, Line[]]>([
    ['passes', 'POST', 'a form_post', navigation('cross-site')],
    ['passes', 'POST', 'a form_post from https', [['Origin', 'null'], ...navigation('cross-site')]],
    ['passes', 'POST', 'a form_post from the provider', [['Origin', provider], ...navigation('cross-site')]],
    ['passes', 'GET', 'a redirect', navigation('cross-site')],
    ['passes', 'POST', 'a provider on localhost', navigation('same-site')],
    ['403', 'GET', 'an iframe', fetched('cross-site', 'navigate', 'iframe')],
    ['403', 'POST', 'a form in an iframe', [['Origin', 'null'], ...fetched('cross-site', 'navigate', 'iframe')]],
    ['403', 'GET', 'an image', fetched('cross-site', 'no-cors', 'image')],
    ['403', 'POST', 'a script', [['Origin', 'null'], ...fetched('cross-site', 'cors', 'empty')]],
    ['403', 'PUT', 'another method', navigation('cross-site')],
    ['403', 'HEAD', 'another method', navigation('cross-site')],
    ['403', 'GET', 'a navigation that says no dest', fetched('cross-site', 'navigate', '')],
  ])('%s for a %s to the callback by %s [L3a]', (expected, method, _name, lines) => {
    expect(verdict(method, `${callbackPath}?state=s`, [host, ...lines])).toBe(expected);
  });

  it.each<[string, string, string, Line[]]>([
    ['passes', 'GET', `${openPagePrefix}1`, navigation('cross-site')],
    ['403', 'POST', `${openPagePrefix}1`, navigation('cross-site')],
    ['403', 'GET', `${openPagePrefix}1`, fetched('cross-site', 'navigate', 'iframe')],
    ['403', 'GET', `${openPagePrefix}1`, fetched('cross-site', 'cors', 'empty')],
    ['403', 'GET', openPagePrefix.slice(0, -1), navigation('cross-site')],
    ['403', 'GET', `/v2/logout?${openPagePrefix}`, navigation('cross-site')],
    ['403', 'GET', `/v2/logout/..${openPagePrefix}`, navigation('cross-site')],
  ])('%s for a %s of %s [L3b]', (expected, method, path, lines) => {
    expect(verdict(method, path, [host, ...lines])).toBe(expected);
  });

  it.each<[string, string, string, Line[]]>([
    [`passes for ${listed}`, 'GET', 'a fetch', fetched('cross-site', 'cors', 'empty')],
    [`passes for ${listed}`, 'OPTIONS', 'its preflight', fetched('cross-site', 'cors', 'empty')],
    ['403', 'POST', 'a form', navigation('cross-site')],
    ['403', 'GET', 'a no-cors fetch', fetched('cross-site', 'no-cors', 'empty')],
  ])('%s for a %s from an allow-listed Origin by %s [L3c]', (expected, method, _name, lines) => {
    expect(verdict(method, '/userinfo', [host, ['Origin', listed], ...lines])).toBe(expected);
  });

  it('a webview of a listed scheme passes with mode cors [L3c]', () => {
    const lines: Line[] = [host, ['Origin', webview], ...fetched('cross-site', 'cors', 'empty')];
    expect(verdict('GET', '/userinfo', lines)).toBe(`passes for ${webview}`);
  });

  it.each(['Sec-Fetch-Site', 'Sec-Fetch-Mode', 'Sec-Fetch-Dest'])('two %s lines are a 400', (name) => {
    const doubled: Line = [name.toLowerCase(), 'none'];
    expect(verdict('POST', callbackPath, [host, ...navigation('cross-site'), doubled])).toBe('400');
  });
});
