import type { ProgramsView } from './programs.ts';

export type Theme = 'system' | 'light' | 'dark';

/** What the person can change here. The names are those of settings.json. */
export type SettingField = 'issuer' | 'clientId' | 'audience' | 'port' | 'guard' | 'theme';

/** What decides a setting: the administrator's policy, or an environment variable. */
export type FixedBy = 'policy' | `LOOPGATE_${string}`;

/** The settings as they are now. Asked for by the window when it shows them. */
export interface SettingsView {
  /** Absent while none is set, and for the demo, which is nobody's choice. */
  readonly issuer?: string;
  readonly clientId?: string;
  readonly audience?: string;
  /** Absent: the default order of ports. */
  readonly port?: number;
  readonly guard: ProgramsView['guard'];
  readonly theme: Theme;
  /** What cannot be changed here, and what decides it. */
  readonly fixed: { readonly [Field in SettingField]?: FixedBy };
  /** What the administrator has decided, by the names of settings.json, and where; absent when that is nothing. */
  readonly managed?: { readonly source: string; readonly settings: readonly string[] };
  /** The callbacks to register at the provider. */
  readonly callbacks: readonly string[];
  /** Where `/v2/logout` may return to: these are registered at the provider too. */
  readonly returnTo: readonly string[];
  /** The data folder. */
  readonly home: string;
  /** Absent where it cannot be changed. */
  readonly startAtLogin?: boolean;
  /** What a person should know about it, such as why it cannot be changed. */
  readonly startAtLoginNotice?: string;
}

/** What the person wants to change, as it was typed: an empty text means that nothing is set. */
export type SettingsChange =
  | {
      readonly setting: 'provider';
      readonly issuer?: string | undefined;
      readonly clientId?: string | undefined;
      readonly audience?: string | undefined;
      /** The provider does not know the client ID: it is kept all the same. */
      readonly anyway?: true | undefined;
    }
  | { readonly setting: 'port'; readonly port: string }
  | { readonly setting: 'guard'; readonly guard: ProgramsView['guard'] }
  | { readonly setting: 'theme'; readonly theme: Theme };

/**
 * `client`: what the provider said of a client ID that was changed; absent when it was not asked. `message`: why it does not work;
 * all is as it was before then. `mayKeep`: the person may want it all the same.
 */
export type ChangeResult =
  | { readonly ok: true; readonly client?: 'known' | 'untested' }
  | { readonly ok: false; readonly field: SettingField; readonly message: string; readonly mayKeep?: true };

/** Whether an OpenID provider answers at an address. */
export type ProviderCheck =
  | { readonly ok: true; readonly host: string }
  | {
      readonly ok: false;
      /** `blocked`: by a proxy, or by its certificate. `replaced`: another address was asked about meanwhile. */
      readonly reason: 'not_an_address' | 'unreachable' | 'blocked' | 'not_a_provider' | 'replaced';
      readonly message: string;
    };
