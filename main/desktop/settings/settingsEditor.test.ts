import { describe, expect, test } from 'vitest';
import type { ProviderCheck } from '../../../preload/views/settings.ts';
import type { ClientAnswer } from '../../settings/clientCheck.ts';
import type { Policy } from '../../settings/settings.ts';
import { readSettings, type Settings } from '../../settings/settings.ts';
import { type EditorWorld, SettingsEditor } from './settingsEditor.ts';

const home = '/data';
const configured = { issuer: 'https://tenant.example/', clientId: 'one' };
const found: ProviderCheck = { ok: true, host: 'tenant.example' };

/** A host that starts at once, and a settings.json in memory. */
class FakeRun {
  file: Record<string, unknown>;
  settings: Settings;
  ready = true;
  /** Why a host cannot be started with these settings. */
  refuses: (settings: Settings) => string | undefined = () => undefined;
  checked: string[] = [];
  clientsChecked: string[][] = [];
  /** The provider's answer for every client ID. */
  client: ClientAnswer = 'known';
  tried: number[] = [];
  started: Settings[] = [];
  theme: string | undefined;
  readonly environment: NodeJS.ProcessEnv;
  readonly editor: SettingsEditor;

  constructor(
    file: Record<string, unknown>,
    environment: NodeJS.ProcessEnv = {},
    world: Partial<EditorWorld> = {},
    policy?: Policy,
  ) {
    this.file = file;
    this.environment = { LOOPGATE_HOME: home, ...environment };
    this.settings = readSettings(this.environment, () => this.file, process.platform, policy);
    const run = this;
    const running = {
      get settings() {
        return run.settings;
      },
      host: {
        address: 'http://localhost:1000',
        callbacks: ['http://localhost:1000/pkce/response/code'],
        broker: { state: () => ({ ready: run.ready }) },
      },
      async replace(next: Settings) {
        const reason = run.refuses(next);
        if (reason !== undefined) throw new Error(reason);
        run.settings = next;
        run.started.push(next);
      },
      adopt(next: Settings) {
        run.settings = next;
      },
    };
    this.editor = new SettingsEditor(running, {
      environment: this.environment,
      read: () => run.file,
      write: (_home, changes) => {
        const all = Object.entries({ ...run.file, ...changes });
        run.file = Object.fromEntries(all.filter(([, value]) => value !== undefined));
      },
      checkProvider: async (issuer) => {
        run.checked.push(issuer);
        return found;
      },
      checkClient: async (...asked) => {
        run.clientsChecked.push(asked);
        return run.client;
      },
      tryPort: async (port) => void run.tried.push(port),
      showTheme: (theme) => {
        run.theme = theme;
      },
      ...world,
    });
  }
}

describe('settings: a change is tried, used, and then kept', () => {
  test('a provider is asked for its metadata, the host is started with it, and all of it is kept at once', async () => {
    const run = new FakeRun({ logLevel: 'warn' });
    const change = { setting: 'provider', issuer: ' tenant.example ', clientId: 'one', audience: '' } as const;
    expect(await run.editor.change(change)).toEqual({ ok: true, client: 'known' });
    expect(run.checked).toEqual(['https://tenant.example/']);
    expect(run.clientsChecked).toEqual([
      ['https://tenant.example/', 'one', 'http://localhost:1000/pkce/response/code'],
    ]);
    expect(run.started).toHaveLength(1);
    expect(run.started[0]).toMatchObject(configured);
    expect(run.file).toEqual({ logLevel: 'warn', ...configured });
  });

  test('an emptied field is taken out of the file', async () => {
    const run = new FakeRun({ ...configured, audience: 'api', port: 4000 });
    expect(await run.editor.change({ setting: 'provider', audience: '' })).toEqual({ ok: true });
    expect(await run.editor.change({ setting: 'port', port: '' })).toEqual({ ok: true });
    expect(run.file).toEqual(configured);
    expect(run.settings.port).toBeUndefined();
    expect([run.checked, run.clientsChecked], 'the same provider is not asked').toEqual([[], []]);
  });

  test('a port is tried first; the one that is in use is not', async () => {
    const run = new FakeRun(configured);
    expect(await run.editor.change({ setting: 'port', port: '4000' })).toEqual({ ok: true });
    expect(await run.editor.change({ setting: 'port', port: '1000' })).toEqual({ ok: true });
    expect(run.tried).toEqual([4000]);
    expect(run.file.port).toBe(1000);
  });

  test('the theme is shown at once, and no host is started for it', async () => {
    const run = new FakeRun(configured);
    run.ready = false;
    expect(await run.editor.change({ setting: 'theme', theme: 'dark' })).toEqual({ ok: true });
    expect([run.theme, run.started.length, run.file.theme, run.editor.view().theme]).toEqual([
      'dark',
      0,
      'dark',
      'dark',
    ]);
  });

  test('the guard is the desktop’s default until it is chosen', async () => {
    const run = new FakeRun(configured);
    expect(run.editor.view().guard).toBe('ask');
    expect(await run.editor.change({ setting: 'guard', guard: 'listed' })).toEqual({ ok: true });
    expect([run.editor.view().guard, run.file.guard]).toEqual(['listed', 'listed']);
  });
});

