import { shell } from 'electron';
import { loginPath } from '../../broker/login/login.ts';
import { mayLeadTo } from '../../broker/provider/providerChecks.ts';
import { canBeRun } from '../../system/browserCommand.ts';
import { openWith } from '../../system/browserStart.ts';

/**
 * Opens the person's own browser (R1). It opens our own login addresses, https addresses, and the configured provider.
 * @throws when the address is none of these, or no browser could be opened
 */
export function browserOpener(issuer: string | undefined): (address: string) => Promise<void> {
  return async (address) => {
    if (!mayOpen(address, issuer)) throw new Error('the address is neither our own, https nor the configured provider');
    if (process.platform === 'linux' && !needsToken(process.env)) return await openOnLinux(address);
    await shell.openExternal(address);
  };
}

/** Exported for its test. */
export function mayOpen(address: string, issuer: string | undefined): boolean {
  return isOwnLogin(address) || mayLeadTo(address, issuer);
}

/** R16: the address behind it was checked when the login was opened. */
function isOwnLogin(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const { protocol, hostname, pathname } = new URL(address);
  return protocol === 'http:' && hostname === '127.0.0.1' && pathname.startsWith(loginPath);
}

/**
 * Under Wayland a browser needs a token to come to the front. Only Electron can get one, and passes it to the xdg-open that
 * it starts. Electron does not report how xdg-open ended, so this checks first that there is one.
 */
function needsToken(environment: NodeJS.ProcessEnv): boolean {
  return Boolean(environment.WAYLAND_DISPLAY) && canBeRun('xdg-open', environment);
}

/** Does what Electron does, but also learns whether xdg-open could be run and how it ended. */
async function openOnLinux(address: string): Promise<void> {
  const { ORIGINAL_XDG_CURRENT_DESKTOP: desktop, ...environment } = process.env;
  await openWith([{ program: 'xdg-open', argv: [] }], address, {
    environment: {
      ...environment,
      // Chromium changes it for itself.
      ...(desktop !== undefined && { XDG_CURRENT_DESKTOP: desktop }),
      // A mailcap entry may want a terminal, but there is none.
      MM_NOTTTY: '1',
    },
  });
}
