import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startIdentityProvider } from '../demo/identity-provider/provider.ts';
import packageJson from '../package.json' with { type: 'json' };
import { providerEnvironment, startPair } from './support/client.ts';
import { builtHost, failureOf, startHeadless, testBrowser } from './support/headless.ts';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'loopgate-headless-'));
});
afterEach(() => rm(home, { recursive: true, force: true }));

/** Starts a host that must refuse to start, and gives why. */
async function refusal(environment: NodeJS.ProcessEnv): Promise<{ exitCode: number | null; errors: string }> {
  return await failureOf(startHeadless({ home, environment }));
}

async function signIn(address: string): Promise<void> {
  expect((await fetch(`${address}/pkce/code`, { method: 'POST' })).status).toBe(200);
  expect((await fetch(`${address}/pkce/token`, { method: 'POST' })).status).toBe(200);
}

describe('the headless host', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)(
    'stops cleanly on %s: exit code 0, nothing listens any more [L11]',
    async (signal) => {
      const host = await startHeadless({ home });
      expect(host.output()).toContain(`Loopgate ${packageJson.version} listening on http://localhost:${host.port}`);
      // A kept connection and a request that waits must not hold it up.
      const waiting = fetch(`${host.address}/pkce/challenge`).then((response) => response.text());
      await waiting;
      expect(await host.stop(signal)).toBe(0);
      await expect(fetch(`${host.address}/pkce/challenge`)).rejects.toThrow();
      expect(await readdir(home)).not.toContain('lock.json');
    },
  );

  test('answers on 127.0.0.1 and on ::1, on the same port [R8]', async () => {
    const host = await startHeadless({ home });
    try {
      for (const name of ['127.0.0.1', '[::1]', 'localhost']) {
        expect((await fetch(`http://${name}:${host.port}/pkce/challenge`)).status).toBe(200);
      }
    } finally {
      await host.stop();
    }
  });

  test('without a provider it starts, says so, and answers not_configured', async () => {
    const host = await startHeadless({ home });
    try {
      expect(host.output()).toContain('LOOPGATE_ISSUER');
      const response = await fetch(`${host.address}/pkce/code`, { method: 'POST' });
      expect(response.status).toBe(503);
      expect(await response.json()).toMatchObject({ error: 'not_configured' });
    } finally {
      await host.stop();
    }
  });

  test('with LOOPGATE_VAULT_KEY the session outlives the host, encrypted and readable by its user alone', async () => {
    const provider = await startIdentityProvider({ anyLoopbackCallback: true });
    const environment = {
      ...providerEnvironment(provider),
      BROWSER: testBrowser,
      LOOPGATE_VAULT_KEY: randomBytes(32).toString('base64'),
    };
    try {
      const first = await startHeadless({ home, environment });
      expect(first.output()).toContain('encrypted with LOOPGATE_VAULT_KEY');
      await signIn(first.address);
      // Killed, not stopped: what was answered is on disk already (T4).
      await first.stop('SIGKILL');
      const file = join(home, 'session.vault-key.json');
      expect((await stat(file)).mode & 0o777).toBe(0o600);
      expect(await readFile(file, 'utf8')).not.toMatch(/Lovelace|eyJhbGci|refresh/);
      const logins = provider.count('/authorize');
      const second = await startHeadless({ home, environment });
      expect(await (await fetch(`${second.address}/userinfo`)).json()).toMatchObject({ name: 'Ada Lovelace' });
      expect(provider.count('/authorize')).toBe(logins);
      await second.stop();
      // Another key: signed out, told why, and the old file is kept aside.
      const third = await startHeadless({
        home,
        environment: { ...environment, LOOPGATE_VAULT_KEY: randomBytes(32).toString('base64') },
      });
      const answer = await fetch(`${third.address}/userinfo`);
      expect(answer.status).toBe(401);
      expect(((await answer.json()) as { error_description: string }).error_description).toContain(
        'cannot be decrypted',
      );
      await third.stop();
      expect((await readdir(home)).some((name) => name.startsWith('session.vault-key.unreadable-'))).toBe(true);
    } finally {
      await provider.close();
    }
  });

  test('without LOOPGATE_VAULT_KEY the session is in memory only, and the host says so', async () => {
    const { provider, host, stop } = await startPair({ browser: true, host: { home } });
    try {
      expect(host.output()).toContain('kept in memory');
      await signIn(host.address);
      expect((await readdir(home)).filter((name) => name.startsWith('session'))).toEqual([]);
      expect(provider.errors).toEqual([]);
    } finally {
      await stop();
    }
  });

  test.each([
    [{ LOOPGATE_PORT: 'http' }, 'LOOPGATE_PORT', 'from 0 to 65535'],
    [{ LOOPGATE_ISSUER: 'http://tenant.example/', LOOPGATE_CLIENT_ID: 'x' }, 'LOOPGATE_ISSUER', 'https address'],
    [{ LOOPGATE_ISSUER: 'tenant.us.auth0.com' }, 'LOOPGATE_CLIENT_ID', 'not set'],
    [{ LOOPGATE_SCOPE: 'profile' }, 'LOOPGATE_SCOPE', 'openid'],
    [{ LOOPGATE_ORIGINS: '*' }, 'LOOPGATE_ORIGINS', 'exact origins'],
    [{ LOOPGATE_VAULT_KEY: 'short' }, 'LOOPGATE_VAULT_KEY', '32 bytes'],
    [{ LOOPGATE_CLIENT_SECRET: 'hush' }, 'LOOPGATE_CLIENT_SECRET', 'no client secret'],
    [{ LOOPGATE_DEMO: '1' }, 'LOOPGATE_DEMO', 'npm start'],
  ])('refuses %j at the start, with the setting and the expectation', async (environment, setting, expectation) => {
    const { exitCode, errors } = await refusal(environment);
    expect(exitCode).toBe(2);
    expect(errors).toContain(setting);
    expect(errors).toContain(expectation);
    expect(errors).not.toContain('hush');
  });

  test('refuses a settings.json that is damaged or has an unknown name, and leaves it as it is', async () => {
    const file = join(home, 'settings.json');
    for (const content of ['{"port": 0', '{"isuer": "tenant.us.auth0.com"}']) {
      await writeFile(file, content);
      const { exitCode, errors } = await refusal({});
      expect(exitCode).toBe(2);
      expect(errors).toContain(file);
      expect(await readFile(file, 'utf8')).toBe(content);
    }
  });

  test('reads settings.json, and the environment wins over it', async () => {
    await writeFile(
      join(home, 'settings.json'),
      JSON.stringify({ issuer: 'https://file.example/', clientId: 'from-file', port: 1 }),
    );
    const host = await startHeadless({
      home,
      environment: { LOOPGATE_PORT: '0', LOOPGATE_CLIENT_ID: 'from-environment' },
    });
    try {
      const refused = await fetch(`${host.address}/v2/logout?client_id=from-file`);
      expect(refused.status).toBe(400);
      expect((await fetch(`${host.address}/v2/logout?client_id=from-environment`)).status).toBe(200);
    } finally {
      await host.stop();
    }
  });
});

