import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { refusal } from '../../testing/refusal.ts';
import { defaultHome, readSettings, readVaultCredential, SettingError } from './settings.ts';
import { settingsTable } from './settingsTable.ts';

const home = '/data/loopgate';
const noFile = () => ({});

function read(environment: NodeJS.ProcessEnv, file: Record<string, unknown> = {}) {
  return readSettings({ LOOPGATE_HOME: home, ...environment }, () => file, 'linux');
}

const withIssuer = { LOOPGATE_CLIENT_ID: 'editor' };
const key = Buffer.alloc(32, 7);

describe('settings', () => {
  it('settings: with nothing set, everything has its default', () => {
    expect(read({})).toEqual({
      home,
      scope: 'openid profile email offline_access',
      signInTimeout: 240_000,
      clients: [],
      redirectUris: [],
      returnTo: [],
      origins: [],
      compatibleVersion: '12.3.4',
      theme: 'system',
      exposeRefreshToken: false,
      logLevel: 'info',
    });
  });

  it('what opens something up is off by default [W8, L2]', () => {
    const { exposeRefreshToken, origins, redirectUris, clients, returnTo, demo } = read({});
    expect([exposeRefreshToken, demo]).toEqual([false, undefined]);
    expect([origins, redirectUris, clients, returnTo].flat()).toEqual([]);
  });

  it('settings: the file is read from the home that is set, and the environment wins over it', () => {
    const homes: string[] = [];
    const settings = readSettings(
      { LOOPGATE_HOME: home, LOOPGATE_PORT: '2000', LOOPGATE_AUDIENCE: '' },
      (folder) => {
        homes.push(folder);
        return { port: 3000, audience: 'from-file', logLevel: 'debug' };
      },
      'linux',
    );
    expect(homes).toEqual([home]);
    expect(settings).toMatchObject({ port: 2000, audience: 'from-file', logLevel: 'debug' });
  });

  it('settings: an empty variable is one that is not set', () => {
    const empty = Object.fromEntries(Object.values(settingsTable).map(({ environment }) => [environment, '']));
    expect(readSettings({ ...empty, LOOPGATE_HOME: home, LOOPGATE_CLIENT_SECRET: '' }, noFile, 'linux')).toEqual(
      read({}),
    );
  });

  it.each<[string, string, object]>([
    ['LOOPGATE_PORT', '0', { port: 0 }],
    ['LOOPGATE_PORT', '65535', { port: 65535 }],
    ['LOOPGATE_PORTS', '1000, 5323 39300', { ports: [1000, 5323, 39300] }],
    ['LOOPGATE_AUDIENCE', 'https://api.example/', { audience: 'https://api.example/' }],
    ['LOOPGATE_SCOPE', 'openid read:things', { scope: 'openid read:things' }],
    ['LOOPGATE_DEMO', '1', { demo: true }],
    ['LOOPGATE_DEMO', '0', { demo: false }],
    ['LOOPGATE_SIGN_IN_TIMEOUT', '1', { signInTimeout: 1000 }],
    ['LOOPGATE_CLIENTS', ' a, b,,c ', { clients: ['a', 'b', 'c'] }],
    [
      'LOOPGATE_REDIRECT_URIS',
      'http://localhost:9/cb com.example.app:/cb',
      { redirectUris: ['http://localhost:9/cb', 'com.example.app:/cb'] },
    ],
    ['LOOPGATE_RETURN_TO', 'https://a.example/', { returnTo: ['https://a.example/'] }],
    ['LOOPGATE_ORIGINS', 'https://a.example,vscode-webview:', { origins: ['https://a.example', 'vscode-webview:'] }],
    [
      'LOOPGATE_ORIGINS',
      'app://obsidian.md http://localhost:5173',
      { origins: ['app://obsidian.md', 'http://localhost:5173'] },
    ],
    ['LOOPGATE_EXPOSE_REFRESH_TOKEN', 'true', { exposeRefreshToken: true }],
    ['LOOPGATE_COMPATIBLE_VERSION', '11.20.0', { compatibleVersion: '11.20.0' }],
    ['LOOPGATE_WITHOUT_KEYRING', 'file', { withoutKeyring: 'file' }],
    ['LOOPGATE_WITHOUT_KEYRING', 'memory', { withoutKeyring: 'memory' }],
    ['LOOPGATE_LOG_LEVEL', 'silent', { logLevel: 'silent' }],
    ['LOOPGATE_VAULT_KEY', key.toString('base64'), { vaultKey: key }],
    ['LOOPGATE_VAULT_KEY', key.toString('base64').replace(/=$/, ''), { vaultKey: key }],
  ])('settings: %s=%s', (name, text, parsed) => {
    expect(read({ [name]: text })).toMatchObject(parsed);
  });

  it.each([
    ['tenant.us.auth0.com', 'https://tenant.us.auth0.com/'],
    ['https://tenant.us.auth0.com', 'https://tenant.us.auth0.com/'],
    ['https://sso.example/realms/a', 'https://sso.example/realms/a'],
    ['https://sso.example/.well-known/openid-configuration', 'https://sso.example/'],
    ['http://localhost:9000', 'http://localhost:9000/'],
    ['http://127.0.0.1:9000/', 'http://127.0.0.1:9000/'],
  ])('the issuer %s is %s [T14]', (text, issuer) => {
    expect(read({ ...withIssuer, LOOPGATE_ISSUER: text }).issuer).toBe(issuer);
  });

  it.each([
    'http://tenant.example/',
    'http://localhost.evil.example/',
    'ftp://tenant.example/',
    'https://user:pw@tenant.example/',
    'https://tenant.example/?a=b',
    'https://tenant.example/#a',
    'not an address',
  ])('%s is no issuer [T14]', (text) => {
    const words = refusal(() => read({ ...withIssuer, LOOPGATE_ISSUER: text }));
    expect(words).toContain('LOOPGATE_ISSUER');
    expect(words).toContain('expected an https address');
  });

  it.each<[string, string, string]>([
    ['LOOPGATE_HOME', 'relative/path', 'an absolute path'],
    ['LOOPGATE_PORT', '-1', 'from 0 to 65535'],
    ['LOOPGATE_PORT', '65536', 'from 0 to 65535'],
    ['LOOPGATE_PORT', '1e3', 'from 0 to 65535'],
    ['LOOPGATE_PORT', '0x50', 'from 0 to 65535'],
    ['LOOPGATE_PORT', '80 ', 'from 0 to 65535'],
    ['LOOPGATE_PORTS', '1000 0', 'from 1 to 65535'],
    ['LOOPGATE_PORTS', '1000 1000', 'different'],
    ['LOOPGATE_PORTS', '1000;5323', 'a list of different whole numbers'],
    ['LOOPGATE_PORTS', ' , ', 'a list of different whole numbers'],
    ['LOOPGATE_CLIENT_ID', 'two words', 'without spaces'],
    ['LOOPGATE_AUDIENCE', 'two words', 'without spaces'],
    ['LOOPGATE_SCOPE', 'profile email', 'openid among them'],
    ['LOOPGATE_SCOPE', 'openid  email', 'single spaces'],
    ['LOOPGATE_SCOPE', 'openid "x"', 'single spaces'],
    ['LOOPGATE_DEMO', 'yes', '1 or 0'],
    ['LOOPGATE_DEMO', 'constructor', '1 or 0'],
    ['LOOPGATE_SIGN_IN_TIMEOUT', '0', 'from 1 to 240'],
    ['LOOPGATE_SIGN_IN_TIMEOUT', '241', 'from 1 to 240'],
    ['LOOPGATE_REDIRECT_URIS', 'http://a.example/cb#x', 'without fragment'],
    ['LOOPGATE_REDIRECT_URIS', '/cb', 'addresses'],
    ['LOOPGATE_RETURN_TO', 'home', 'addresses'],
    ['LOOPGATE_WITHOUT_KEYRING', 'plain', 'memory or file'],
    ['LOOPGATE_LOG_LEVEL', 'verbose', 'debug, info'],
  ])(
    'settings: %s=%s is refused, and the message names the variable, the value and what is expected',
    (name, text, expected) => {
      const words = refusal(() => read({ [name]: text }));
      expect(words).toMatch(new RegExp(`^${name}\\b`));
      expect(words).toContain(`expected `);
      expect(words).toContain(expected);
    },
  );

  it.each([
    '*',
    'null',
    'https:',
    'https://',
    'https://*.example',
    'https://a.example/',
    'https://a.example/x',
    'https://a.example?x',
    'a.example',
    'chrome-extension:',
    'file:',
  ])('%s is no origin that may be listed [L2]', (text) => {
    expect(refusal(() => read({ LOOPGATE_ORIGINS: text }))).toContain('exact origins');
  });

  it.each([
    'https://user@a.example',
    'https://A.example',
    'https://a.example:443',
    'http://a.example:80',
    'http://a.example:',
  ])('%s, which no browser ever sends as Origin, is refused or made what it sends [L2]', (text) => {
    let listed: readonly string[] = [];
    try {
      listed = read({ LOOPGATE_ORIGINS: text }).origins;
    } catch (error) {
      expect(error).toBeInstanceOf(SettingError);
    }
    for (const origin of listed) expect(origin).toBe(new URL(text).origin);
  });

  it('a client secret is refused, wherever it is set, and is not repeated [R14]', () => {
    const fromEnvironment = refusal(() => read({ LOOPGATE_CLIENT_SECRET: 'hush' }));
    const fromFile = refusal(() => read({}, { clientSecret: 'hush' }));
    for (const words of [fromEnvironment, fromFile]) {
      expect(words).toMatch(/no client secret.*Native/);
      expect(words).not.toContain('hush');
    }
    expect(fromFile).toContain(join(home, 'settings.json'));
  });

  it.each([
    'too short',
    key.toString('hex'),
    key.subarray(1).toString('base64'),
    `${key.toString('base64')}=`,
    key.toString('base64url').replace('B', '_'),
  ])('a vault key that is none (%#) is refused without being repeated [T9]', (text) => {
    const words = refusal(() => read({ LOOPGATE_VAULT_KEY: text }));
    expect(words).toBe('LOOPGATE_VAULT_KEY: expected 32 bytes as base64 (openssl rand -base64 32).');
  });

  it.each(['vaultKey', 'home', 'demo', 'prot', '__internal__'])(
    'settings: "%s" in settings.json is no setting',
    (name) => {
      const words = refusal(() => read({}, { [name]: key.toString('base64') }));
      expect(words).toContain(`"${name}" in ${join(home, 'settings.json')} is not a setting`);
      expect(words).not.toContain(key.toString('base64'));
    },
  );

  it.each<[string, unknown]>([
    ['port', '1000'],
    ['port', 1000.5],
    ['clients', 'a,b'],
    ['clients', ['']],
    ['exposeRefreshToken', 1],
    ['exposeRefreshToken', 'true'],
    ['issuer', null],
    ['logLevel', 'trace'],
    ['compatibleVersion', 12],
    ['compatibleVersion', '12.3'],
    ['compatibleVersion', '12.3.4-beta'],
    ['compatibleVersion', '12.03.4'],
    ['compatibleVersion', 'v12.3.4'],
    ['compatibleVersion', '12.3.4\r\n'],
  ])('settings: in settings.json "%s": %j is refused with the file’s name', (name, value) => {
    const words = refusal(() => read({}, { [name]: value }));
    expect(words).toContain(`"${name}" in ${join(home, 'settings.json')} is ${JSON.stringify(value)}: expected `);
  });

  it('settings: an issuer needs a client id', () => {
    expect(refusal(() => read({ LOOPGATE_ISSUER: 'tenant.example' }))).toContain('LOOPGATE_CLIENT_ID');
    expect(read({}, { issuer: 'tenant.example', clientId: 'editor' })).toMatchObject({ clientId: 'editor' });
  });
});

