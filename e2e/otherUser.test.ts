import { spawn } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, test } from 'vitest';
import { startIdentityProvider } from '../demo/identity-provider/provider.ts';
import { apiOperations } from '../main/api/operationList.ts';
import { idleBroker } from '../testing/brokerWorld.ts';
import { testGate } from '../testing/testGate.ts';
import { providerEnvironment, startPair } from './support/client.ts';
import { failureOf, startHeadless } from './support/headless.ts';
import {
  asOtherUser,
  families,
  orphans,
  otherUsersFolder,
  rawProbeAs,
  runAsOtherUser,
  treeForOtherUser,
  whyNoOtherUser,
} from './support/otherUser.ts';
import { probe, probedLines } from './support/probe.ts';
import { allAnswers } from './support/rawSocket.ts';

/** Every operation that there is: one that is added is tried without anybody having to remember it here. */
const operations = apiOperations({
  gate: testGate(),
  commandKey: 'unused',
  broker: idleBroker(),
  now: () => 0,
  log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
  instance: { id: 'any', version: '0.0.0', compatibleVersion: '12.3.4' },
  docsFolder: '',
}).map(({ method, path }): readonly [string, string] => [method, path.replace(/:[A-Za-z]+/, 'any')]);

/** What another user tries: that, what is no operation, and what a program does before it asks. */
const tried: readonly (readonly [method: string, path: string])[] = [
  ...operations,
  ['GET', '/'],
  ['GET', '/not-there'],
  ['OPTIONS', '/pkce/token'],
  ['HEAD', '/userinfo'],
  ['PUT', '/pkce/token'],
];

/** The header lines with which programs and browsers ask. */
const waysToAsk: readonly (readonly string[])[] = [
  [],
  ['Accept: application/json'],
  ['Sec-Fetch-Site: none', 'Sec-Fetch-Mode: navigate', 'Sec-Fetch-Dest: document'],
  ['Accept: text/html', 'Sec-Fetch-Site: none', 'Sec-Fetch-Mode: navigate', 'Sec-Fetch-Dest: document'],
  ['Upgrade: h2c', 'Connection: Upgrade, HTTP2-Settings', 'HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA'],
  ['Expect: 100-continue', 'Content-Length: 0'],
];

/** A handshake of RFC 6455. */
const handshake = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
];

/** Every answer is the one error, as JSON or as a browser's page, with nothing of the person's in it, and the connection ends with it. */
function expectRefused(requests: readonly string[], answers: readonly string[]): void {
  expect(answers).toHaveLength(requests.length);
  for (const [index, answer] of answers.entries()) {
    const asked = requests[index] ?? '';
    const [head = '', ...rest] = answer.split('\r\n\r\n');
    expect(head, asked).toMatch(/^HTTP\/1\.1 403 /);
    expect(head, asked).toMatch(/^connection: close$/im);
    const body = rest.join('\r\n\r\n');
    if (asked.startsWith('HEAD ')) expect(body, asked).toBe('');
    else if (body.startsWith('<')) expect(body, asked).toContain('<dd>forbidden_origin</dd>');
    else expect(JSON.parse(body), asked).toMatchObject({ error: 'forbidden_origin' });
    expect(answer, asked).not.toMatch(/Ada|eyJ|ok:/);
  }
}

const probeAs = async (address: string, targets: readonly string[]) => {
  return probedLines(await runAsOtherUser([process.execPath, '--input-type=module', '-e', probe, address, ...targets]));
};

