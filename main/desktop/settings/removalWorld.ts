import { app } from 'electron';
import { systemClock } from '../../broker/clock.ts';
import { Provider } from '../../broker/provider/provider.ts';
import type { PlatformFetch } from '../../broker/provider/providerFetch.ts';
import type { StoredRevocation } from '../../broker/session/vault.ts';
import type { KeptVault } from '../../storage/keptVault.ts';
import type { RunningHost } from '../start/runningHost.ts';
import type { WindowBounds } from '../windows/windowBounds.ts';
import { type RemovalWorld, removeData } from './removal.ts';
import type { StartAtLogin } from './startAtLogin.ts';

/** What "Remove everything" ends besides the host. */
export interface Removed {
  readonly fetch: PlatformFetch;
  readonly vault: KeptVault;
  readonly startAtLogin: StartAtLogin;
  readonly windowBounds: WindowBounds;
}

/** Connects "Remove everything" to the running app. */
export function removalWorld(
  running: RunningHost,
  { fetch, vault, startAtLogin, windowBounds }: Removed,
): RemovalWorld {
  const providers = new Map<string, Provider>();
  /** All tokens of a provider share one object, so that its metadata is read once. */
  const providerOf = ({ issuer, clientId }: StoredRevocation): Provider => {
    const key = JSON.stringify([issuer, clientId]);
    const provider = providers.get(key) ?? new Provider({ issuer, clientId }, fetch, systemClock);
    providers.set(key, provider);
    return provider;
  };
  return {
    isReady: () => running.host.broker.state().ready,
    suspend: (work) => running.suspend(work),
    stored: () => vault.state,
    store: (state) => vault.save(state),
    revoke: (revocation) => providerOf(revocation).revoke(revocation.clientId, revocation.token),
    remove: () => {
      startAtLogin.remove();
      windowBounds.forget();
      removeData(running.settings.home);
    },
    quit: () => app.quit(),
  };
}
