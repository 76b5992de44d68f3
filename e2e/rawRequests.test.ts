import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import packageJson from '../package.json' with { type: 'json' };
import { type Pair, startPair } from './support/client.ts';
import { allAnswers } from './support/rawSocket.ts';

/** A form of request: the statuses of all answers until the connection is closed, a name, and the bytes. */
type Row = readonly [statuses: string, name: string, bytes: string];

const own = 'Host: localhost:PORT';
/** What would sign the person out, if it were obeyed. */
const logout = 'GET /v2/logout HTTP/1.1';
/** What anybody may ask. */
const harmless = 'GET /pkce/challenge HTTP/1.1';

/** The bytes of a request that is the last one on its connection. `PORT` becomes the port. */
const request = (line: string, headers: readonly string[], body = '') =>
  `${[line, ...headers, 'Connection: close'].join('\r\n')}\r\n\r\n${body}`;
const withHost = (...lines: string[]) => request(logout, lines);
const withTarget = (target: string, ...lines: string[]) =>
  request(`GET ${target} HTTP/1.1`, lines.length === 0 ? [own] : lines);
const withBody = (headers: readonly string[], body: string) => request(logout, [own, ...headers], body);
const chunked = (body: string) => withBody(['Transfer-Encoding: chunked'], body);

const hosts: Row[] = [
  ['200', 'localhost', request(harmless, [own])],
  ['200', '127.0.0.1', request(harmless, ['Host: 127.0.0.1:PORT'])],
  ['200', '[::1]', request(harmless, ['Host: [::1]:PORT'])],
  // RFC 9110 §5.5: blanks around a value are no part of it.
  ['200', 'with blanks around it', request(harmless, ['Host: \t localhost:PORT \t'])],
  ['200', 'named in other letters', request(harmless, ['hOsT: localhost:PORT'])],
  ['400', 'missing', withHost()],
  ['400', 'missing, beside X-Forwarded-Host', withHost('X-Forwarded-Host: localhost:PORT')],
  ['400', 'two, equal', withHost(own, own)],
  ['400', 'two, the first evil', withHost('Host: evil.example', 'host: localhost:PORT')],
  ['400', 'two, the second evil', withHost(own, 'Host: evil.example')],
  ['400', 'two, far from each other', withHost(own, 'Accept: */*', 'User-Agent: x', 'HOST: evil.example')],
  ['400', 'two, the second empty', withHost(own, 'Host:')],
  ['400', 'folded', withHost(own, ' evil.example')],
  ['400', 'folded by a tab', withHost('Host: evil.example', '\tlocalhost:PORT')],
  ['400', 'folded before the name', withHost('Host:', ` localhost:PORT`)],
  ['400', 'folded as the first line', withHost(` ${own}`)],
  ['400', 'with a blank before the colon', withHost('Host : localhost:PORT')],
  ['400', 'with a tab before the colon', withHost('Host\t: localhost:PORT')],
  ['400', 'without a colon', withHost('Host localhost:PORT')],
  ['400', 'with NUL at its end', withHost('Host: localhost:PORT\0')],
  ['400', 'with NUL and more', withHost('Host: localhost:PORT\0.evil.example')],
  ['400', 'with NUL in its name', withHost('Ho\0st: localhost:PORT')],
  ['400', 'with a carriage return inside', withHost('Host: localhost:PORT\rX: y')],
  ['400', 'with a bare line feed at its end', `${logout}\r\n${own}\nConnection: close\r\n\r\n`],
  ['403', 'empty', withHost('Host:')],
  ['403', 'blanks', withHost('Host:  \t ')],
  ['403', 'with a tab inside', withHost('Host: localhost:PORT\tevil.example')],
  ['403', 'with a blank inside', withHost('Host: localhost :PORT')],
  ['403', 'with a blank and another', withHost('Host: localhost:PORT evil.example')],
  ['403', 'with obs-text', withHost('Host: localhost:PORT\xa0')],
  ['403', 'in full-width letters', withHost(`Host: ${Buffer.from('ｌｏｃａｌｈｏｓｔ').toString('latin1')}:PORT`)],
  ['403', 'in punycode', withHost('Host: xn--localhost-1ga:PORT')],
  ['403', 'with a long s', withHost(`Host: ${Buffer.from('localho\u017ft').toString('latin1')}:PORT`)],
  ['403', 'percent-encoded', withHost('Host: %6cocalhost:PORT')],
  ['403', 'a list, its first right', withHost('Host: localhost:PORT, evil.example')],
  ['403', 'a list, its last right', withHost('Host: evil.example, localhost:PORT')],
  ['403', 'a list of two equal', withHost('Host: localhost:PORT,localhost:PORT')],
  ['403', 'in upper case', withHost('Host: LOCALHOST:PORT')],
  ['403', 'in mixed case', withHost('Host: LocalHost:PORT')],
  ['403', 'with a trailing dot', withHost('Host: localhost.:PORT')],
  ['403', 'with a trailing dot after the address', withHost('Host: 127.0.0.1.:PORT')],
  ['403', 'with a leading dot', withHost('Host: .localhost:PORT')],
  ['403', 'localhost.localdomain', withHost('Host: localhost.localdomain:PORT')],
  ['403', 'localhost6', withHost('Host: localhost6:PORT')],
  ['403', 'ip6-localhost', withHost('Host: ip6-localhost:PORT')],
  ['403', 'a name below localhost', withHost('Host: evil.localhost:PORT')],
  ['403', 'localhost as the name below another', withHost('Host: localhost.evil.example:PORT')],
  ['403', 'an address as the name below another', withHost('Host: 127.0.0.1.nip.example:PORT')],
  ['403', 'a rebound name', withHost('Host: evil.example:PORT')],
  [
    '403',
    'a rebound name beside X-Forwarded-Host',
    withHost('Host: evil.example:PORT', 'X-Forwarded-Host: localhost:PORT'),
  ],
  ['403', 'a rebound name beside Forwarded', withHost('Host: evil.example:PORT', 'Forwarded: host="localhost:PORT"')],
  ['403', 'a rebound name beside X-Host', withHost('Host: evil.example:PORT', 'X-Host: localhost:PORT')],
  ['403', 'userinfo before it', withHost('Host: evil@localhost:PORT')],
  ['403', 'as userinfo before another', withHost('Host: localhost:PORT@evil.example')],
  ['403', 'with a password before it', withHost('Host: a:b@localhost:PORT')],
  ['403', 'with a path', withHost('Host: localhost:PORT/')],
  ['403', 'with a query', withHost('Host: localhost:PORT?x')],
  ['403', 'with a fragment', withHost('Host: localhost:PORT#x')],
  ['403', 'with a backslash', withHost('Host: localhost:PORT\\evil.example')],
  ['403', 'with a scheme', withHost('Host: http://localhost:PORT')],
  ['403', 'in quotes', withHost('Host: "localhost:PORT"')],
  ['403', 'a short address', withHost('Host: 127.1:PORT')],
  ['403', 'a shorter address', withHost('Host: 127.0.1:PORT')],
  ['403', 'an address as a number', withHost('Host: 2130706433:PORT')],
  ['403', 'an address in hexadecimal', withHost('Host: 0x7f.1:PORT')],
  ['403', 'an address as a hexadecimal number', withHost('Host: 0x7f000001:PORT')],
  ['403', 'an address in octal', withHost('Host: 0177.0.0.1:PORT')],
  ['403', 'an address with zeros', withHost('Host: 127.000.000.001:PORT')],
  ['403', 'another address of loopback', withHost('Host: 127.0.0.2:PORT')],
  ['403', 'any address', withHost('Host: 0.0.0.0:PORT')],
  ['403', 'any IPv6 address', withHost('Host: [::]:PORT')],
  ['403', 'the mapped address', withHost('Host: [::ffff:127.0.0.1]:PORT')],
  ['403', 'the mapped address in hexadecimal', withHost('Host: [::ffff:7f00:1]:PORT')],
  ['403', '::1 in full', withHost('Host: [0:0:0:0:0:0:0:1]:PORT')],
  ['403', '::1 with a zero', withHost('Host: [::01]:PORT')],
  ['403', '::1 with a zone', withHost('Host: [::1%lo]:PORT')],
  ['403', '::1 without brackets', withHost('Host: ::1:PORT')],
  ['403', 'another port', withHost('Host: localhost:1')],
  ['403', 'a longer port', withHost('Host: localhost:PORT0')],
  ['403', 'a port with a zero before it', withHost('Host: localhost:0PORT')],
  ['403', 'a port with a plus', withHost('Host: localhost:+PORT')],
  ['403', 'a port with a minus', withHost('Host: localhost:-PORT')],
  ['403', 'a port with a blank before it', withHost('Host: localhost: PORT')],
  ['403', 'two ports', withHost('Host: localhost:PORT:PORT')],
  ['403', 'no port', withHost('Host: localhost')],
  ['403', 'no port after a colon', withHost('Host: localhost:')],
  ['403', 'the port of http', withHost('Host: localhost:80')],
  ['403', 'the address alone', withHost('Host: 127.0.0.1')],
  ['403', 'the port alone', withHost('Host: :PORT')],
  ['403', 'very long', withHost(`Host: ${'a'.repeat(8000)}:PORT`)],
];

