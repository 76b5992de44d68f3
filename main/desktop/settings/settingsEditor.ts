import type { PortResult } from '../../../preload/contract.ts';
import { spoken } from '../../../preload/texts/index.ts';
import type { Message } from '../../../preload/texts/messages.ts';
import type {
  ChangeResult,
  FixedBy,
  ProviderCheck,
  SettingField,
  SettingsChange,
  SettingsView,
} from '../../../preload/views/settings.ts';
import { messageOf } from '../../errors/errors.ts';
import type { ClientAnswer } from '../../settings/clientCheck.ts';
import { isManaged, readSettings, SettingError, type Settings } from '../../settings/settings.ts';
import { settingsTable } from '../../settings/settingsTable.ts';
import { writeFailure } from '../../storage/jsonFile.ts';

/** What the editor needs from the running host. */
export interface EditedHost {
  readonly settings: Settings;
  /** `address`: where the API listens. `ready` resolves when its stored sessions were read. */
  readonly host: {
    readonly address: string;
    readonly callbacks: readonly string[];
    readonly broker: { state(): { readonly ready: boolean } };
  };
  /** Replaces the host by one with these settings. @throws the reason why it could not; the old host then runs as before */
  replace(settings: Settings): Promise<void>;
  /** Takes over settings that make no difference to a running host. */
  adopt(settings: Settings): void;
}

/** Access to the outside world, passed in. */
export interface EditorWorld {
  readonly environment: NodeJS.ProcessEnv;
  /** Reads settings.json of that folder unparsed. @throws SettingError when it cannot be read */
  readonly read: (home: string) => Record<string, unknown>;
  /** Changes settings.json; an undefined value removes its setting. @throws when it could not be written */
  readonly write: (home: string, changes: Readonly<Record<string, unknown>>) => void;
  readonly checkProvider: (issuer: string) => Promise<ProviderCheck>;
  /** Whether the provider knows the client ID for a login with that callback. Never throws. */
  readonly checkClient: (issuer: string, clientId: string, redirectUri: string) => Promise<ClientAnswer>;
  /** @throws the reason when the API could not listen on that port */
  readonly tryPort: (port: number) => Promise<void>;
  readonly showTheme: (theme: Settings['theme']) => void;
}

type Changes = { readonly [Field in SettingField]?: unknown };

const fields: readonly SettingField[] = ['issuer', 'clientId', 'audience', 'port', 'guard', 'theme'];

/**
 * Shows and changes the settings. It first tries a change, then uses it, then saves it. If a step fails, it undoes the
 * change.
 */
export class SettingsEditor {
  readonly #running: EditedHost;
  readonly #world: EditorWorld;
  #environment: NodeJS.ProcessEnv;
  #changing: Promise<unknown> = Promise.resolve();

  constructor(running: EditedHost, world: EditorWorld) {
    this.#running = running;
    this.#world = world;
    this.#environment = world.environment;
  }

  view(): SettingsView {
    const { settings, host } = this.#running;
    const { issuer, clientId, audience, port, guard = 'ask', theme, home, returnTo, policy } = settings;
    const isOwn = settings.demo !== true;
    return {
      guard,
      theme,
      home,
      returnTo,
      callbacks: host.callbacks,
      fixed: this.#fixed(),
      ...(isOwn && issuer !== undefined && { issuer }),
      ...(isOwn && clientId !== undefined && { clientId }),
      ...(isOwn && audience !== undefined && { audience }),
      ...(port !== undefined && { port }),
      ...(policy && { managed: { source: policy.source, settings: Object.keys(policy.settings) } }),
    };
  }

  /**
   * Applies one change at a time. Never throws: if a change does not work, the result says why, and everything is as before.
   */
  change(change: SettingsChange): Promise<ChangeResult> {
    const changing = this.#changing.then(() => this.#change(change));
    this.#changing = changing;
    return changing;
  }

  /**
   * Moves to a port that was not available at the start; the settings stay the same. Never throws.
   * @param port - the port that programs try first
   */
  returnToPort(port: number): Promise<PortResult> {
    const moving = this.#changing.then(() => this.#returnToPort(port));
    this.#changing = moving;
    return moving;
  }

