import * as client from 'openid-client';

const redirectUri = 'http://localhost:1000/pkce/response/code';

/** A login by openid-client alone, with what the host asks of it too: the ID token's signature. */
export class FixedLogin {
  readonly configuration: client.Configuration;
  readonly #audience: string;
  #secrets = { state: '', nonce: '', verifier: '' };

  private constructor(configuration: client.Configuration, audience: string) {
    this.configuration = configuration;
    this.#audience = audience;
  }

  /** At the provider that the environment names. Without one the process ends: all is loaded then. */
  static async atProvider(): Promise<FixedLogin> {
    const { ISSUER: issuer, CLIENT_ID: clientId = '', AUDIENCE: audience = '' } = process.env;
    if (issuer === undefined) process.exit(2);
    const found = await client.discovery(new URL(issuer), clientId, undefined, client.None(), {
      execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks],
    });
    return new FixedLogin(found, audience);
  }

  /** Where a person signs in. */
  async address(): Promise<string> {
    const secrets = {
      state: client.randomState(),
      nonce: client.randomNonce(),
      verifier: client.randomPKCECodeVerifier(),
    };
    this.#secrets = secrets;
    return client.buildAuthorizationUrl(this.configuration, {
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
  async tokens(fields: Readonly<Record<string, string>>) {
    const callback = new URL(`${redirectUri}?${new URLSearchParams(fields)}`);
    return await client.authorizationCodeGrant(this.configuration, callback, {
      pkceCodeVerifier: this.#secrets.verifier,
      expectedState: this.#secrets.state,
      expectedNonce: this.#secrets.nonce,
      idTokenExpected: true,
    });
  }
}