const targets: Row[] = [
  ['400', 'absolute form that agrees with Host', withTarget('http://localhost:PORT/v2/logout')],
  ['400', 'absolute form beside an evil Host', withTarget('http://localhost:PORT/v2/logout', 'Host: evil.example')],
  ['400', 'absolute form without Host', withTarget('http://localhost:PORT/v2/logout', 'Accept: */*')],
  ['400', 'absolute form of an evil name', withTarget('http://evil.example/v2/logout')],
  ['400', 'absolute form of https', withTarget('https://localhost:PORT/v2/logout')],
  ['400', 'absolute form in upper case', withTarget('HTTP://LOCALHOST:PORT/v2/logout')],
  ['400', 'absolute form of another scheme', withTarget('file:///v2/logout')],
  ['400', 'asterisk form', withTarget('*')],
  ['400', 'asterisk form with OPTIONS', request('OPTIONS * HTTP/1.1', [own])],
  ['400', 'authority form', withTarget('localhost:PORT')],
  ['400', 'authority form with CONNECT', request('CONNECT localhost:PORT HTTP/1.1', [own])],
  ['400', 'CONNECT with a path', request('CONNECT /v2/logout HTTP/1.1', [own])],
  ['400', 'a path without a slash', withTarget('v2/logout')],
  ['400', 'a query alone', withTarget('?/v2/logout')],
  ['400', 'a fragment', withTarget('/v2/logout#x')],
  ['400', 'an empty fragment', withTarget('/v2/logout#')],
  ['400', 'a backslash first', withTarget('\\v2\\logout')],
  ['400', 'none', request('GET  HTTP/1.1', [own])],
  ['400', 'two', request('GET /nowhere /v2/logout HTTP/1.1', [own])],
  ['200', 'a second blank before it, which the parser takes', request('GET  /pkce/challenge HTTP/1.1', [own])],
  ['400', 'a tab before it', request('GET\t/v2/logout HTTP/1.1', [own])],
  ['400', 'with NUL', withTarget('/v2/logout\0')],
  ['400', 'with obs-text', withTarget('/v2/logout\xff')],
  ['400', 'with a carriage return', withTarget('/v2/logout\rX')],
  ['404', 'a backslash inside', withTarget('/v2\\logout')],
  ['404', 'two slashes and another name', withTarget('//evil.example/..')],
  ['404', 'two slashes', withTarget('//v2/logout')],
  ['404', 'two slashes inside', withTarget('/v2//logout')],
  ['404', 'a trailing slash', withTarget('/v2/logout/')],
  ['404', 'dots', withTarget('/pkce/../v2/logout')],
  ['404', 'one dot', withTarget('/v2/./logout')],
  ['404', 'encoded dots', withTarget('/pkce/%2e%2e/v2/logout')],
  ['404', 'encoded dots at the start', withTarget('/%2e%2e/v2/logout')],
  ['404', 'an encoded slash', withTarget('/v2%2flogout')],
  ['404', 'an encoded letter', withTarget('/v2/logou%74')],
  ['404', 'an encoded NUL', withTarget('/v2/logout%00')],
  ['404', 'an encoded line end', withTarget('/v2/logout%0d%0aX:%20y')],
  ['404', 'a path parameter', withTarget('/v2/logout;x=y')],
  ['404', 'a path parameter inside', withTarget('/v2;x/logout')],
  ['404', 'in upper case', withTarget('/V2/LOGOUT')],
  ['404', 'a suffix', withTarget('/v2/logout.json')],
  ['404', 'dots out of the files of /docs', withTarget('/docs/../../package.json')],
  ['404', 'encoded dots out of the files of /docs', withTarget('/docs/..%2f..%2fpackage.json')],
  ['404', 'dots out of the page that others may link to', withTarget('/pkce/response/result/../../../v2/logout')],
  ['404', 'very long', withTarget(`/${'a'.repeat(8000)}`)],
  ['431', 'longer than any header may be', withTarget(`/${'a'.repeat(17 * 1024)}`)],
];