describe('the systemd credential', () => {
  const environment = { CREDENTIALS_DIRECTORY: '/run/credentials/loopgate.service' };
  const path = join(environment.CREDENTIALS_DIRECTORY, 'loopgate-vault-key');
  const text = key.toString('base64');

  it('vault: it is the key in the service’s own folder, with or without a line’s end', () => {
    const readFile = (asked: string) => (asked === path ? `${text}\n` : undefined);
    expect(readVaultCredential(environment, readFile)).toEqual(key);
    expect(readVaultCredential(environment, () => text)).toEqual(key);
  });

  it('vault: there is none outside systemd, or when the service has no such credential', () => {
    expect(readVaultCredential({}, () => text)).toBeUndefined();
    expect(readVaultCredential({ CREDENTIALS_DIRECTORY: '' }, () => text)).toBeUndefined();
    expect(readVaultCredential(environment, () => undefined)).toBeUndefined();
  });

  it.each(['hush', '', `${text}${text}`])('one that is no key (%#) is refused by its file’s name [T9]', (wrong) => {
    expect(refusal(() => readVaultCredential(environment, () => wrong))).toBe(
      `${path}: expected 32 bytes as base64 (openssl rand -base64 32).`,
    );
  });

  it('vault: one that cannot be read is refused by its file’s name', () => {
    const denied = () => {
      throw Object.assign(new Error('denied'), { code: 'EACCES' });
    };
    expect(refusal(() => readVaultCredential(environment, denied))).toBe(`${path} cannot be read (EACCES).`);
  });
});

describe('the data folder', () => {
  it.each<[NodeJS.Platform, NodeJS.ProcessEnv, string]>([
    ['linux', {}, '/home/ada/.config/loopgate'],
    ['linux', { XDG_CONFIG_HOME: '' }, '/home/ada/.config/loopgate'],
    ['linux', { XDG_CONFIG_HOME: 'relative' }, '/home/ada/.config/loopgate'],
    ['linux', { XDG_CONFIG_HOME: '~/.config' }, '/home/ada/.config/loopgate'],
    ['linux', { XDG_CONFIG_HOME: './x' }, '/home/ada/.config/loopgate'],
    ['linux', { XDG_CONFIG_HOME: '/xdg' }, '/xdg/loopgate'],
    ['darwin', { XDG_CONFIG_HOME: '/xdg' }, '/home/ada/Library/Application Support/Loopgate'],
    ['win32', { APPDATA: '/roaming' }, '/roaming/Loopgate'],
    ['win32', {}, '/home/ada/AppData/Roaming/Loopgate'],
  ])('settings: on %s with %o it is %s', (platform, environment, folder) => {
    expect(defaultHome(platform, environment, '/home/ada').replaceAll('\\', '/')).toBe(folder);
  });
});
