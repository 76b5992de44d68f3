import type { Clock } from './clock.ts';
import type { DeviceCode } from './login/deviceLogin.ts';
import type { RegistrationSettings } from './login/registration.ts';
import type { PlatformFetch } from './provider/providerFetch.ts';
import type { Vault } from './session/vault.ts';

/** The settings that the broker needs. */
export interface BrokerSettings extends RegistrationSettings {
  readonly issuer?: string;
  /** R15: how long a login may take, in milliseconds. */
  readonly signInTimeout: number;
  readonly exposeRefreshToken: boolean;
}

/** Access to the outside world, passed in by the entry files. */
export interface BrokerWorld {
  readonly clock: Clock;
  /** A number from 0 to below 1, for jitter (T7). */
  readonly random: () => number;
  readonly fetch: PlatformFetch;
  /** Opens an address in the person's own browser (R1). Rejects when none could be opened. Absent if there is no browser. */
  readonly openBrowser?: ((address: string) => Promise<void>) | undefined;
  /** Shows an address when no browser was opened and there is no window to show it. */
  readonly showAddress?: (address: string, purpose: 'login' | 'logout') => void;
  /**
   * Shows the code of a login on another device when there is no window. If it is set, `/os/sign_in` uses device
   * authorization when no browser opens and the provider supports it.
   */
  readonly showDeviceCode?: (code: DeviceCode) => void;
  readonly vault: Vault;
  readonly log: BrokerLog;
}

/** Structured logging; it never gets a token, a code, a state or an e-mail address. */
export interface BrokerLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
