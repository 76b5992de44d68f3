import { systemClock } from '../../broker/clock.ts';
import { isManaged, type Settings } from '../../settings/settings.ts';
import { writeSetting } from '../../settings/settingsFile.ts';
import { SystemVault } from '../../storage/systemVault.ts';
import { safeStorageProtection } from './safeStorageProtection.ts';

/** Where the app keeps the sessions. Whoever reads it before the app is ready waits until then. */
export function desktopVault(settings: Settings): SystemVault {
  const { home, withoutKeyring } = settings;
  return new SystemVault({
    home,
    protections: [safeStorageProtection(home)],
    ...(withoutKeyring !== undefined && { withoutKeyring }),
    // What the administrator or the environment says would win over the answer at the next start.
    asks: !process.env.LOOPGATE_WITHOUT_KEYRING && !isManaged(settings, 'withoutKeyring'),
    remember: (answer) => writeSetting(home, 'withoutKeyring', answer),
    clock: systemClock,
  });
}
