import type { ProgramsView } from './programs.ts';

export type Theme = 'system' | 'light' | 'dark';

/** The settings that the person can change here, by their names in settings.json. */
export type SettingField = 'issuer' | 'clientId' | 'audience' | 'port' | 'guard' | 'theme';

/** What decides a setting: the administrator's policy, or an environment variable. */
export type FixedBy = 'policy' | `LOOPGATE_${string}`;

/** The present settings. The window requests them when it shows them. */
export interface SettingsView {
  /** Absent when none is set, and for the demo, which the person did not choose. */
  readonly issuer?: string;
  readonly clientId?: string;
  readonly audience?: string;
  /** If absent: the default order of ports. */
  readonly port?: number;
  readonly guard: ProgramsView['guard'];
  readonly theme: Theme;
  /** The settings that cannot be changed here, and what decides them. */
  readonly fixed: { readonly [Field in SettingField]?: FixedBy };
  /**
   * The settings that the administrator decides, by their names in settings.json, and the policy's place; absent if there are
   * none.
   */
  readonly managed?: { readonly source: string; readonly settings: readonly string[] };
  /** The callbacks to register at the provider. */
  readonly callbacks: readonly string[];
  /** Where `/v2/logout` may return to; these must be registered at the provider too. */
  readonly returnTo: readonly string[];
  /** The data folder. */
  readonly home: string;
  /** Absent if it cannot be changed. */
  readonly startAtLogin?: boolean;
  /** A note for the person, such as why it cannot be changed. */
  readonly startAtLoginNotice?: string;
}

/** A change by the person, as typed: an empty text means not set. */
export type SettingsChange =
  | {
      readonly setting: 'provider';
      readonly issuer?: string | undefined;
      readonly clientId?: string | undefined;
      readonly audience?: string | undefined;
      /** Save the client ID even if the provider does not know it. */
      readonly anyway?: true | undefined;
    }
  | { readonly setting: 'port'; readonly port: string }
  | { readonly setting: 'guard'; readonly guard: ProgramsView['guard'] }
  | { readonly setting: 'theme'; readonly theme: Theme };

/**
 * `client`: the provider's answer about a changed client ID; absent if it was not asked. `message`: why the change does not
 * work; then everything is as before. `mayKeep`: the person may save it all the same.
 */
export type ChangeResult =
  | { readonly ok: true; readonly client?: 'known' | 'untested' }
  | { readonly ok: false; readonly field: SettingField; readonly message: string; readonly mayKeep?: true };

/** Whether an OpenID provider answers at an address. */
export type ProviderCheck =
  | { readonly ok: true; readonly host: string }
  | {
      readonly ok: false;
      /** `blocked`: by a proxy, or by its certificate. `replaced`: a check of another address has replaced this one. */
      readonly reason: 'not_an_address' | 'unreachable' | 'blocked' | 'not_a_provider' | 'replaced';
      readonly message: string;
    };
