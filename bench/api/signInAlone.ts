import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as client from 'openid-client';
import { z } from 'zod';
import { writeStore } from '../../main/storage/jsonFile.ts';

// The reference of P5, a process of its own: a sign-in by openid-client alone, with the ID token's signature and the profile, and the two
// writes that the host does before it answers (T4). Each message is one step, and is answered with the milliseconds that it took here.

const redirectUri = 'http://localhost:1000/pkce/response/code';

const folder = mkdtempSync(join(tmpdir(), 'loopgate-bench-'));
process.on('disconnect', () => {
  rmSync(folder, { recursive: true, force: true });
  process.exit();
});

/** Writes a file as large as a stored session, in the same way: by electron-store, safe against a loss of power. */
function writeSession(): void {
  writeStore(folder, 'kept', { session: 'a'.repeat(4096) });
}

class Login {
  readonly #configuration: client.Configuration;
  readonly #audience: string;
  #secrets = { state: '', nonce: '', verifier: '' };

  private constructor(configuration: client.Configuration, audience: string) {
    this.#configuration = configuration;
    this.#audience = audience;
  }

  /** At the provider that the environment names. */
  static async atProvider(): Promise<Login> {
    const { ISSUER: issuer = '', CLIENT_ID: clientId = '', AUDIENCE: audience = '' } = process.env;
    const found = await client.discovery(new URL(issuer), clientId, undefined, client.None(), {
      execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks],
    });
    return new Login(found, audience);
  }

  /** Where a person signs in. */
  async begin(): Promise<string> {
    const secrets = {
      state: client.randomState(),
      nonce: client.randomNonce(),
      verifier: client.randomPKCECodeVerifier(),
    };
    this.#secrets = secrets;
    return client.buildAuthorizationUrl(this.#configuration, {
      audience: this.#audience,
      redirect_uri: redirectUri,
      response_mode: 'form_post',
      scope: 'openid profile email offline_access',
      state: secrets.state,
      nonce: secrets.nonce,
      code_challenge: await client.calculatePKCECodeChallenge(secrets.verifier),
      code_challenge_method: 'S256',
    }).href;
  }

  /** @param fields - what the provider's page has sent back */
  async finish(fields: Readonly<Record<string, string>>): Promise<void> {
    const callback = new URL(`${redirectUri}?${new URLSearchParams(fields)}`);
    const granted = await client.authorizationCodeGrant(this.#configuration, callback, {
      pkceCodeVerifier: this.#secrets.verifier,
      expectedState: this.#secrets.state,
      expectedNonce: this.#secrets.nonce,
      idTokenExpected: true,
    });
    writeSession();
    await client.fetchUserInfo(this.#configuration, granted.access_token, granted.claims()?.sub ?? '');
    writeSession();
  }
}

const step = z.object({ fields: z.record(z.string(), z.string()).optional() });

void Login.atProvider().then((login) => {
  process.on('message', async (message) => {
    const { fields } = step.parse(message);
    const began = performance.now();
    const address = fields ? await login.finish(fields) : await login.begin();
    process.send?.({ took: performance.now() - began, login: address ?? '' });
  });
  process.send?.({ ready: true });
});
