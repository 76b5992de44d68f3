import { type ErrorCode, errorTable, type LoopgateError } from '../errors/errors.ts';
import { type Answer, json } from './operation.ts';

/** The HTTP status of each error code (W10). */
export const errorStatus: Readonly<Record<ErrorCode, number>> = {
  invalid_request: 400,
  unknown_state: 400,
  invalid_grant: 400,
  access_denied: 403,
  forbidden_origin: 403,
  consent_denied: 403,
  not_signed_in: 401,
  invalid_token: 401,
  authorization_cleared: 409,
  authorization_timeout: 504,
  provider_unreachable: 502,
  provider_error: 502,
  rate_limited: 429,
  not_configured: 503,
  not_found: 404,
  method_not_allowed: 405,
  payload_too_large: 413,
  unsupported_media_type: 415,
  internal: 500,
};

/** The JSON answer for an error (W10). Never with Retry-After: Python's clients would sleep and repeat the request. */
export function errorAnswer(error: LoopgateError, headers: Record<string, string> = {}): Answer {
  const status = errorStatus[error.code];
  const challenge: Record<string, string> = status === 401 ? { 'WWW-Authenticate': 'Bearer' } : {};
  return json(errorModel(error), status, { ...challenge, ...headers });
}

/** The one JSON error. */
export function errorModel(error: LoopgateError): { error: ErrorCode; error_description: string } {
  return { error: error.code, error_description: error.message };
}

/** The table as Markdown, for the API description and `docs/reference/errors.md`. */
export function errorsMarkdown(): string {
  const rows = Object.entries(errorTable).map(
    ([code, { happened, next }]) => `| \`${code}\` | ${errorStatus[code as ErrorCode]} | ${happened} | ${next} |`,
  );
  return ['| code | status | what happened | what to do next |', '|---|---|---|---|', ...rows].join('\n');
}
