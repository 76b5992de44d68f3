import { closeSync, fsyncSync, mkdtempSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as client from 'openid-client';
import { z } from 'zod';

// A sign-in by openid-client alone, with what the host asks of it too (the ID token's signature), and two writes to the disk.
// Each message is one step, and is answered with the milliseconds that it took here.

const [issuer = '', clientId = '', audience = ''] = process.argv.slice(2);
const redirectUri = 'http://localhost:1000/pkce/response/code';
const folder = mkdtempSync(join(tmpdir(), 'loopgate-bench-'));
const found = await client.discovery(new URL(issuer), clientId, undefined, client.None(), {
  execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks],
});
const secrets = { state: '', nonce: '', verifier: '' };

async function address(): Promise<string> {
  secrets.state = client.randomState();
  secrets.nonce = client.randomNonce();
  secrets.verifier = client.randomPKCECodeVerifier();
  return client.buildAuthorizationUrl(found, {
    audience,
    redirect_uri: redirectUri,
    response_mode: 'form_post',
    scope: 'openid profile email offline_access',
    state: secrets.state,
    nonce: secrets.nonce,
    code_challenge: await client.calculatePKCECodeChallenge(secrets.verifier),
    code_challenge_method: 'S256',
  }).href;
}

async function tokens(fields: Readonly<Record<string, string>>): Promise<void> {
  const callback = new URL(`${redirectUri}?${new URLSearchParams(fields)}`);
  const granted = await client.authorizationCodeGrant(found, callback, {
    pkceCodeVerifier: secrets.verifier,
    expectedState: secrets.state,
    expectedNonce: secrets.nonce,
    idTokenExpected: true,
  });
  keep();
  await client.fetchUserInfo(found, granted.access_token, granted.claims()?.sub ?? '');
  keep();
}

/** Survives a loss of power: the file, and its name in the folder. */
function keep(): void {
  const unfinished = join(folder, 'unfinished');
  const file = openSync(unfinished, 'w', 0o600);
  writeSync(file, Buffer.alloc(4096));
  fsyncSync(file);
  closeSync(file);
  renameSync(unfinished, join(folder, 'kept'));
  const directory = openSync(folder, 'r');
  fsyncSync(directory);
  closeSync(directory);
}

const step = z.object({ fields: z.record(z.string(), z.string()).optional() });

process.on('message', async (message) => {
  const { fields } = step.parse(message);
  const began = performance.now();
  const login = fields ? await tokens(fields) : await address();
  process.send?.({ took: performance.now() - began, login: login ?? '' });
});
process.on('disconnect', () => {
  rmSync(folder, { recursive: true, force: true });
  process.exit();
});
process.send?.({ ready: true });
