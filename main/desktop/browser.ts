import { shell } from 'electron';

/**
 * Opens the person's own browser (R1), and only at https addresses or at the configured provider itself.
 * @throws when the address is neither, or no browser could be opened
 */
export function browserOpener(issuer: string | undefined): (address: string) => Promise<void> {
  return async (address) => {
    if (!mayOpen(address, issuer)) throw new Error('the address is neither https nor the configured provider');
    await shell.openExternal(address);
  };
}

/** Exported for its test. */
export function mayOpen(address: string, issuer: string | undefined): boolean {
  if (!URL.canParse(address)) return false;
  const url = new URL(address);
  return url.protocol === 'https:' || (issuer !== undefined && url.origin === new URL(issuer).origin);
}
