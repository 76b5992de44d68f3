import { createHash, timingSafeEqual } from 'node:crypto';
import { LoopgateError, type LoopgateErrorDetails } from '../../errors/errors.ts';
import type { ApiRequest } from '../operation.ts';

/**
 * Lets in whoever can read the key that lies in the person's data folder: the command of Loopgate, and a second start of the app.
 * It is sent as the bearer token.
 * @param refusal - what others are told
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
