import * as client from 'openid-client';
import { type Message, message } from '../../../preload/texts/messages.ts';
import { LoopgateError } from '../../errors/errors.ts';
import { clocksDiffer, clockTolerance } from './providerChecks.ts';
import { gone, noAnswer, requestTimeout } from './providerFetch.ts';
import { oauthWords, type Secrets } from './providerWords.ts';

/**
 * Runs a call of openid-client, and turns its errors into the broker's.
 * @param secrets - what was sent; it must not appear in an error when the provider repeats it (T9)
 * @param timeout - how long each of its requests may take, in seconds
 * @throws LoopgateError
 */
export async function withLoopgateErrors<T>(
  work: () => Promise<T>,
  secrets: Secrets = [],
  timeout = requestTimeout,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toLoopgateError(error, secrets, timeout);
  }
}

/** Whether a call of openid-client failed because the response had this status. */
export function hasStatus(error: unknown, status: number): boolean {
  if (error instanceof client.WWWAuthenticateChallengeError) return error.status === status;
  return error instanceof client.ClientError && error.cause instanceof Response && error.cause.status === status;
}

/** Turns openid-client's errors into the broker's. From a response's body it quotes only OAuth's own error fields (T9). */
function toLoopgateError(error: unknown, secrets: Secrets, timeout: number): LoopgateError {
  if (error instanceof LoopgateError) return error;
  if (error instanceof client.ResponseBodyError) return answeredError(error, secrets);
  if (error instanceof client.WWWAuthenticateChallengeError) return challenged(error);
  if (error instanceof client.ClientError) {
    const cause: unknown = error.cause;
    if (cause instanceof LoopgateError) return cause;
    if (error.code === 'OAUTH_TIMEOUT') return timedOut(timeout);
    if (cause instanceof Response && cause.status !== 200) return statusError(cause.status, cause);
    if (isNotJson(error)) return noAnswer(message('answerNotJson'));
    return clockFailure(error) ?? new LoopgateError('provider_error', { happened: checkThatFailed(error) });
  }
  return new LoopgateError('provider_error', { happened: message('answerNotVerified') });
}

function isNotJson({ code, cause }: client.ClientError): boolean {
  // A JWT that cannot be parsed has the same code.
  const isAnswer = cause instanceof Error && cause.message.includes('"response" body');
  return code === 'OAUTH_RESPONSE_IS_NOT_JSON' || (code === 'OAUTH_PARSE_ERROR' && isAnswer);
}

function timedOut(seconds: number): LoopgateError {
  return new LoopgateError('provider_unreachable', {
    happened: message('noAnswerWithin', { seconds }),
    retryable: true,
  });
}

/** Statuses of a provider, or of a gateway before it, that has not processed the request and may do so later. */
const notProcessed: readonly number[] = [404, 405, 408, 410, 425, 429, 503];
/** Temporary OAuth errors (RFC 6749 §4.1.2.1). */
const passing: readonly string[] = ['temporarily_unavailable', 'server_error'];
/** OAuth errors after which the person signs in again while the session stays (OIDC Core §3.1.2.6). */
const wantSignIn: readonly string[] = [
  'interaction_required',
  'login_required',
  'consent_required',
  'account_selection_required',
];
/** OAuth errors about the application itself (RFC 6749 §5.2). A provider says so too when it wants a secret. */
const ofClient: readonly string[] = ['invalid_client', 'unauthorized_client'];
/** The errors that come from the provider even with a 404 (RFC 6749 §5.2, RFC 8707). */
const refusals: readonly string[] = [
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'unauthorized_client',
  'unsupported_grant_type',
  'invalid_scope',
  'invalid_target',
  'access_denied',
  ...wantSignIn,
];

/**
 * The error for a response with an `error` field. It is OAuth's own, unless the status or the text shows that it comes from a
 * gateway.
 */
function answeredError({ status, error, error_description, response }: client.ResponseBodyError, secrets: Secrets) {
  // Auth0 sends `slow_down` (RFC 8628 §3.5) with status 429: it answers a device login, and is not an outage.
  const isBusy = status >= 500 || (notProcessed.includes(status) && error !== 'slow_down');
  // "Bad Request", "Not Found": a web server's own error page, written as JSON.
  const isPage = /^[A-Z][a-z]+( [A-Z][a-z]+)*$/.test(error);
  if ((isBusy && !(gone.includes(status) && refusals.includes(error))) || isPage) return statusError(status, response);
  return oauthError(error, error_description, { secrets, response });
}

/**
 * An OAuth error, from an endpoint or at the callback (R13).
 * @param options.response - the response that contained it; absent at the callback
 */
export function oauthError(
  error: string,
  description: string | undefined,
  { secrets = [], response }: { secrets?: Secrets; response?: Response } = {},
): LoopgateError {
  const words = oauthWords(error, description, secrets);
  if (passing.includes(error)) {
    return new LoopgateError('provider_unreachable', {
      happened: message('providerBusyWords', { words }),
      ...(response ? {} : { next: message('signInAgainInAMoment') }),
      ...{ retryable: true, undone: error === 'temporarily_unavailable', providerError: error },
      ...waiting(response),
    });
  }
  if (error === 'invalid_grant') {
    return new LoopgateError('invalid_grant', {
      happened: message('grantRefused', { words }),
      ...{ refused: true, providerError: error },
    });
  }
  const needsSignIn = wantSignIn.includes(error);
  return new LoopgateError('provider_error', {
    happened: message(needsSignIn ? 'providerWantsSignIn' : 'answeredWithError', { words }),
    ...(ofClient.includes(error) && { next: message('clientMustBePublic') }),
    ...(isAboutScope(error, description) && { next: message('askForFewerScopes') }),
    ...(needsSignIn && { next: message(response ? 'signInAgainSessionKept' : 'signInVisibly') }),
    ...{ refused: true, needsSignIn, providerError: error },
  });
}