/** More than Node shows by default. */
const many = Array.from({ length: 1500 }, () => 'x: y');

const lines: Row[] = [
  ['200', 'HTTP/1.0 with the right Host', request('GET /pkce/challenge HTTP/1.0', [own])],
  ['400', 'HTTP/1.0 without Host', request('GET /v2/logout HTTP/1.0', [])],
  ['403', 'HTTP/1.0 with an evil Host', request('GET /v2/logout HTTP/1.0', ['Host: evil.example'])],
  ['400', 'HTTP/0.9', request('GET /v2/logout HTTP/0.9', [])],
  ['403', 'HTTP/0.9 with an evil Host', request('GET /v2/logout HTTP/0.9', ['Host: evil.example'])],
  ['400', 'HTTP/0.9 as it was, without a version', 'GET /v2/logout\r\n\r\n'],
  ['400', 'HTTP/1.2', request('GET /v2/logout HTTP/1.2', [own])],
  ['400', 'HTTP/2.0 in words without Host', request('GET /v2/logout HTTP/2.0', [])],
  ['403', 'HTTP/2.0 in words with an evil Host', request('GET /v2/logout HTTP/2.0', ['Host: evil.example'])],
  ['400', 'the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['400', 'another protocol', request('GET /v2/logout HTTPS/1.1', [own])],
  ['403', 'RTSP with an evil Host', request('GET /v2/logout RTSP/1.0', ['Host: evil.example'])],
  ['400', 'a version in lower case', request('GET /v2/logout http/1.1', [own])],
  ['400', 'a version with a blank', request('GET /v2/logout HTTP/1.1 ', [own])],
  ['400', 'a TLS greeting', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
  ['400', 'a method in lower case', request('get /v2/logout HTTP/1.1', [own])],
  ['400', 'an unknown method', request('STEAL /v2/logout HTTP/1.1', [own])],
  ['400', 'no method', request('/v2/logout HTTP/1.1', [own])],
  ['400', 'a blank before the method', request(` ${logout}`, [own])],
  ['400', 'a byte order mark', request(`\xef\xbb\xbf${logout}`, [own])],
  ['405', 'a method of WebDAV', request('PROPFIND /v2/logout HTTP/1.1', [own])],
  ['405', 'QUERY', request('QUERY /v2/logout HTTP/1.1', [own])],
  ['405', 'TRACE, which would tell the headers', request('TRACE /v2/logout HTTP/1.1', [own])],
  [
    '405',
    'a method by override',
    request('POST /v2/logout HTTP/1.1', [own, 'X-HTTP-Method-Override: GET', 'Content-Length: 0']),
  ],
  ['400', 'line feeds for line ends', `${logout}\n${own}\nConnection: close\n\n`],
  ['400', 'carriage returns for line ends', `${logout}\r${own}\rConnection: close\r\r`],
  ['400', 'a line feed after the request line', `${logout}\n${own}\r\nConnection: close\r\n\r\n`],
  ['400', 'a header without a colon', request(logout, [own, 'Accept'])],
  ['400', 'a header without a name', request(logout, [own, ': x'])],
  ['400', 'a header with a blank in its name', request(logout, [own, 'X Y: z'])],
  ['400', 'a blank before a colon', request(logout, [own, 'Accept : x'])],
  ['431', '17 KiB in one header', request(logout, [own, `X-Filler: ${'a'.repeat(17 * 1024)}`])],
  ['431', '17 KiB in many headers', request(logout, [own, ...Array.from({ length: 1400 }, () => 'X-Filler: 1234')])],
  ['200', '1,500 headers', request(harmless, [own, ...many])],
  ['400', '1,500 headers and no Host', request(logout, many)],
  ['400', 'a second Host after 1,500 headers', request(logout, [own, ...many, 'Host: evil.example'])],
  ['403', 'an evil Origin after 1,500 headers', request(logout, [own, ...many, 'Origin: https://evil.example'])],
  ['403', 'another site after 1,500 headers', request(logout, [own, ...many, 'Sec-Fetch-Site: cross-site'])],
  ['431', 'a header name of 17 KiB', request(logout, [own, `${'a'.repeat(17 * 1024)}: x`])],
  ['400', 'two Origins, equal', request(logout, [own, 'Origin: https://tool.example', 'Origin: https://tool.example'])],
  [
    '400',
    'two Origins, the second evil',
    request(logout, [own, 'Origin: https://tool.example', 'origin: https://evil.example']),
  ],
  ['403', 'a list of Origins', request(logout, [own, 'Origin: https://tool.example https://evil.example'])],
  ['403', 'an empty Origin', request(logout, [own, 'Origin:'])],
  ['403', 'an Origin with a path', request(logout, [own, 'Origin: https://tool.example/'])],
  ['403', 'an Origin in upper case', request(logout, [own, 'Origin: HTTPS://TOOL.EXAMPLE'])],
  ['400', 'two Sec-Fetch-Site', request(logout, [own, 'Sec-Fetch-Site: none', 'Sec-Fetch-Site: cross-site'])],
  ['403', 'a list of Sec-Fetch-Site', request(logout, [own, 'Sec-Fetch-Site: none, cross-site'])],
  ['403', 'an unknown Sec-Fetch-Site', request(logout, [own, 'Sec-Fetch-Site: next-door'])],
  ['403', 'an empty Sec-Fetch-Site', request(logout, [own, 'Sec-Fetch-Site:'])],
  ['403', 'Sec-Fetch-Site in upper case', request(logout, [own, 'Sec-Fetch-Site: CROSS-SITE'])],
  [
    '400',
    'two Sec-Fetch-Mode',
    request(logout, [own, 'Sec-Fetch-Site: cross-site', 'Sec-Fetch-Mode: cors', 'Sec-Fetch-Mode: navigate']),
  ],
  [
    '403',
    'a WebSocket with an evil Host',
    request('GET /user/stream HTTP/1.1', ['Host: evil.example', 'Upgrade: websocket']),
  ],
];

const next = `GET /v2/logout HTTP/1.1\r\nHost: evil.example\r\n\r\n`;
const kept = `${harmless}\r\n${own}\r\n`;

const framing: Row[] = [
  ['400', 'two Content-Lengths', withBody(['Content-Length: 2', 'Content-Length: 2'], '{}')],
  ['400', 'two Content-Lengths that differ', withBody(['Content-Length: 2', 'Content-Length: 3'], '{} ')],
  ['400', 'Content-Length before chunks', withBody(['Content-Length: 5', 'Transfer-Encoding: chunked'], '0\r\n\r\n')],
  ['400', 'Content-Length after chunks', withBody(['Transfer-Encoding: chunked', 'Content-Length: 5'], '0\r\n\r\n')],
  ['400', 'a list of Content-Lengths', withBody(['Content-Length: 2, 2'], '{}')],
  ['400', 'Content-Length with a plus', withBody(['Content-Length: +2'], '{}')],
  ['400', 'Content-Length below zero', withBody(['Content-Length: -2'], '{}')],
  ['400', 'Content-Length in hexadecimal', withBody(['Content-Length: 0x2'], '{}')],
  ['400', 'Content-Length with a fraction', withBody(['Content-Length: 2.0'], '{}')],
  ['400', 'Content-Length with a blank inside', withBody(['Content-Length: 1 0'], '{}')],
  ['400', 'Content-Length beyond 64 bits', withBody(['Content-Length: 99999999999999999999'], '{}')],
  ['400', 'an empty Content-Length', withBody(['Content-Length:'], '{}')],
  ['400', 'a folded Content-Length', withBody(['Content-Length:', ' 2'], '{}')],
  ['413', 'a Content-Length that is too large', withBody(['Content-Length: 32769'], '')],
  ['400', 'chunked twice', withBody(['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'], '0\r\n\r\n')],
  ['400', 'chunked, then identity', withBody(['Transfer-Encoding: chunked, identity'], '0\r\n\r\n')],
  ['400', 'identity', withBody(['Transfer-Encoding: identity'], '0\r\n\r\n')],
  ['400', 'xchunked', withBody(['Transfer-Encoding: xchunked'], '0\r\n\r\n')],
  ['400', 'chunked in quotes', withBody(['Transfer-Encoding: "chunked"'], '0\r\n\r\n')],
  ['400', 'chunked with a vertical tab', withBody(['Transfer-Encoding: \x0bchunked'], '0\r\n\r\n')],
  ['400', 'Transfer-Encoding with a blank before the colon', withBody(['Transfer-Encoding : chunked'], '0\r\n\r\n')],
  ['400', 'chunks with HTTP/1.0', request('GET /v2/logout HTTP/1.0', [own, 'Transfer-Encoding: chunked'], 'x\r\n\r\n')],
  ['400', 'a chunk size that is no number', chunked('g\r\n{}\r\n0\r\n\r\n')],
  ['400', 'a chunk size with 0x', chunked('0x2\r\n{}\r\n0\r\n\r\n')],
  ['400', 'a chunk size below zero', chunked('-2\r\n{}\r\n0\r\n\r\n')],
  ['400', 'a chunk size with a plus', chunked('+2\r\n{}\r\n0\r\n\r\n')],
  ['400', 'a chunk size with a blank before it', chunked(' 2\r\n{}\r\n0\r\n\r\n')],
  ['400', 'a chunk size beyond 64 bits', chunked('fffffffffffffffff\r\n{}\r\n0\r\n\r\n')],
  ['400', 'an empty chunk size', chunked('\r\n{}\r\n0\r\n\r\n')],
  ['400', 'a chunk that is longer than it says', chunked('1\r\n{}\r\n0\r\n\r\n')],
  ['400', 'a chunk that is shorter than it says', chunked('3\r\n{}\r\n0\r\n\r\n')],
  ['400', 'a line feed after a chunk size', chunked('2\n{}\r\n0\r\n\r\n')],
  ['400', 'a line feed after a chunk', chunked('2\r\n{}\n0\r\n\r\n')],
  ['400', 'a line feed in a chunk extension', chunked('2;a\nb\r\n{}\r\n0\r\n\r\n')],
  ['400', 'a chunk extension with NUL', chunked('2;a=\0\r\n{}\r\n0\r\n\r\n')],
  ['400', 'a chunk extension of 17 KiB', chunked(`2;${'a'.repeat(17 * 1024)}\r\n{}\r\n0\r\n\r\n`)],
  ['400', 'a trailer that is no header', chunked('0\r\nHost evil.example\r\n\r\n')],
  [
    '200',
    'a chunk extension',
    request(harmless, [own, 'Transfer-Encoding: chunked'], '2;name=value\r\n{}\r\n0\r\n\r\n'),
  ],
  [
    '200',
    'a trailer that names another Host',
    request(harmless, [own, 'Transfer-Encoding: chunked'], '0\r\nHost: evil.example\r\n\r\n'),
  ],
  ['200 403', 'a second request with an evil Host', `${kept}\r\n${next}`],
  ['200 400', 'a second request without Host', `${kept}\r\n${logout}\r\n\r\n`],
  ['200 400', 'a second request that is none', `${kept}\r\nhello\r\n\r\n`],
  ['200 403', 'a second request after a body', `${kept}Content-Length: 2\r\n\r\n{}${next}`],
  ['200 403', 'a second request after chunks', `${kept}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n${next}`],
  ['200 403', 'a second request after an ignored upgrade', `${kept}Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n${next}`],
  ['403', 'a right request after one with an evil Host', `${next}GET /v2/logout HTTP/1.1\r\n${own}\r\n\r\n`],
  [
    '400',
    'a right request in the body of one with two lengths',
    withBody(['Content-Length: 0', 'Content-Length: 60'], `GET /v2/logout HTTP/1.1\r\n${own}\r\n\r\n`),
  ],
];

const token = 'GET /user/access_token HTTP/1.1';
const anotherSite = [
  'Sec-Fetch-Site: cross-site',
  'Sec-Fetch-Mode: navigate',
  'Sec-Fetch-Dest: document',
  'Accept: text/html',
];
const upgrade = (to: string) => [own, 'Connection: Upgrade', `Upgrade: ${to}`];
const webSocket = [...upgrade('websocket'), 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=='];

/** What has been tried on the way to a token. */
const detours: Row[] = [
  ['200', 'X-Forwarded-Host of another name', request(harmless, [own, 'X-Forwarded-Host: evil.example'])],
  ['200', 'X-Forwarded-For of another machine', request(harmless, [own, 'X-Forwarded-For: 192.0.2.1'])],
  ['200', 'Forwarded', request(harmless, [own, 'Forwarded: for=192.0.2.1;host=evil.example;proto=https'])],
  ['403', 'a navigation of another site', request(token, [own, ...anotherSite])],
  ['404', 'such a one with dots', withTarget('/pkce/response/result/../../../user', own, ...anotherSite)],
  [
    '200',
    'such a one with encoded slashes, to a page',
    withTarget('/pkce/response/result/..%2f..%2fuser', own, ...anotherSite),
  ],
  ['200', 'such a one with encoded dots, to a page', withTarget('/pkce/response/result/%2e%2e', own, ...anotherSite)],
  [
    '200',
    'such a one with a query, to a page',
    withTarget('/pkce/response/result/x?/user/access_token', own, ...anotherSite),
  ],
  ['403', 'the Origin of an app', request(token, [own, 'Origin: app://obsidian.md'])],
  ['403', 'the Origin of a webview', request(token, [own, 'Origin: vscode-webview://x'])],
  ['403', 'the Origin of the provider', request(token, [own, 'Origin: PROVIDER'])],
  ['403', 'a page of another port', request(token, [own, 'Sec-Fetch-Site: same-site'])],
  ['403', 'our own page', request(token, [own, 'Sec-Fetch-Site: same-origin', 'Sec-Fetch-Mode: cors'])],
  ['200', 'an upgrade to h2c, which is passed over', request(harmless, upgrade('h2c'))],
  ['403', 'an upgrade to h2c with an evil Origin', request(token, [...upgrade('h2c'), 'Origin: https://evil.example'])],
  ['403', 'an upgrade to h2c of another site', request(token, [...upgrade('h2c'), 'Sec-Fetch-Site: cross-site'])],
  [
    '403',
    'a right request behind an upgrade to h2c with an evil Host',
    `${token}\r\n${upgrade('h2c').slice(1).join('\r\n')}\r\nHost: evil.example\r\n\r\n${request(token, [own])}`,
  ],
  ['403', 'a WebSocket with the Origin null', request('GET /user/stream HTTP/1.1', [...webSocket, 'Origin: null'])],
  [
    '403',
    'a WebSocket of another site without an Origin',
    request('GET /user/stream HTTP/1.1', [...webSocket, 'Sec-Fetch-Site: cross-site']),
  ],
  ['404', 'a WebSocket elsewhere', request(token, webSocket)],
  [
    '200',
    'a trailer that names an Origin',
    request(harmless, [own, 'Transfer-Encoding: chunked'], '0\r\nOrigin: https://evil.example\r\n\r\n'),
  ],
];

const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'));

let pair: Pair;
beforeAll(async () => {
  pair = await startPair({ browser: true, host: { environment: { LOOPGATE_ORIGINS: 'https://tool.example' } } });
});
// One row that is obeyed spoils no other.
beforeEach(async () => {
  if ((await fetch(`${pair.host.address}/userinfo`)).status === 200) return;
  for (const path of ['/pkce/code', '/pkce/token']) {
    expect((await fetch(`${pair.host.address}${path}`, { method: 'POST' })).status).toBe(200);
  }
});
afterAll(() => pair.stop());

const codes: Record<number, string> = {
  400: 'invalid_request',
  403: 'forbidden_origin',
  404: 'not_found',
  405: 'method_not_allowed',
  413: 'payload_too_large',
  431: 'invalid_request',
};

/** Sends a row, and looks that it was answered as it says and that nothing has happened. */
async function check([statuses, , bytes]: Row, address?: string): Promise<void> {
  const { host, provider } = pair;
  const asked = provider.requests.length;
  const printed = host.output();
  const sent = bytes.replaceAll('PORT', String(host.port)).replaceAll('PROVIDER', provider.issuer.replace(/\/$/, ''));
  const answers = await allAnswers(host.port, sent, address);
  expect(answers.map(({ status }) => status).join(' ')).toBe(statuses);
  for (const { status, headers, body } of answers.filter((answer) => answer.status !== 200)) {
    expect(headers.get('content-type')).toMatch(/^application\/json/);
    expect(JSON.parse(body)).toEqual({ error: codes[status], error_description: expect.stringMatching(/\w\. \w/) });
    expect(headers.get('server')).toBe(`Loopgate/${packageJson.version}`);
    expect([...headers.keys()].filter((name) => /^(x-powered-by|access-control-.*)$/.test(name))).toEqual([]);
  }
  expect(answers.at(-1)?.headers.get('connection')).toBe('close');
  expect(provider.requests.slice(asked)).toEqual([]);
  expect(host.output()).toBe(printed);
  expect((await fetch(`${host.address}/userinfo`)).status).toBe(200);
  const token = await fetch(`${host.address}/user/access_token`).then((answer) => answer.text());
  expect(answers.filter(({ body }) => body.includes(token))).toEqual([]);
}

describe('Host [L1]', () => {
  test.for(hosts)('%s for Host that is %s', (row) => check(row));
});

// A machine without IPv6 has no ::1, and nothing to test there (R8).
describe.skipIf(!hasIpv6)('on ::1 too [R8, L1]', () => {
  test.for(hosts.slice(0, 12))('%s for Host that is %s, on ::1', (row) => check(row, '::1'));
});

describe('target [L1]', () => {
  test.for(targets)('%s for a target: %s', (row) => check(row));
});

describe('request line and headers [L1, L2, L3]', () => {
  test.for(lines)('%s for %s', (row) => check(row));
});

describe('framing [L1, L6]', () => {
  test.for(framing)('%s for %s', (row) => check(row));
});

describe('detours [L1, L2, L3]', () => {
  test.for(detours)('%s for %s', (row) => check(row));
});
