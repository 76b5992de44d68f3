import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, test } from 'vitest';
import { BrowserDouble } from './identity-provider/person.ts';
import { startIdentityProvider } from './identity-provider/provider.ts';
import { printedLogin, providerEnvironment, startPair } from './support/client.ts';
import { HeadlessFailed, startHeadless } from './support/headless.ts';
import {
  asOtherUser,
  otherUsersFolder,
  runAsOtherUser,
  treeForOtherUser,
  whyNoOtherUser,
} from './support/otherUser.ts';

/** What another user tries: every operation of the API. */
const operations = [
  ['GET', '/pkce/challenge'],
  ['POST', '/pkce/clear'],
  ['POST', '/pkce/code'],
  ['POST', '/pkce/token'],
  ['POST', '/pkce/response/code'],
  ['GET', '/pkce/response/code'],
  ['GET', '/authorize'],
  ['POST', '/oauth/token'],
  ['GET', '/userinfo'],
  ['GET', '/v2/logout'],
  ['GET', '/not-there'],
] as const;

/** Prints the status and the body of each request, one JSON line each. */
const probe = `
  const [address, ...targets] = process.argv.slice(1);
  for (const target of targets) {
    const [method, path] = target.split(' ');
    const response = await fetch(address + path, { method });
    console.log(JSON.stringify({ status: response.status, body: await response.text() }));
  }
`;

const probeAs = async (address: string, targets: readonly string[]) => {
  const printed = await runAsOtherUser([process.execPath, '--input-type=module', '-e', probe, address, ...targets]);
  return printed
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { status: number; body: string });
};

describe.skipIf(whyNoOtherUser !== undefined)('another user of this machine', () => {
  test('L5: is refused on every operation, while the owner is served', async () => {
    const { host, stop } = await startPair({ browser: true });
    try {
      await fetch(`${host.address}/pkce/code`, { method: 'POST' });
      await fetch(`${host.address}/pkce/token`, { method: 'POST' });
      const answers = await probeAs(
        host.address,
        operations.map(([method, path]) => `${method} ${path}`),
      );
      expect(answers.map(({ status }) => status)).toEqual(operations.map(() => 403));
      for (const { body } of answers) {
        expect(JSON.parse(body)).toMatchObject({ error: 'forbidden_origin' });
        expect(body).not.toMatch(/Ada|eyJ/);
      }
      expect(await (await fetch(`${host.address}/userinfo`)).json()).toMatchObject({ name: 'Ada Lovelace' });
    } finally {
      await stop();
    }
  });

  test('section P: a login that a forwarder of another user brings is taken, because the state is its proof', async () => {
    const { host, stop } = await startPair();
    try {
      const waiting = fetch(`${host.address}/pkce/code`, { method: 'POST' });
      const person = new BrowserDouble();
      const { fields } = await person.signInAs(await printedLogin(host), 'Ada Lovelace', { deliver: false });
      const deliver = `
        const [address, form, accept] = process.argv.slice(1);
        const response = await fetch(address, { method: 'POST', headers: { accept }, body: new URLSearchParams(JSON.parse(form)) });
        console.log(response.status);
      `;
      const deliverAs = async (form: Record<string, string>, accept: string) => {
        const callback = `${host.address}/pkce/response/code`;
        const argv = ['--input-type=module', '-e', deliver, callback, JSON.stringify(form), accept];
        return (await runAsOtherUser([process.execPath, ...argv])).trim();
      };
      expect(await deliverAs({ ...fields, state: 'guessed' }, 'text/html')).toBe('400');
      // As a program it would have to be the owner.
      expect(await deliverAs(fields, 'application/json')).toBe('403');
      expect(await deliverAs(fields, 'text/html')).toBe('200');
      expect((await waiting).status).toBe(200);
    } finally {
      await stop();
    }
  });

  test('section P: a request whose sender has gone, so that its socket has no owner, is not obeyed', async () => {
    const { host, stop } = await startPair({ browser: true });
    try {
      await fetch(`${host.address}/pkce/code`, { method: 'POST' });
      await fetch(`${host.address}/pkce/token`, { method: 'POST' });
      // Writes a sign-out and is gone before anybody can look who it was.
      const hitAndRun = `
        const { connect } = require('node:net');
        const request = 'GET /v2/logout HTTP/1.1\\r\\nHost: localhost:${host.port}\\r\\n\\r\\n';
        let open = 20;
        for (let n = 0; n < 20; n += 1) {
          const socket = connect(${host.port}, '127.0.0.1', () => socket.write(request, () => { open -= 1; if (open === 0) process.exit(0); }));
        }`;
      await runAsOtherUser([process.execPath, '-e', hitAndRun]);
      // Later connections are looked up after those of the runaway.
      expect((await fetch(`${host.address}/pkce/challenge`)).status).toBe(200);
      expect((await fetch(`${host.address}/userinfo`)).status).toBe(200);
    } finally {
      await stop();
    }
  });
});

describe.skipIf(whyNoOtherUser !== undefined)('run by another user than root', () => {
  test('port 1000 is refused, the next one is used, the reason is printed, and the whole flow works there', async () => {
    const provider = await startIdentityProvider({ anyLoopbackCallback: true });
    const home = otherUsersFolder();
    const tree = treeForOtherUser();
    const browser = `${process.execPath} --import tsx ${join(tree, 'e2e', 'identity-provider', 'browser.ts')}`;
    const firstFree = Number(await readFile('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8'));
    try {
      const host = await startHeadless({
        home,
        prefix: asOtherUser,
        environment: { ...providerEnvironment(provider), LOOPGATE_PORT: '', BROWSER: browser, HOME: home },
      });
      try {
        // Where the administrator has opened port 1000 to everybody there is nothing to refuse.
        if (firstFree > 1000) {
          expect(host.port).not.toBe(1000);
          expect(host.output()).toContain('Port 1000 is privileged');
          expect(host.output()).toContain('ip_unprivileged_port_start');
          expect(host.output()).toContain(`Loopgate uses port ${host.port} instead`);
        }
        const [code, token, info] = await probeAs(host.address, [
          'POST /pkce/code',
          'POST /pkce/token',
          'GET /userinfo',
        ]);
        expect([code?.status, token?.status, info?.status]).toEqual([200, 200, 200]);
        expect(JSON.parse(info?.body ?? '')).toMatchObject({ name: 'Ada Lovelace' });
        // Root is another user too.
        expect((await fetch(`${host.address}/userinfo`)).status).toBe(403);
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
      const failure: unknown = await startHeadless({
        home,
        prefix: asOtherUser,
        environment: { LOOPGATE_PORT: port },
      }).catch((error: unknown) => error);
      if (!(failure instanceof HeadlessFailed)) throw new Error('it started');
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
