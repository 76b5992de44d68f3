import type { ChildProcess } from 'node:child_process';
import type { IdentityProvider } from '../../demo/identity-provider/provider.ts';
import { startScript } from '../api/processes.ts';
import { buildFixed } from './build.ts';

/** Starts one of the programs that sign in by openid-client alone, at that provider. */
export async function startFixedLogin(
  name: 'signIn' | 'renewal',
  { issuer, clientId, audience }: IdentityProvider,
): Promise<ChildProcess> {
  return startScript(await buildFixed(name), [], { ISSUER: issuer, CLIENT_ID: clientId, AUDIENCE: audience });
}
