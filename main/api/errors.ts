import { type BrokerError, type ErrorCode, errorTable } from '../broker/errors.ts';
import { type Answer, json } from './operation.ts';

/** The JSON answer of an error (W10). Never a Retry-After: Python's clients would sleep and repeat. */
export function errorAnswer(error: BrokerError, headers: Record<string, string> = {}): Answer {
  const status = errorTable[error.code].status;
  const challenge: Record<string, string> = status === 401 ? { 'WWW-Authenticate': 'Bearer' } : {};
  return json(errorModel(error), status, { ...challenge, ...headers });
}

/** The one JSON error. */
export function errorModel(error: BrokerError): { error: ErrorCode; error_description: string } {
  return { error: error.code, error_description: error.message };
}

/** The table as Markdown, for the README; a test compares the two. */
export function errorsMarkdown(): string {
  const rows = Object.entries(errorTable).map(
    ([code, { status, happened, next }]: [string, (typeof errorTable)[ErrorCode]]) =>
      `| \`${code}\` | ${status} | ${happened} | ${next} |`,
  );
  return ['| code | status | what happened | what to do next |', '|---|---|---|---|', ...rows].join('\n');
}
