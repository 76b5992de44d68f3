import { createHash, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import type { Challenge } from './requests.ts';

/** R3: 256 bits as 43 unreserved characters, and its S256 challenge (RFC 7636 §4). */
export function newChallenge(): Required<Challenge> {
  const codeVerifier = randomBytes(32).toString('base64url');
  return { state: randomUUID(), codeVerifier, codeChallenge: s256(codeVerifier) };
}

/** RFC 7636 §4.2: BASE64URL(SHA256(ASCII(code_verifier))). */
export function s256(codeVerifier: string): string {
  return createHash('sha256').update(codeVerifier, 'ascii').digest('base64url');
}

/** Compares secrets in constant time, whatever their lengths. */
export function isSameSecret(left: string, right: string): boolean {
  return timingSafeEqual(digest(left), digest(right));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
