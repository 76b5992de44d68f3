import { createHash, timingSafeEqual } from 'node:crypto';
import { LoopgateError, type LoopgateErrorDetails } from '../../errors/errors.ts';
import type { ApiRequest } from '../operation.ts';

/**
 * Lets in a caller with the key from the person's data folder: the command of Loopgate, or a second start of the app.
 * The caller sends the key as its bearer token.
 * @param refusal - the error text for everything else
 * @throws LoopgateError `consent_denied`
 */
export function requireCommandKey(
  request: ApiRequest,
  key: string,
  refusal: Required<Pick<LoopgateErrorDetails, 'happened' | 'next'>>,
): void {
  const given = request.header('authorization')?.replace(/^Bearer /, '') ?? '';
  if (!timingSafeEqual(digest(given), digest(key))) throw new LoopgateError('consent_denied', refusal);
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
