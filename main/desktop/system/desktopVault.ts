import { systemClock } from '../../broker/clock.ts';
import { isManaged, type Settings } from '../../settings/settings.ts';
import { writeSetting } from '../../settings/settingsFile.ts';
import { SystemVault } from '../../storage/systemVault.ts';
import { safeStorageProtection } from './safeStorageProtection.ts';

/** The vault of the app. A read before the app is ready waits until then. */
export function desktopVault(settings: Settings): SystemVault {
  const { home, withoutKeyring } = settings;
  return new SystemVault({
    home,
    protections: [safeStorageProtection(home)],
    ...(withoutKeyring !== undefined && { withoutKeyring }),
    // Do not ask if the administrator or the environment decides: that would override the answer at the next start.
    asks: !process.env.LOOPGATE_WITHOUT_KEYRING && !isManaged(settings, 'withoutKeyring'),
    remember: (answer) => writeSetting(home, 'withoutKeyring', answer),
    clock: systemClock,
  });
}