describe.skipIf(whyNoOtherUser !== undefined)('another user of this machine', () => {
  test('is refused on every operation, on both families, while the owner is served [L5]', async () => {
    const { host, provider, stop } = await startPair({ browser: true });
    try {
      await fetch(`${host.address}/pkce/code`, { method: 'POST' });
      await fetch(`${host.address}/pkce/token`, { method: 'POST' });
      const asked = provider.requests.length;
      const printed = host.output();
      const lines = [`Host: localhost:${host.port}`];
      const requests = [
        ...tried.flatMap(([method, path]) =>
          waysToAsk.map((way) => `${[`${method} ${path} HTTP/1.1`, ...lines, ...way].join('\r\n')}\r\n\r\n`),
        ),
        ...['/user/stream', '/userinfo'].map(
          (path) => `${[`GET ${path} HTTP/1.1`, ...lines, ...handshake].join('\r\n')}\r\n\r\n`,
        ),
      ];
      for (const address of families) expectRefused(requests, await rawProbeAs(host.port, address, requests));
      expect(provider.requests.slice(asked)).toEqual([]);
      expect(host.output()).toBe(printed);
      expect(await (await fetch(`${host.address}/userinfo`)).json()).toMatchObject({ name: 'Ada Lovelace' });
    } finally {
      await stop();
    }
  });

  test('takes no port beside it, by no option of a socket [R8]', async (context) => {
    // Debian's own: another user cannot read one in root's home.
    const python = '/usr/bin/python3';
    if (!existsSync(python)) context.skip('there is no Python here, and Node cannot set these options');
    const { host, stop } = await startPair();
    try {
      const squat = `
import socket
for option in (socket.SO_REUSEADDR, socket.SO_REUSEPORT):
    for address in ('127.0.0.1', '0.0.0.0', '::1', '::'):
        one = socket.socket(socket.AF_INET6 if ':' in address else socket.AF_INET)
        one.setsockopt(socket.SOL_SOCKET, option, 1)
        try:
            one.bind((address, ${host.port}))
            one.listen()
            print(address, 'is taken')
        except OSError:
            print('refused')
`;
      const tries = (await runAsOtherUser([python, '-c', squat])).trim().split('\n');
      expect(tries).toEqual(Array(8).fill('refused'));
    } finally {
      await stop();
    }
  });

  test('is refused as root of a namespace of its own too [L5]', async (context) => {
    const asRoot = ['unshare', '--user', '--map-root-user'];
    const isPossible = await runAsOtherUser([...asRoot, 'true']).then(
      () => true,
      () => false,
    );
    if (!isPossible) context.skip('this system gives other users no such namespaces');
    const { host, stop } = await startPair();
    try {
      const ask = `fetch('${host.address}/user/access_token').then(({ status }) => console.log(status))`;
      expect((await runAsOtherUser([...asRoot, process.execPath, '-e', ask])).trim()).toBe('403');
    } finally {
      await stop();
    }
  });

  test('a request whose sender has gone, so that its socket has no owner, is not obeyed [C2]', async () => {
    const { host, stop } = await startPair({ browser: true });
    try {
      await fetch(`${host.address}/pkce/code`, { method: 'POST' });
      await fetch(`${host.address}/pkce/token`, { method: 'POST' });
      // Writes a sign-out and is gone before anybody can look who it was.
      const hitAndRun = `
        const { connect } = require('node:net');
        const [address] = process.argv.slice(1);
        const request = 'GET /v2/logout HTTP/1.1\\r\\nHost: localhost:${host.port}\\r\\n\\r\\n';
        let open = 20;
        for (let n = 0; n < 20; n += 1) {
          const socket = connect(${host.port}, address, () => socket.write(request, () => { open -= 1; if (open === 0) process.exit(0); }));
        }`;
      // While the host stands still they are gone for certain, and their rows in the system's table have no owner.
      for (const address of families) {
        process.kill(host.pid, 'SIGSTOP');
        try {
          await runAsOtherUser([process.execPath, '-e', hitAndRun, address]);
          expect(await orphans(host.port)).toBe(20);
        } finally {
          process.kill(host.pid, 'SIGCONT');
        }
        await expect.poll(() => orphans(host.port), { timeout: 20_000 }).toBe(0);
      }
      // Later connections are looked up after those of the runaway.
      expect((await fetch(`${host.address}/pkce/challenge`)).status).toBe(200);
      expect((await fetch(`${host.address}/userinfo`)).status).toBe(200);
    } finally {
      await stop();
    }
  });
});

