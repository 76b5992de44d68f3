import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { z } from 'zod';
import { inTime } from '../../build/inTime.ts';
import { BrowserDouble } from '../../demo/identity-provider/person.ts';

const execute = promisify(execFile);

const packageName = 'oidc-agent-cli';
const timeout = 20_000;

/** An oidc-agent that holds the sign-in of one person. */
export interface OidcAgent {
  /** For `oidc-token`. */
  readonly environment: NodeJS.ProcessEnv;
  /** What `oidc-token` calls the sign-in. */
  readonly account: string;
  stop(): Promise<void>;
}

/**
 * Sees to it that oidc-agent is there: where this process is root and there is apt-get, it is installed.
 * @throws Error with the line to type, where it is missing and cannot be installed
 */
export async function ensureOidcAgent(announce: (line: string) => void): Promise<void> {
  if (await isProgram('oidc-token')) return;
  const line = `apt-get install --yes --no-install-recommends ${packageName}`;
  if (process.getuid?.() === 0 && (await isProgram('apt-get'))) {
    announce(`Installing ${packageName} …`);
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
    const [command = '', ...argv] = line.split(' ');
    await execute('apt-get', ['update', '--quiet'], { env });
    await execute(command, argv, { env, maxBuffer: 64 * 1024 * 1024 });
  }
  if (!(await isProgram('oidc-token'))) throw new Error(`oidc-token is not installed. Type: sudo ${line}`);
}

/** @param provider - with device authorization; its issuer takes a client that sends a secret */
export async function startOidcAgent(provider: { issuer: string; clientId: string }): Promise<OidcAgent> {
  const refreshToken = await refreshTokenOf(provider);
  const folder = await mkdtemp(join(tmpdir(), 'loopgate-oidc-agent-'));
  const socket = join(folder, 'agent');
  const environment = { PATH: process.env.PATH, HOME: folder, TMPDIR: folder, OIDC_CONFIG_DIR: folder };
  const agent = spawn('oidc-agent', ['--console', '--no-autoload', '--no-webserver', '--socket-path', socket], {
    env: environment,
    stdio: 'ignore',
  });
  const stop = async () => {
    if (agent.exitCode === null && agent.signalCode === null) {
      agent.kill();
      await once(agent, 'exit');
    }
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await inTime('the socket of oidc-agent', timeout, untilThere(socket));
    const account = 'bench';
    const env = { ...environment, OIDC_SOCK: socket };
    const secrets = { OIDC_ENCRYPTION_PW: 'throwaway', OIDC_REFRESH_TOKEN: refreshToken };
    const generate = [
      ...[account, '--manual', `--issuer=${provider.issuer}`, `--client-id=${provider.clientId}`],
      ...['--client-secret=none', '--rt-env', '--pw-env', '--scope=openid profile offline_access'],
      ...['--redirect-uri=http://localhost:4242', `--dae=${provider.issuer}oauth/device/code`],
      ...['--confirm-default', '--prompt=none'],
    ];
    await execute('oidc-gen', generate, { env: { ...env, ...secrets }, timeout });
    return { environment: env, account, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

const deviceCode = z.object({ device_code: z.string(), verification_uri_complete: z.string() });
const tokens = z.object({ refresh_token: z.string() });

/** A refresh token of its own, got on another device (RFC 8628). */
async function refreshTokenOf({ issuer, clientId }: { issuer: string; clientId: string }): Promise<string> {
  const code = deviceCode.parse(
    await post(`${issuer}oauth/device/code`, { client_id: clientId, scope: 'openid profile offline_access' }),
  );
  await new BrowserDouble().approveDevice(code.verification_uri_complete, 'Ada Lovelace');
  const answer = await post(`${issuer}oauth/token`, {
    grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
    device_code: code.device_code,
    client_id: clientId,
  });
  return tokens.parse(answer).refresh_token;
}

async function post(address: string, fields: Record<string, string>): Promise<unknown> {
  const answer = await fetch(address, { method: 'POST', body: new URLSearchParams(fields) });
  if (!answer.ok) throw new Error(`${address} answered ${answer.status}`);
  return await answer.json();
}

async function untilThere(path: string): Promise<void> {
  for (const since = Date.now(); Date.now() - since < timeout; ) {
    if (await exists(path)) return;
    await delay(20);
  }
}

async function isProgram(name: string): Promise<boolean> {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return (await Promise.all(folders.map((folder) => exists(join(folder, name))))).includes(true);
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
