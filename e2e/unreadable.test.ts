/** A browser that cannot bring a login because of what it has stored for localhost. */
import { connect } from 'node:net';
import { connect as connectByTls } from 'node:tls';
import { describe, expect, onTestFinished, test } from 'vitest';
import { BrowserDouble } from '../demo/identity-provider/person.ts';
import { type Pair, printedLogin, startPair } from './support/client.ts';

async function waitingPair(environment: NodeJS.ProcessEnv = {}): Promise<Pair & { waiting: Promise<Response> }> {
  const pair = await startPair({ host: { environment } });
  onTestFinished(() => pair.stop());
  return { ...pair, waiting: fetch(`${pair.host.address}/os/sign_in`, { method: 'POST' }) };
}

/** What a host answers to these bytes. */
function exchange(port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let received = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.on('data', (chunk) => {
      received += String(chunk);
    });
    socket
      .on('error', reject)
      .on('end', () => socket.end())
      .on('close', () => resolve(received));
  });
}

describe('17 KiB of cookies for localhost', () => {
  test.each(['GET', 'POST'])(
    'a callback by %s gets a page that says what to delete, and can be sent again after it',
    async (method) => {
      const { host, waiting } = await waitingPair();
      const person = new BrowserDouble();
      const { fields } = await person.signInAs(await printedLogin(host), 'Ada Lovelace', { deliver: false });
      const answer = new URLSearchParams(fields).toString();
      const bring = (cookie: string) => {
        const target = `/pkce/response/code${method === 'GET' ? `?${answer}` : ''}`;
        const lines = [
          `${method} ${target} HTTP/1.1`,
          `Host: localhost:${host.port}`,
          'Connection: close',
          'Accept: text/html',
          `Cookie: ${cookie}`,
          ...(method === 'POST'
            ? ['Content-Type: application/x-www-form-urlencoded', `Content-Length: ${answer.length}`]
            : []),
        ];
        return exchange(host.port, `${lines.join('\r\n')}\r\n\r\n${method === 'POST' ? answer : ''}`);
      };
      const refused = await bring(`a=${'x'.repeat(17 * 1024)}`);
      expect(refused).toMatch(/^HTTP\/1\.1 431 [\s\S]*Content-Type: text\/html[\s\S]*Delete the cookies of localhost/);
      expect(refused).toContain("Content-Security-Policy: default-src 'none'");
      expect(await host.waitForLine(/too many cookies for localhost/)).not.toContain(fields.state);
      expect(await bring('a=x')).toMatch(method === 'GET' ? /^HTTP\/1\.1 303 / : /^HTTP\/1\.1 200 /);
      expect(await (await waiting).json()).toMatchObject({ name: 'Ada Lovelace' });
    },
  );
});

test('a browser that insists on https for localhost (HSTS): the log and the error of the sign-in that waits name it', async () => {
  const { host, waiting } = await waitingPair({ LOOPGATE_SIGN_IN_TIMEOUT: '10' });
  await printedLogin(host);
  for (let round = 0; round < 2; round += 1) {
    await new Promise((resolve) => connectByTls({ port: host.port, host: 'localhost' }).on('error', resolve));
  }
  await host.waitForLine(/asked for https at this port/);
  expect(await (await waiting).json()).toMatchObject({
    error: 'authorization_timeout',
    error_description: expect.stringMatching(/HSTS.*net-internals/),
  });
  expect(host.errors().match(/asked for https at this port/g)).toHaveLength(1);
});