describe('what it prints and logs', () => {
  /** Enough lines of the log to fill what the system keeps for a reader. */
  const requests = 5_000;

  test.each<[string, (stream: Readable) => void]>([
    ['that is read by nobody any more, as after `| head`', (stream) => stream.destroy()],
    ['that nobody reads for the moment', (stream) => stream.pause()],
  ])(
    '%s does not end it, nor hold it up, and it still ends when it is asked to',
    async (_name, leave) => {
      const provider = await startIdentityProvider();
      const [program = '', ...argv] = builtHost;
      const environment = { ...providerEnvironment(provider), LOOPGATE_HOME: home, LOOPGATE_PORT: '0' };
      const child = spawn(program, argv, {
        env: { PATH: process.env.PATH, LOOPGATE_LOG_LEVEL: 'debug', ...environment },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const exited = once(child, 'exit');
      try {
        let printed = '';
        for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
          printed += String(chunk);
          if (/ listening on \S+\n/.test(printed)) break;
        }
        const address = / listening on (\S+)/.exec(printed)?.[1] ?? '';
        for (const stream of [child.stdout, child.stderr]) leave(stream);
        // Prints where to sign in.
        const login = fetch(`${address}/os/sign_in`, { method: 'POST', signal: AbortSignal.timeout(60_000) }).catch(
          () => undefined,
        );
        await provider.waitFor(({ path }) => path === '/oauth/device/code');
        for (let asked = 0; asked < requests; asked += 100) {
          const all = Array.from({ length: 100 }, () => fetch(`${address}/.well-known/health`));
          for (const answer of await Promise.all(all)) expect(await answer.text()).not.toBe('');
        }
        child.kill('SIGTERM');
        expect(await exited).toEqual([0, null]);
        await login;
      } finally {
        child.kill('SIGKILL');
        await provider.close();
      }
    },
    60_000,
  );
});

describe('two hosts on one data folder', () => {
  test('the second one says who holds it and ends; the first is not disturbed', async () => {
    const first = await startHeadless({ home });
    try {
      const { exitCode, errors } = await refusal({});
      expect(exitCode).toBe(2);
      expect(errors).toContain(`process ${first.pid}`);
      expect(errors).toContain('LOOPGATE_HOME');
      expect((await fetch(`${first.address}/pkce/challenge`)).status).toBe(200);
    } finally {
      await first.stop();
    }
  });

  test('a host that was killed leaves a lock that the next one recognises as stale', async () => {
    const first = await startHeadless({ home });
    await first.stop('SIGKILL');
    expect(await readdir(home)).toContain('lock.json');
    const second = await startHeadless({ home });
    await second.stop();
  });
});

describe('a port that was set', () => {
  test('does not fall back when it is taken: it is refused, with the reason', async () => {
    const occupant = createServer();
    await new Promise<void>((resolve) => occupant.listen(0, '127.0.0.1', resolve));
    const address = occupant.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    try {
      const { exitCode, errors } = await refusal({ LOOPGATE_PORT: String(port) });
      expect(exitCode).toBe(2);
      expect(errors).toMatch(new RegExp(`Port ${port} is taken by node.* \\(process ${process.pid}\\)\\.`));
      expect(errors).toContain('no other port was tried');
    } finally {
      occupant.close();
    }
  });
});
