/**
 * A data folder of an earlier version and the provider whose tokens it holds, in a network of their own (`unshare --net`), where the
 * port that is part of the stored issuer is always free.
 *
 * `unshare --net node --import tsx e2e/stored/scene.ts record FOLDER` makes them: done once, when what is stored has changed.
 * `… open FOLDER` opens them as the present version does, and prints what came of it as JSON. It changes them: give it a copy.
 */
import { execFileSync } from 'node:child_process';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type IdentityProvider, startIdentityProvider } from '../../demo/identity-provider/provider.ts';
import { type Headless, startHeadless, testBrowser } from '../support/headless.ts';

/** What opening a stored state came to. */
export interface Opened {
  readonly name: unknown;
  /** Of `/user/refresh`, which asks the provider anew with the stored refresh token. */
  readonly refreshed: number;
  /** How often the person had to log in. */
  readonly logins: number;
  readonly files: readonly string[];
}

/** Not a secret: it opens a folder in this repository, whose tokens only a provider on this machine takes. */
const vaultKey = Buffer.alloc(32, 'loopgate').toString('base64');
const oneHundredYears = 100 * 365 * 24 * 60 * 60;

const [, , task, folder] = process.argv;
if ((task !== 'record' && task !== 'open') || folder === undefined)
  throw new Error('usage: scene.ts record|open FOLDER');
const home = join(folder, 'home');
execFileSync('ip', ['link', 'set', 'lo', 'up']);

await mkdir(home, { recursive: true });
const provider = await startIdentityProvider({
  anyLoopbackCallback: true,
  refreshTokenSeconds: oneHundredYears,
  stateFile: join(folder, 'provider.json'),
});
try {
  if (task === 'record') await record(provider);
  else process.stdout.write(JSON.stringify(await withHost((host) => open(host, provider))));
} finally {
  await provider.close();
}

async function record({ issuer, clientId, audience }: IdentityProvider): Promise<void> {
  await writeFile(join(home, 'settings.json'), `${JSON.stringify({ issuer, clientId, audience }, undefined, 2)}\n`);
  await withHost(async ({ address }) => {
    const { status } = await fetch(`${address}/os/sign_in`, { method: 'POST' });
    if (status !== 200) throw new Error(`The sign-in answered ${status}`);
  });
  // Of the run, not of what is stored.
  for (const name of ['loopgate.lock', 'endpoint.json', 'command.key']) await rm(join(home, name), { force: true });
}

async function open({ address }: Headless, asked: IdentityProvider): Promise<Opened> {
  const { name } = (await (await fetch(`${address}/userinfo`)).json()) as { name?: unknown };
  const { status } = await fetch(`${address}/user/refresh`);
  return { name, refreshed: status, logins: asked.count('/authorize'), files: (await readdir(home)).sort() };
}

async function withHost<T>(work: (host: Headless) => Promise<T>): Promise<T> {
  const host = await startHeadless({ home, environment: { LOOPGATE_VAULT_KEY: vaultKey, BROWSER: testBrowser } });
  try {
    return await work(host);
  } finally {
    await host.stop();
  }
}