describe('settings: what does not work is said, and all is as before', () => {
  test.each([
    [{ setting: 'provider', issuer: 'http://tenant.example' }, 'issuer', /^Expected an https address/],
    [{ setting: 'provider', issuer: '' }, 'issuer', /^The provider is missing\.$/],
    [{ setting: 'provider', clientId: '' }, 'clientId', /^The client ID is missing\.$/],
    [{ setting: 'provider', clientId: 'a b' }, 'clientId', /^Expected a text without spaces\.$/],
    [{ setting: 'port', port: '70000' }, 'port', /^Expected a whole number/],
    [{ setting: 'port', port: 'http' }, 'port', /^Expected a whole number/],
  ] as const)('%j', async (change, field, message) => {
    const run = new FakeRun(configured);
    expect(await run.editor.change(change)).toEqual({ ok: false, field, message: expect.stringMatching(message) });
    expect([run.file, run.started, run.tried]).toEqual([configured, [], []]);
  });

  test('a provider that does not answer', async () => {
    const message = 'The identity provider at other.example cannot be reached (ENOTFOUND).';
    const run = new FakeRun(
      configured,
      {},
      { checkProvider: async () => ({ ok: false, reason: 'unreachable', message }) },
    );
    const change = { setting: 'provider', issuer: 'other.example' } as const;
    expect(await run.editor.change(change)).toEqual({ ok: false, field: 'issuer', message });
    expect([run.file, run.started]).toEqual([configured, []]);
  });

  test.each([
    [
      'unknown',
      'tenant.example does not know the client ID “two”. It must be that of a native (public) application there.',
    ],
    ['secret', 'tenant.example wants a secret for the client ID “two”. Make it a native (public) application there.'],
  ] as const)(
    'a client ID that the provider refuses (%s), until the person wants it all the same',
    async (answer, message) => {
      const run = new FakeRun(configured);
      run.client = answer;
      const change = { setting: 'provider', clientId: 'two' } as const;
      expect(await run.editor.change(change)).toEqual({ ok: false, field: 'clientId', message, mayKeep: true });
      expect([run.file, run.started, run.checked]).toEqual([configured, [], []]);
      expect(await run.editor.change({ ...change, anyway: true })).toEqual({ ok: true });
      expect(run.file).toEqual({ ...configured, clientId: 'two' });
    },
  );

  test('where the provider does not say whether it knows the client ID, that is what is said', async () => {
    const run = new FakeRun(configured);
    run.client = 'untested';
    expect(await run.editor.change({ setting: 'provider', clientId: 'two' })).toEqual({ ok: true, client: 'untested' });
    expect(await run.editor.change({ setting: 'theme', theme: 'dark' })).toEqual({ ok: true });
  });

  test('a port that is taken: nothing is closed for it', async () => {
    const message = 'Port 4000 is taken by another program.';
    const run = new FakeRun(configured, {}, { tryPort: () => Promise.reject(new Error(message)) });
    expect(await run.editor.change({ setting: 'port', port: '4000' })).toEqual({ ok: false, field: 'port', message });
    expect([run.file, run.started]).toEqual([configured, []]);
  });

  test('a host that does not start', async () => {
    const run = new FakeRun(configured);
    run.refuses = ({ port }) => (port === 4000 ? 'Port 4000 is taken by another program.' : undefined);
    expect(await run.editor.change({ setting: 'port', port: '4000' })).toMatchObject({ ok: false, field: 'port' });
    expect([run.file, run.settings.port]).toEqual([configured, undefined]);
  });

  test('a disk that is full: the host is started as it was', async () => {
    const full = Object.assign(new Error('no space'), { code: 'ENOSPC' });
    const write = () => {
      throw full;
    };
    const run = new FakeRun(configured, {}, { write });
    const change = { setting: 'port', port: '4000' } as const;
    const message = 'The change could not be kept: there is no space left on the disk for /data.';
    expect(await run.editor.change(change)).toEqual({ ok: false, field: 'port', message });
    expect(run.started.map(({ port }) => port)).toEqual([4000, undefined]);
  });

  test('while the stored sign-in is still being read', async () => {
    const run = new FakeRun(configured);
    run.ready = false;
    expect(await run.editor.change({ setting: 'port', port: '4000' })).toMatchObject({ ok: false });
    expect([run.file, run.started]).toEqual([configured, []]);
  });
});

