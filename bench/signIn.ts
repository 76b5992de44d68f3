import { Auth0Api, Configuration, PKCEApi, ResponseError } from '@pieces.app/pieces-os-client';
import { z } from 'zod';
import { BrowserDouble } from '../demo/identity-provider/person.ts';
import { printedLogin } from '../e2e/support/client.ts';
import type { Headless } from '../e2e/support/headless.ts';

/**
 * Signs a person in as the published client does it, at the provider's pages. Others stay signed in.
 * @param host - without a `$BROWSER`, so that it prints the address; its provider without device authorization
 * @throws Error with the answer of the operation that failed
 */
export async function signInAs(host: Headless, name: string): Promise<void> {
  const configuration = new Configuration({ basePath: host.address });
  const pkce = new PKCEApi(configuration);
  try {
    const { challenge } = await pkce.getChallenge();
    const waiting = pkce.generateCode();
    // Awaited below; the login may fail before that.
    waiting.catch(() => undefined);
    await new BrowserDouble().signInAs(await printedLogin(host, challenge?.state), name);
    await waiting;
    await pkce.generateToken();
    await new Auth0Api(configuration).getAuth0UserInfo();
  } catch (error) {
    if (!(error instanceof ResponseError)) throw error;
    throw new Error(`signing ${name} in: ${error.response.status} ${await error.response.text()}`);
  }
}

const deviceCode = z.object({ verification_uri_complete: z.string().optional() });

/**
 * Signs the first person in on another device (RFC 8628), so that nothing of a browser is in the way.
 * @param address - of the API
 * @throws Error with its answer, when nobody could be signed in
 */
export async function signInOnDevice(address: string, name: string): Promise<void> {
  const { verification_uri_complete } = deviceCode.parse(JSON.parse(await post(`${address}/device/code`)));
  if (verification_uri_complete === undefined) throw new Error(`${name} is not signed in: somebody else is already`);
  const waiting = post(`${address}/device/wait`);
  await Promise.all([waiting, new BrowserDouble().approveDevice(verification_uri_complete, name)]);
}

async function post(address: string): Promise<string> {
  const answer = await fetch(address, { method: 'POST' });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${address} answered ${answer.status}: ${text}`);
  return text;
}
