/**
 * Whether a text may be a whole address, so that looking for a provider there makes sense while somebody still types: a domain
 * has a dot, and only this machine's own name has none.
 */
export function isWorthChecking(text: string): boolean {
  const host = text.trim().replace(/^[a-z][a-z0-9+.-]*:\/\//i, '');
  return /^localhost\b/i.test(host) || /[^.]\.[^.]{2,}/.test(host) || host.startsWith('[');
}
