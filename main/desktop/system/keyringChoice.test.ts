import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { joinBus, startBusDouble, startPrivateBus, whyNoBus } from '../../../testing/privateBus.ts';
import { chooseKeyring, isKeyringOnBus, keyringStore } from './keyringChoice.ts';

const secrets = 'org.freedesktop.secrets';
const [wallet5, wallet6] = ['org.kde.kwalletd5', 'org.kde.kwalletd6'];
const kde6 = { XDG_CURRENT_DESKTOP: 'KDE', KDE_SESSION_VERSION: '6' };
const kde5 = { XDG_CURRENT_DESKTOP: 'KDE', KDE_SESSION_VERSION: '5' };
const sway = { XDG_CURRENT_DESKTOP: 'sway' };

function folder(): string {
  const home = mkdtempSync(join(tmpdir(), 'loopgate-choice-'));
  onTestFinished(() => rmSync(home, { recursive: true }));
  return home;
}

/** A file of a session that was written so many seconds ago. */
function stored(home: string, backend: string, ago: number): void {
  const path = join(home, `session.${backend}.json`);
  writeFileSync(path, '{}');
  const at = Date.now() / 1000 - ago;
  utimesSync(path, at, at);
}

describe('which keyring is used', () => {
  it.each<[string, { stored?: string[]; owned?: string[]; activatable?: string[]; on: NodeJS.ProcessEnv }]>([
    ['gnome-libsecret', { owned: [secrets], on: sway }],
    ['gnome-libsecret', { activatable: [secrets], on: {} }],
    ['gnome-libsecret', { owned: [secrets], on: kde6 }],
    ['kwallet6', { owned: [secrets], activatable: [wallet6], on: kde6 }],
    ['kwallet5', { owned: [secrets], activatable: [wallet5, wallet6], on: kde5 }],
    ['kwallet6', { owned: [secrets, wallet6], on: { DESKTOP_SESSION: 'plasma' } }],
    ['gnome-libsecret', { owned: [secrets, wallet6], on: { ...sway, DESKTOP_SESSION: 'plasma' } }],
    ['gnome-libsecret', { activatable: [secrets], owned: [wallet6], on: { XDG_CURRENT_DESKTOP: 'ubuntu:GNOME' } }],
    ['kwallet6', { owned: [wallet6], on: sway }],
    ['kwallet5', { owned: [wallet5], activatable: [wallet6], on: sway }],
    // The keyrings that sessions are stored under come first, the latest of them before the others, if they are available.
    ['gnome-libsecret', { stored: ['gnome_libsecret'], owned: [secrets, wallet6], on: kde6 }],
    ['kwallet5', { stored: ['kwallet5'], owned: [secrets], activatable: [wallet5], on: sway }],
    ['kwallet6', { stored: ['kwallet6', 'gnome_libsecret'], owned: [secrets, wallet6], on: sway }],
    ['gnome-libsecret', { stored: ['kwallet6', 'gnome_libsecret'], owned: [secrets], on: kde6 }],
    ['gnome-libsecret', { stored: ['kwallet6'], owned: [secrets], on: kde6 }],
    ['gnome-libsecret', { stored: ['file', 'secret-service'], owned: [secrets, wallet6], on: sway }],
  ])('%s: %j', (store, { stored: names = [], owned = [], activatable = [], on }) => {
    const bus = { owned: new Set(owned), activatable: new Set(activatable) };
    expect(chooseKeyring(names, bus, on)?.store).toBe(store);
  });

  it('where the bus knows of none, Chromium decides', () => {
    const bus = { owned: new Set(['org.example.Other']), activatable: new Set<string>() };
    expect(chooseKeyring(['gnome_libsecret'], bus, kde6)).toBeUndefined();
  });

  it('where the bus cannot be asked, what is stored decides; a bus that never answers costs a second', async () => {
    const home = folder();
    expect(await keyringStore(home, '', {})).toBeUndefined();
    stored(home, 'kwallet6', 20);
    stored(home, 'gnome_libsecret', 10);
    expect(await keyringStore(home, '', {})).toBe('gnome-libsecret');
    stored(home, 'kwallet6', 5);
    const mute = await startBusDouble('OK 0\r\n', () => undefined);
    onTestFinished(() => mute.stop());
    const began = performance.now();
    expect(await keyringStore(home, '', mute.environment)).toBe('kwallet6');
    expect(performance.now() - began).toBeGreaterThan(900);
  });
});

describe.skipIf((await whyNoBus()) !== undefined)('on a real bus', () => {
  it('whoever starts the app can name a keyring that is there, and with no other name take the keyring away', async () => {
    const bus = await startPrivateBus({ starts: { [wallet5]: '/bin/false' } });
    onTestFinished(() => bus.stop());
    const program = await joinBus(bus, () => 'silence');
    onTestFinished(() => program.leave());
    await program.own(secrets);
    const environment = { ...bus.environment, ...sway };
    const named = (asked: string) => keyringStore(folder(), asked, environment);
    expect(await named('kwallet5')).toBe('kwallet5');
    for (const other of ['kwallet6', 'kwallet', 'nonsense', ''])
      expect(await named(other), other).toBe('gnome-libsecret');
    await program.own('org.kde.kwalletd');
    expect(await named('kwallet')).toBe('kwallet');
    expect(await keyringStore(folder(), 'kwallet6', {})).toBe('kwallet6');
  });

  it('a keyring that runs counts, one that the bus can start too, and asking starts none', async () => {
    const bus = await startPrivateBus({ starts: { [wallet5]: '/bin/false' } });
    onTestFinished(() => bus.stop());
    const environment = { ...bus.environment, ...sway };
    const home = folder();
    expect(await keyringStore(home, '', environment)).toBe('kwallet5');
    expect(await isKeyringOnBus('kwallet5', environment)).toBe(true);
    expect(await isKeyringOnBus('gnome_libsecret', environment)).toBe(false);
    const program = await joinBus(bus, () => 'silence');
    onTestFinished(() => program.leave());
    await program.own(secrets);
    expect(await keyringStore(home, '', environment)).toBe('gnome-libsecret');
    expect(await isKeyringOnBus('gnome_libsecret', environment)).toBe(true);
    expect(program.asked).toEqual([]);
  });
});
