import { z } from 'zod';
import { callbackPath, defaultPorts } from '../../protocol/protocol.ts';
import { type ClientCheckMetadata, checkClient } from '../../settings/clientCheck.ts';
import type { Settings } from '../../settings/settings.ts';
import type { Endpoint } from '../../storage/endpointFile.ts';
import { type Found, note, ok, problem } from './finding.ts';

/** How long the provider may take, in milliseconds. */
const timeout = 10_000;
/** How far the clocks may differ, in seconds: the broker's tolerance (T15). */
const tolerance = 60;

const metadata = z.looseObject({
  issuer: z.string(),
  authorization_endpoint: z.string(),
  token_endpoint: z.string(),
  jwks_uri: z.string().optional(),
});

/** The provider's answer; `failure` when it is missing or does not come from an OpenID provider. */
export interface Discovered {
  readonly address: string;
  readonly failure?: string;
  readonly metadata?: ClientCheckMetadata;
  /** How far this machine's clock is ahead of the provider's, in seconds; undefined without a date. */
  readonly clockAhead?: number;
}

/** Fetches the provider's metadata (OpenID Connect Discovery 1.0 §4). */
export async function discover(issuer: string, interrupted: AbortSignal): Promise<Discovered> {
  const address = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  try {
    const signal = AbortSignal.any([interrupted, AbortSignal.timeout(timeout)]);
    const response = await fetch(address, { signal, redirect: 'error' });
    const date = Date.parse(response.headers.get('date') ?? '');
    const clockAhead = Number.isNaN(date) ? {} : { clockAhead: Math.round((Date.now() - date) / 1000) };
    if (!response.ok) return { address, failure: `it answers with status ${response.status}`, ...clockAhead };
    const parsed = metadata.safeParse(await response.json().catch(() => undefined));
    if (!parsed.success) return { address, failure: 'its answer is not OpenID metadata', ...clockAhead };
    if (!isIssuerOf(parsed.data.issuer, issuer))
      return { address, failure: `it calls itself ${JSON.stringify(parsed.data.issuer)}`, ...clockAhead };
    return { address, metadata: parsed.data, ...clockAhead };
  } catch (error) {
    interrupted.throwIfAborted();
    return { address, failure: describeFailure(error) };
  }
}

/**
 * As the broker takes them (T14): a final slash may differ, and Microsoft's metadata name the tenant by its id, or `{tenantid}`,
 * whatever the address calls it.
 */
function isIssuerOf(found: string, issuer: string): boolean {
  const withoutSlash = (text: string) => text.replace(/\/$/, '');
  const { origin, hostname } = new URL(issuer);
  const isMicrosofts = origin === 'https://login.microsoftonline.com' || hostname.endsWith('.b2clogin.com');
  return withoutSlash(found) === withoutSlash(issuer) || isMicrosofts;
}

export function checkProvider(settings: Settings | undefined, discovered: Discovered | undefined): Found {
  if (!settings) return note('Not asked, as the settings cannot be read.', 'Correct them first.');
  if (!discovered) {
    return note(
      'None is set in settings.json or in the environment of this shell.',
      'Enter your Auth0 domain in the window, or set LOOPGATE_ISSUER and LOOPGATE_CLIENT_ID. "npm start" without one uses the demo.',
    );
  }
  if (discovered.failure === undefined) return ok(`${settings.issuer} answers as an OpenID provider.`);
  return problem(
    `${discovered.address}: ${discovered.failure}.`,
    'Check the address (for Auth0 the domain of your tenant), the network and the VPN. The doctor asked without the system proxy.',
  );
}

/** Checks whether the provider knows the client ID. */
export async function checkClientId(
  settings: Settings | undefined,
  discovered: Discovered | undefined,
  { endpoint, interrupted }: { endpoint: Endpoint | undefined; interrupted: AbortSignal },
): Promise<Found> {
  const clientId = settings?.clientId;
  const metadata = discovered?.metadata;
  if (clientId === undefined || !metadata) return note('Not asked, as no provider answers.', 'See above.');
  const { host } = new URL(metadata.issuer);
  const redirectUri = callbacksOf(settings, endpoint)[0] ?? metadata.issuer;
  const signal = AbortSignal.any([interrupted, AbortSignal.timeout(timeout)]);
  const answer = await checkClient({ metadata, clientId, redirectUri, fetch, signal });
  interrupted.throwIfAborted();
  switch (answer) {
    case 'known':
      return ok(`${host} knows the client ID “${clientId}”.`);
    case 'untested':
      return note(`Not tested: ${host} does not say whether it knows the client ID.`, 'The first sign-in shows it.');
    case 'unknown':
      return problem(
        `${host} does not know the client ID “${clientId}”.`,
        'Compare it with the one there; it must be that of a native (public) application.',
      );
    case 'secret':
      return problem(
        `${host} wants a secret for the client ID “${clientId}”.`,
        'Make it a native (public) application there.',
      );
  }
}

/** RFC 9110 §6.6.1; T15: the broker refuses a token when the clocks differ too much. */
export function checkClock(discovered: Discovered | undefined): Found {
  const ahead = discovered?.clockAhead;
  if (ahead === undefined) {
    const found = discovered?.metadata ? 'The provider answers without its time.' : 'No provider answered.';
    return note(found, 'Compare it with any clock on the web.');
  }
  if (Math.abs(ahead) <= tolerance) return ok("It agrees with the provider's.");
  const which = ahead > 0 ? 'ahead of' : 'behind';
  return problem(
    `It is ${Math.abs(ahead)} seconds ${which} the provider's.`,
    'Set it right, best by the time server of your system ("timedatectl set-ntp true" on Linux).',
  );
}

/** Lists what must be registered at the provider. Only a sign-in shows whether it is. */
export function checkCallbacks(settings: Settings | undefined, endpoint: Endpoint | undefined): Found {
  const addresses = callbacksOf(settings, endpoint).join(', ');
  return note('Only a sign-in shows whether your provider knows the callbacks.', `Register: ${addresses}`);
}

function callbacksOf(settings: Settings | undefined, endpoint: Endpoint | undefined): string[] {
  const { port, ports = defaultPorts } = settings ?? {};
  const inUse = endpoint ? [endpoint.port] : [];
  const all = [...new Set([...inUse, ...(port === undefined ? ports : port === 0 ? [] : [port])])];
  return all.map((one) => `http://localhost:${one}${callbackPath}`);
}

function describeFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `it does not answer within ${timeout / 1000} seconds`;
  const { cause } = error;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : undefined;
  return `it cannot be reached (${code ?? error.message})`;
}
