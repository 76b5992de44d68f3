import * as client from 'openid-client';
import { BrokerError } from './errors.ts';
import { clocksDiffer, clockTolerance } from './providerChecks.ts';
import { requestTimeout } from './providerFetch.ts';

/**
 * Runs a call of openid-client, whose errors become the broker's.
 * @param secrets - what was sent, and is not to be told by a provider that repeats it (T9)
 * @throws BrokerError
 */
export async function asBrokerError<T>(work: () => Promise<T>, secrets: Secrets = []): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toBrokerError(error, secrets);
  }
}

export type Secrets = readonly (string | undefined)[];

/** openid-client's errors in the broker's words. Nothing of an answer's body is quoted but OAuth's own error fields (T9). */
function toBrokerError(error: unknown, secrets: Secrets): BrokerError {
  if (error instanceof BrokerError) return error;
  if (error instanceof client.ResponseBodyError) {
    return oauthError(error.status, error.error, error.error_description, secrets);
  }
  if (error instanceof client.WWWAuthenticateChallengeError) return statusError(error.status);
  if (error instanceof client.ClientError) {
    const cause: unknown = error.cause;
    if (cause instanceof BrokerError) return cause;
    if (error.code === 'OAUTH_TIMEOUT') {
      return new BrokerError('provider_unreachable', {
        happened: `The identity provider did not answer within ${requestTimeout} seconds.`,
        retryable: true,
      });
    }
    if (cause instanceof Response && cause.status !== 200) return statusError(cause.status);
    return clockFailure(error) ?? new BrokerError('provider_error', { happened: checkThatFailed(error) });
  }
  return new BrokerError('provider_error', { happened: "The identity provider's answer could not be verified." });
}

function oauthError(status: number, error: string, description: string | undefined, secrets: Secrets): BrokerError {
  // Auth0 sends `slow_down` (RFC 8628 §3.5) with status 429: it is the answer to a device login, and no outage.
  if (status >= 500 || (status === 429 && error !== 'slow_down')) return statusError(status);
  const words = oauthWords(error, description, secrets);
  if (error === 'invalid_grant') {
    return new BrokerError('invalid_grant', {
      happened: `The identity provider refused the grant (${words}).`,
      providerError: error,
    });
  }
  return new BrokerError('provider_error', {
    happened: `The identity provider answered with an error (${words}).`,
    providerError: error,
  });
}

function statusError(status: number): BrokerError {
  if (status >= 500 || status === 429) {
    return new BrokerError('provider_unreachable', {
      happened: `The identity provider is not able to answer now (status ${status}).`,
      retryable: true,
      undone: status === 429,
    });
  }
  return new BrokerError('provider_error', { happened: `The identity provider answered with status ${status}.` });
}

/**
 * `error: description` of RFC 6749 §5.2, cut to the characters that the RFC allows and to a length that a page can show.
 * @param secrets - what was sent: a provider that repeats it would put a code or a token here (T9)
 */
export function oauthWords(error: string, description: string | undefined, secrets: Secrets = []): string {
  // As it is, and as it was on its way.
  const sent = secrets.flatMap((secret) =>
    secret ? [secret, String(new URLSearchParams({ secret })).slice('secret='.length)] : [],
  );
  const clean = (text: string) =>
    sent
      .reduce((words, secret) => words.replaceAll(secret, '...'), text)
      // And what was sent in another form, or earlier: nothing that long is a word.
      .replace(/[^\x20-\x7e]/g, ' ')
      .replace(/[A-Za-z0-9._~+/=-]{32,}/g, '...')
      .slice(0, 200);
  return description === undefined ? clean(error) : `${clean(error)}: ${clean(description)}`;
}

/**
 * T20: what could not be verified by the keys as they were read last.
 * @param mayBeVerified - true where it is verified again when it is asked for again, false where it is given up
 */
export function unverified(error: unknown, mayBeVerified: boolean): unknown {
  if (!(error instanceof BrokerError)) return error;
  const { code, happened, next } = error;
  const isMisfit = code === 'provider_error' && mayBeVerified;
  return new BrokerError(code, {
    happened,
    next: isMisfit ? keysMayChange : next,
    retryable: mayBeVerified,
    undone: mayBeVerified,
  });
}

const keysMayChange =
  'Try again in a moment: the provider may just have changed its keys, which are then read again. A session that exists is kept.';

/** What it means that the check of a claim or of a metadata's member failed. */
const meanings: Readonly<Record<string, string>> = {
  iss: 'the ID token is from another issuer',
  aud: 'the ID token is not for this application, or not for it alone',
  azp: 'the ID token was given to another application',
  nonce: 'the ID token belongs to another login',
  sub: "the profile is another person's",
  issuer: "the metadata is another issuer's",
};

/** Which check of openid-client failed, by the name of the claim or attribute, never by its value. */
function checkThatFailed(error: client.ClientError): string {
  const inner: unknown = error.cause instanceof Error ? error.cause.cause : error.cause;
  if (error.code === 'OAUTH_KEY_SELECTION_FAILED')
    return 'No single key of the identity provider fits the signature of the ID token (kid).';
  if (error.code === 'OAUTH_RESPONSE_IS_NOT_JSON') return "The identity provider's answer is not JSON.";
  const named = textAt(inner, 'claim') ?? textAt(inner, 'attribute');
  if (named !== undefined)
    return `The identity provider's answer failed a check: ${meanings[named] ?? 'it is not usable'} (${named}).`;
  const message = error.cause instanceof Error ? error.cause.message : error.message;
  return `The identity provider's answer failed a check: ${message.replace(/[^\x20-\x7e]/g, ' ').slice(0, 160)}.`;
}

/** T15: a fresh ID token that is not valid now means that the clocks differ, and by how much is in its iat. */
function clockFailure(error: client.ClientError): BrokerError | undefined {
  if (error.code !== 'OAUTH_JWT_TIMESTAMP_CHECK_FAILED') return undefined;
  const failed: unknown = error.cause instanceof Error ? error.cause.cause : error.cause;
  const [now, issuedAt] = [valueAt(failed, 'now'), valueAt(valueAt(failed, 'claims'), 'iat')];
  const claim = textAt(failed, 'claim') ?? 'time';
  if (typeof now !== 'number' || typeof issuedAt !== 'number' || Math.abs(now - issuedAt) <= clockTolerance)
    return new BrokerError('provider_error', { happened: `The ID token is not valid at this time (${claim}).` });
  return clocksDiffer(now - issuedAt, claim);
}

function valueAt(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}

/** A text inside of something that came from outside. */
export function textAt(value: unknown, key: string): string | undefined {
  const found = valueAt(value, key);
  return typeof found === 'string' ? found : undefined;
}
