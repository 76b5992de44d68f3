/**
 * Whether a text may be a complete address, so that a check makes sense while the person still types: a domain contains a
 * dot, and only this machine's own name does not.
 */
export function isWorthChecking(text: string): boolean {
  const host = text.trim().replace(/^[a-z][a-z0-9+.-]*:\/\//i, '');
  return /^localhost\b/i.test(host) || /[^.]\.[^.]{2,}/.test(host) || host.startsWith('[');
}
