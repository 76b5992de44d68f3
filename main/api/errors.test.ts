import { describe, expect, it } from 'vitest';
import { verbatim } from '../../preload/texts/messages.ts';
import { type ErrorCode, errorTable, LoopgateError, loopgateErrorOf } from '../errors/errors.ts';
import { errorAnswer, errorStatus, errorsMarkdown } from './errors.ts';

/** W10, written out a second time: a code or status that changes breaks clients. */
const contract: Record<ErrorCode, number> = {
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
const codes = Object.keys(contract) as ErrorCode[];

function recorder() {
  const entries: { fields: object; message: string }[] = [];
  return { entries, error: (fields: object, message: string) => void entries.push({ fields, message }) };
}

describe('errors', () => {
  it('these codes and no others [W10]', () => {
    expect(Object.keys(errorTable).sort()).toEqual([...codes].sort());
    expect(errorStatus).toEqual(contract);
  });

  it.each(codes)('%s is JSON with its status, what happened and what to do next [W10]', (code) => {
    const answer = errorAnswer(new LoopgateError(code, { happened: verbatim('This happened.') }));
    expect(answer.status).toBe(contract[code]);
    expect(answer.headers['Content-Type']).toMatch(/^application\/json\b/);
    expect(JSON.parse(String(answer.body))).toEqual({
      error: code,
      error_description: `This happened. ${errorTable[code].next}`,
    });
  });

  it.each(codes)('%s never carries a Retry-After [W4]', (code) => {
    const names = Object.keys(errorAnswer(new LoopgateError(code, { retryable: true })).headers);
    expect(names.map((name) => name.toLowerCase())).not.toContain('retry-after');
  });

  it('a 401 has WWW-Authenticate: Bearer, and nothing else has [W9]', () => {
    for (const code of codes) {
      const challenge = errorAnswer(new LoopgateError(code)).headers['WWW-Authenticate'];
      expect(challenge, code).toBe(contract[code] === 401 ? 'Bearer' : undefined);
    }
  });

  it('further headers are kept [L7]', () => {
    expect(errorAnswer(new LoopgateError('method_not_allowed'), { Allow: 'GET' }).headers.Allow).toBe('GET');
  });

  it('an unexpected failure is answered with an id alone, which the log holds with the cause [L7, T9]', () => {
    const log = recorder();
    const answer = errorAnswer(loopgateErrorOf(new TypeError('secret at /home/ada/token'), log));
    expect(answer.status).toBe(500);
    expect(answer.body).not.toMatch(/secret|home|TypeError|\.ts/);
    const [entry] = log.entries;
    const id = /\(id ([0-9a-f-]{36})\)/.exec(String(answer.body))?.[1];
    expect(entry?.fields).toMatchObject({ id, failure: expect.stringContaining('secret at /home/ada/token') });
    expect(log.entries).toHaveLength(1);
  });

  it('an expected failure stays as it is, and the log leaves it out [W10]', () => {
    const log = recorder();
    const error = new LoopgateError('not_found');
    expect(loopgateErrorOf(error, log)).toBe(error);
    expect(log.entries).toEqual([]);
  });

  it.each([undefined, null, 'text', { status: 400 }])('%j thrown is an internal error [L7]', (thrown) => {
    expect(loopgateErrorOf(thrown, recorder()).code).toBe('internal');
  });

  it('the documentation has a row for every code [W10]', () => {
    const rows = errorsMarkdown().split('\n').slice(2);
    expect(rows.map((row) => row.split('|').slice(1, 3).join('').trim())).toEqual(
      Object.keys(errorTable).map((code) => `\`${code}\`  ${contract[code as ErrorCode]}`),
    );
    for (const row of rows) expect(row.replaceAll(/[^|]/g, ''), row).toBe('|||||');
  });
});