describe('settings: what the environment decides', () => {
  test('is shown as fixed and is not changed; the rest is', async () => {
    const run = new FakeRun(configured, { LOOPGATE_CLIENT_ID: 'fixed', LOOPGATE_PORT: '4000', LOOPGATE_THEME: '' });
    expect(run.editor.view()).toMatchObject({ clientId: 'fixed', port: 4000 });
    expect(run.editor.view().fixed).toEqual({ clientId: 'LOOPGATE_CLIENT_ID', port: 'LOOPGATE_PORT' });
    expect(await run.editor.change({ setting: 'provider', clientId: 'other' })).toEqual({
      ok: false,
      field: 'clientId',
      message: 'The client ID is set by LOOPGATE_CLIENT_ID and cannot be changed here.',
    });
    expect(await run.editor.change({ setting: 'provider', issuer: 'other.example' })).toEqual({
      ok: true,
      client: 'known',
    });
    expect(run.settings).toMatchObject({ issuer: 'https://other.example/', clientId: 'fixed' });
  });

  test('the demo is nobody’s choice: its provider is not shown, and one’s own leaves it', async () => {
    const demo = { LOOPGATE_DEMO: '1', LOOPGATE_ISSUER: 'http://localhost:5000', LOOPGATE_CLIENT_ID: 'demo' };
    const run = new FakeRun({}, demo);
    expect(run.editor.view()).not.toHaveProperty('issuer');
    expect(run.editor.view().fixed).toEqual({});
    expect(await run.editor.change({ setting: 'guard', guard: 'listed' })).toEqual({ ok: true });
    expect(run.settings.demo, 'another change does not leave it').toBe(true);
    const change = { setting: 'provider', issuer: 'tenant.example', clientId: 'one', audience: '' } as const;
    expect(await run.editor.change(change)).toEqual({ ok: true, client: 'known' });
    expect(run.settings).toMatchObject(configured);
    expect(run.settings.demo).toBeUndefined();
    expect(run.editor.view()).toMatchObject(configured);
  });
});

describe('policy: what the administrator decides', () => {
  const policy = { source: '/etc/loopgate/policy.json', settings: { clientId: 'managed', port: 5000, origins: [] } };
  const run = () => new FakeRun(configured, { LOOPGATE_CLIENT_ID: 'mine', LOOPGATE_GUARD: 'listed' }, {}, policy);

  test('policy: is shown as managed, with all that it holds and where; what the environment decides is as before', () => {
    expect(run().editor.view()).toMatchObject({
      clientId: 'managed',
      port: 5000,
      fixed: { clientId: 'policy', port: 'policy', guard: 'LOOPGATE_GUARD' },
      managed: { source: '/etc/loopgate/policy.json', settings: ['clientId', 'port', 'origins'] },
    });
    expect(new FakeRun(configured).editor.view()).not.toHaveProperty('managed');
  });

  test('policy: is not changed, and holds after a change of something else', async () => {
    const { editor, started } = run();
    expect(await editor.change({ setting: 'port', port: '6000' })).toEqual({
      ok: false,
      field: 'port',
      message: 'The port is managed by your administrator and cannot be changed here.',
    });
    expect(await editor.change({ setting: 'provider', issuer: 'other.example' })).toEqual({
      ok: true,
      client: 'known',
    });
    expect(started).toHaveLength(1);
    expect(started[0]).toMatchObject({ issuer: 'https://other.example/', clientId: 'managed', port: 5000, policy });
    expect(editor.view().fixed).toMatchObject({ clientId: 'policy' });
  });
});

describe('back to the port that programs try first', () => {
  test('it is tried, and the host started anew with all as it is set', async () => {
    const run = new FakeRun(configured);
    expect(await run.editor.returnToPort(1000)).toEqual({ ok: true });
    expect(run.tried).toEqual([1000]);
    expect(run.started).toEqual([run.settings]);
    expect(run.file).toEqual(configured);
  });

  test('one that is still taken closes nothing', async () => {
    const tryPort = () => Promise.reject(new Error('taken'));
    const run = new FakeRun(configured, {}, { tryPort });
    expect(await run.editor.returnToPort(1000)).toEqual({ ok: false });
    expect(run.started).toEqual([]);
  });

  test('nothing is closed while the stored sign-in is read, and a host that does not start is said', async () => {
    const run = new FakeRun(configured);
    run.ready = false;
    expect(await run.editor.returnToPort(1000)).toMatchObject({ message: expect.stringContaining('still reads') });
    run.ready = true;
    run.refuses = () => 'Port 5323 is taken.';
    expect(await run.editor.returnToPort(1000)).toEqual({ ok: false, message: 'Port 5323 is taken.' });
  });
});