  async #returnToPort(port: number): Promise<PortResult> {
    const isFree = await this.#world.tryPort(port).then(
      () => true,
      () => false,
    );
    if (!isFree) return { ok: false };
    try {
      this.#checkReady();
      await this.#running.replace(this.#running.settings);
      return { ok: true };
    } catch (error) {
      return { ok: false, message: spoken().texts.said(messageOf(error)) };
    }
  }

  async #change(change: SettingsChange): Promise<ChangeResult> {
    const field = change.setting === 'provider' ? 'issuer' : change.setting;
    try {
      const environment = change.setting === 'provider' ? this.#withoutDemo() : this.#environment;
      const changes = this.#parse(change);
      const read = (home: string) => merged(this.#world.read(home), changes);
      const next = readSettings(environment, read, process.platform, this.#running.settings.policy);
      const client = await this.#try(next, { anyway: change.setting === 'provider' && change.anyway === true });
      await this.#use(next, changes);
      this.#environment = environment;
      return { ok: true, ...(client && { client }) };
    } catch (error) {
      if (error instanceof Refused) {
        const { field: where, message, mayKeep } = error;
        return { ok: false, field: where, message, ...(mayKeep && { mayKeep }) };
      }
      return { ok: false, field, message: spoken().texts.said(messageOf(error)) };
    }
  }

  /** @throws Refused */
  #parse(change: SettingsChange): Changes {
    const { changes: words } = spoken().texts;
    const { setting, ...typed } = change.setting === 'provider' ? { ...change, anyway: undefined } : change;
    const fixed = this.#fixed();
    const changes: { [Field in SettingField]?: unknown } = {};
    for (const field of fields) {
      const text = (typed as { [Field in SettingField]?: string | undefined })[field]?.trim();
      if (text === undefined) continue;
      const by = fixed[field];
      if (by !== undefined)
        throw new Refused(field, (by === 'policy' ? words.managed : words.fixed)(words.fields[field], by));
      changes[field] = text === '' ? undefined : parsed(field, text);
    }
    if (setting !== 'provider') return changes;
    for (const field of ['issuer', 'clientId'] as const) {
      const isMissing = field in changes ? changes[field] === undefined : this.view()[field] === undefined;
      if (isMissing && fixed[field] === undefined) throw new Refused(field, words.missing(words.fields[field]));
    }
    return changes;
  }

  /**
   * Checks everything that can be checked without closing the host.
   * @returns what the provider answered about the client ID, if it was asked
   * @throws Refused
   */
  async #try(next: Settings, { anyway }: { anyway: boolean }): Promise<'known' | 'untested' | undefined> {
    const { settings } = this.#running;
    if (next.issuer !== undefined && next.issuer !== settings.issuer) {
      const found = await this.#world.checkProvider(next.issuer);
      if (!found.ok) throw new Refused('issuer', found.message);
    }
    await this.#tryPort(next);
    return await this.#tryClient(next, anyway);
  }

  async #tryClient({ issuer, clientId }: Settings, anyway: boolean): Promise<'known' | 'untested' | undefined> {
    const { settings, host } = this.#running;
    if (issuer === undefined || clientId === undefined) return undefined;
    if (issuer === settings.issuer && clientId === settings.clientId) return undefined;
    const answer = await this.#world.checkClient(issuer, clientId, host.callbacks[0] ?? host.address);
    if (answer === 'known' || answer === 'untested') return answer;
    // The person has already read the provider's answer, so do not repeat it.
    if (anyway) return undefined;
    const words = spoken().texts.changes.client[answer];
    throw new Refused('clientId', words(new URL(issuer).host, clientId), { mayKeep: true });
  }

  async #tryPort(next: Settings): Promise<void> {
    const { settings, host } = this.#running;
    if (next.port === undefined || next.port === settings.port || next.port === Number(new URL(host.address).port))
      return;
    try {
      await this.#world.tryPort(next.port);
    } catch (error) {
      throw new Refused('port', spoken().texts.said(messageOf(error)));
    }
  }

  async #use(next: Settings, changes: Changes): Promise<void> {
    const before = this.#running.settings;
    const { theme } = before;
    const isHostSame = sameForHost(before, next);
    if (!isHostSame) {
      this.#checkReady();
      await this.#running.replace(next);
    }
    try {
      this.#world.write(next.home, changes);
    } catch (error) {
      if (!isHostSame) await this.#running.replace(before);
      const { changes: words, said } = spoken().texts;
      throw new Error(words.notKept(said(saveFailureMessage(error, next.home))));
    }
    if (next.theme !== theme) this.#world.showTheme(next.theme);
    if (isHostSame) this.#running.adopt(next);
  }

  /** @throws Error while the host that would be closed still reads the stored sessions */
  #checkReady(): void {
    if (!this.#running.host.broker.state().ready) throw new Error(spoken().texts.changes.busy);
  }

  /**
   * The settings that the administrator or the environment decides. The demo's provider does not count, because the person
   * did not choose it.
   */
  #fixed(): SettingsView['fixed'] {
    const { settings } = this.#running;
    const environment = this.#withoutDemo();
    const fixed: { [Field in SettingField]?: FixedBy } = {};
    for (const field of fields) {
      const { environment: name } = settingsTable[field];
      if (isManaged(settings, field)) fixed[field] = 'policy';
      else if (environment[name]) fixed[field] = name;
    }
    return fixed;
  }

  /** `npm start` sets the demo in the environment: a person who enters their own provider leaves the demo. */
  #withoutDemo(): NodeJS.ProcessEnv {
    if (this.#running.settings.demo !== true) return this.#environment;
    const { LOOPGATE_DEMO, LOOPGATE_ISSUER, LOOPGATE_CLIENT_ID, LOOPGATE_AUDIENCE, ...rest } = this.#environment;
    return rest;
  }
}

/** The value that the person typed is not valid, or they may not change it. */
class Refused extends Error {
  readonly field: SettingField;
  readonly mayKeep: true | undefined;

  constructor(field: SettingField, message: string, { mayKeep }: { mayKeep?: true } = {}) {
    super(message);
    this.field = field;
    this.mayKeep = mayKeep;
  }
}

/** @throws Refused with the expectation */
function parsed(field: SettingField, text: string): unknown {
  const row = settingsTable[field];
  const result = row.schema.safeParse('fromText' in row ? row.fromText(text) : text);
  if (result.success) return result.data;
  const { changes: words, said } = spoken().texts;
  throw new Refused(field, words.expected(said(row.expected)));
}

function merged(file: Record<string, unknown>, changes: Changes): Record<string, unknown> {
  return Object.fromEntries(Object.entries({ ...file, ...changes }).filter(([, value]) => value !== undefined));
}

/** Whether the change makes no difference to a running host. */
function sameForHost({ theme: _, ...one }: Settings, { theme: __, ...other }: Settings): boolean {
  return JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));
}

function sorted(settings: object): [string, unknown][] {
  return Object.entries(settings).sort(([a], [b]) => (a < b ? -1 : 1));
}

function saveFailureMessage(error: unknown, home: string): Message {
  return error instanceof SettingError ? error.text : (writeFailure(error, home) ?? messageOf(error));
}