describe.skipIf(whyNoOtherUser !== undefined)('run by another user than root', () => {
  // Which port it gets is in e2e/port.test.ts, where port 1000 is nobody else's.
  test('the whole flow works, for that user alone', async () => {
    const provider = await startIdentityProvider({ anyLoopbackCallback: true });
    const home = otherUsersFolder();
    const tree = treeForOtherUser();
    const browser = `${process.execPath} --import tsx ${join(tree, 'demo', 'identity-provider', 'browser.ts')}`;
    try {
      const host = await startHeadless({
        home,
        prefix: asOtherUser,
        environment: { ...providerEnvironment(provider), BROWSER: browser, HOME: home },
      });
      try {
        const [code, token, info] = await probeAs(host.address, [
          'POST /pkce/code',
          'POST /pkce/token',
          'GET /userinfo',
        ]);
        expect([code?.status, token?.status, info?.status]).toEqual([200, 200, 200]);
        expect(JSON.parse(info?.body ?? '')).toMatchObject({ name: 'Ada Lovelace' });
        // Root is another user too, whose browsers alone may bring a login.
        const line = `Host: localhost:${host.port}`;
        for (const address of families) {
          for (const [method, path] of tried) {
            const asked = `${method} ${path} HTTP/1.1\r\n${line}\r\n\r\n`;
            const answers = await allAnswers(host.port, asked, address);
            expect(
              answers.map(({ status }) => status),
              `${method} ${path}`,
            ).toEqual([403]);
          }
        }
        const page = `GET /pkce/response/result/any HTTP/1.1\r\n${line}\r\nAccept: text/html\r\n\r\n`;
        for (const address of families) {
          for (const path of ['/userinfo', '/v2/logout', '/pkce/response/result/any']) {
            const asked = `${page}${page}GET ${path} HTTP/1.1\r\n${line}\r\n\r\n${page}`;
            const answers = await allAnswers(host.port, asked, address);
            expect(
              answers.map(({ status }) => status),
              path,
            ).toEqual([200, 200, 403]);
          }
        }
        const [still] = await probeAs(host.address, ['GET /userinfo']);
        expect(still?.status).toBe(200);
      } finally {
        await host.stop();
      }
    } finally {
      await provider.close();
      rmSync(home, { recursive: true, force: true });
    }
  });

  test('a privileged port that was set is refused, with the remedy', async () => {
    const firstFree = Number(await readFile('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8'));
    const home = otherUsersFolder();
    try {
      // The port below the first free one is privileged whatever the administrator has set.
      const port = String(Math.max(1, firstFree - 1));
      const failure = await failureOf(
        startHeadless({ home, prefix: asOtherUser, environment: { LOOPGATE_PORT: port } }),
      );
      expect(failure.exitCode).toBe(2);
      expect(failure.errors).toContain(`Port ${port} is privileged`);
      expect(failure.errors).toContain('no other port was tried');
    } finally {
      rmSync(home, { recursive: true, force: true });
    }
  });

  test('npm run serve works from a tree that its user cannot write', async () => {
    const home = otherUsersFolder();
    const [command, ...argv] = [...asOtherUser, 'npm', 'run', 'serve'];
    const child = spawn(command, argv, {
      cwd: treeForOtherUser(),
      env: {
        PATH: process.env.PATH,
        HOME: home,
        LOOPGATE_HOME: join(home, 'data'),
        LOOPGATE_PORT: '0',
        LOOPGATE_DEMO: '1',
      },
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    });
    const closed = new Promise((resolve) => child.once('close', resolve));
    try {
      let address: string | undefined;
      for await (const line of createInterface({ input: child.stdout })) {
        address = /^Loopgate \S+ listening on (\S+)$/.exec(line)?.[1];
        if (address !== undefined) break;
      }
      if (address === undefined) throw new Error('npm run serve ended without listening');
      const [answer] = await probeAs(address, ['GET /pkce/challenge']);
      expect(answer?.status).toBe(200);
    } finally {
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGTERM');
      await closed;
      rmSync(home, { recursive: true, force: true });
    }
  });
});
