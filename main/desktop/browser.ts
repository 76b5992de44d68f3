import { shell } from 'electron';
import { loginPath } from '../broker/login.ts';
import { mayLeadTo } from '../broker/providerChecks.ts';

/**
 * Opens the person's own browser (R1): at our own login addresses, and only at https addresses or at the configured provider
 * itself beside them.
 * @throws when the address is none of these, or no browser could be opened
 */
export function browserOpener(issuer: string | undefined): (address: string) => Promise<void> {
  return async (address) => {
    if (!mayOpen(address, issuer)) throw new Error('the address is neither our own, https nor the configured provider');
    await shell.openExternal(address);
  };
}

/** Exported for its test. */
export function mayOpen(address: string, issuer: string | undefined): boolean {
  return isOwnLogin(address) || mayLeadTo(address, issuer);
}

/** R16: what follows it was checked when the login was opened. */
function isOwnLogin(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const { protocol, hostname, pathname } = new URL(address);
  return protocol === 'http:' && hostname === '127.0.0.1' && pathname.startsWith(loginPath);
}