/** Whether the provider refuses a scope, in OAuth's word for it or in its own (Keycloak: `not_allowed`). */
function isAboutScope(error: string, description = ''): boolean {
  return error === 'invalid_scope' || /\boffline(?:_access| tokens?)\b/i.test(description);
}

/** The error for a token that was refused by a challenge (RFC 6750 §3.1). */
function challenged({ status, response }: client.WWWAuthenticateChallengeError): LoopgateError {
  if (status >= 500 || notProcessed.includes(status)) return statusError(status, response);
  return new LoopgateError('provider_error', {
    happened: message('answeredWithStatus', { status }),
    refused: true,
  });
}

/** The error for a response without an OAuth error: the server is busy, or another server than the provider answers. */
function statusError(status: number, response: Response): LoopgateError {
  const undone = notProcessed.includes(status);
  if (status >= 500 || (undone && !gone.includes(status))) {
    return new LoopgateError('provider_unreachable', {
      happened: message('providerBusy', { status }),
      ...{ retryable: true, undone },
      ...waiting(response),
    });
  }
  return noAnswer(message('answeredWithStatus', { status }), { undone, ...waiting(response) });
}

/** The longest `Retry-After` that Loopgate obeys, in milliseconds. */
const maxRetryAfter = 5 * 60_000;

/** RFC 9110 §10.2.3: seconds, or a date, which is compared with the sender's clock. */
function waiting(response: Response | undefined): { retryAfter?: number } {
  const said = response?.headers.get('retry-after')?.trim();
  if (!said) return {};
  const sentAt = Date.parse(response?.headers.get('date') ?? '');
  const until = Date.parse(said) - (Number.isNaN(sentAt) ? Date.now() : sentAt);
  const milliseconds = /^\d+$/.test(said) ? Number(said) * 1000 : until;
  return milliseconds > 0 ? { retryAfter: Math.min(milliseconds, maxRetryAfter) } : {};
}

/**
 * T20: the error for an answer that could not be verified with the newest keys.
 * @param mayBeVerified - true if the answer is held and the next request verifies it again; false if it is dropped
 */
export function unverified(error: unknown, mayBeVerified: boolean): unknown {
  if (!(error instanceof LoopgateError)) return error;
  const isMisfit = error.code === 'provider_error' && mayBeVerified;
  return error.with({
    ...(isMisfit && { next: message('keysMayHaveChanged') }),
    ...{ retryable: mayBeVerified, undone: mayBeVerified, answered: true },
  });
}

/** What a failed check of a claim or of a metadata member means. */
const meanings: Readonly<Record<string, Message>> = {
  iss: message('checkIss'),
  aud: message('checkAud'),
  azp: message('checkAzp'),
  nonce: message('checkNonce'),
  sub: message('checkSub'),
  issuer: message('checkIssuer'),
};

/** The check of openid-client that failed, by the name of the claim or attribute, never by its value. */
function checkThatFailed(error: client.ClientError): Message {
  const inner: unknown = error.cause instanceof Error ? error.cause.cause : error.cause;
  if (error.code === 'OAUTH_KEY_SELECTION_FAILED') return message('noSingleKey');
  const named = textAt(inner, 'claim') ?? textAt(inner, 'attribute');
  if (named !== undefined)
    return message('namedCheckFailedAs', { what: meanings[named] ?? message('checkOther'), name: named });
  const what = error.cause instanceof Error ? error.cause.message : error.message;
  return message('checkFailedAs', { what: what.replace(/[^\x20-\x7e]/g, ' ').slice(0, 160) });
}

/** T15: if a fresh ID token is not valid now, the clocks differ; its iat shows by how much. */
function clockFailure(error: client.ClientError): LoopgateError | undefined {
  if (error.code !== 'OAUTH_JWT_TIMESTAMP_CHECK_FAILED') return undefined;
  const failed: unknown = error.cause instanceof Error ? error.cause.cause : error.cause;
  const [now, issuedAt] = [valueAt(failed, 'now'), valueAt(valueAt(failed, 'claims'), 'iat')];
  const claim = textAt(failed, 'claim') ?? 'time';
  if (typeof now !== 'number' || typeof issuedAt !== 'number' || Math.abs(now - issuedAt) <= clockTolerance)
    return new LoopgateError('provider_error', { happened: message('idTokenNotValidNow', { claim }) });
  return clocksDiffer(now - issuedAt, claim);
}

function valueAt(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}

/** The text at `key` of a value from outside; undefined when there is none. */
export function textAt(value: unknown, key: string): string | undefined {
  const found = valueAt(value, key);
  return typeof found === 'string' ? found : undefined;
}
