import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inEnglish, verbatim } from '../../preload/texts/messages.ts';
import { FakeClock } from '../../testing/brokerWorld.ts';
import type { StorageLocation } from '../broker/session/vault.ts';
import { type StoredState, VaultUnreadable, type WithoutKeyring } from '../broker/session/vault.ts';
import { keySealer } from './keySealer.ts';
import type { Protection, ProtectionState } from './protection.ts';
import { SealedFile, SealerUnavailable } from './sealedFile.ts';
import { SystemVault, type SystemVaultOptions } from './systemVault.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'loopgate-vault-'));
});
afterEach(() => {
  chmodSync(home, 0o700);
  rmSync(home, { recursive: true, force: true });
});

/** A place with its notice in English. */
function inPlainWords({ notice, ...location }: StorageLocation): Omit<StorageLocation, 'notice'> & { notice?: string } {
  return { ...location, ...(notice && { notice: inEnglish(notice) }) };
}

/** A keyring whose state the test decides, with real encryption. */
class TestKeyring implements Protection {
  readonly kind: Protection['kind'];
  readonly name: string;
  now: ProtectionState = 'ready';
  /** It is locked between the look and the opening. */
  locksAtOpening = false;
  opened = 0;
  readonly #sealer: ReturnType<typeof keySealer>;

  constructor(name: string, key = 1, kind: Protection['kind'] = 'keyring') {
    this.name = name;
    this.kind = kind;
    this.#sealer = keySealer(Buffer.alloc(32, key));
  }

  get notice() {
    return this.kind === 'key' ? verbatim('Kept under a key.') : (undefined as never);
  }

  async state() {
    return this.now;
  }

  async seal(text: string) {
    if (this.now !== 'ready') throw new SealerUnavailable(verbatim('the keyring is locked'));
    return await this.#sealer.seal(text);
  }

  async open(sealed: string) {
    this.opened += 1;
    if (this.locksAtOpening) {
      this.locksAtOpening = false;
      this.now = 'locked';
    }
    // Like safeStorage: the failure does not say that the keyring is locked.
    if (this.now !== 'ready') throw new Error('Error while decrypting the ciphertext');
    return await this.#sealer.open(sealed);
  }
}

const clock = new FakeClock();
let remembered: WithoutKeyring[] = [];
beforeEach(() => {
  remembered = [];
});

function vaultOf(protections: Protection[], options: Partial<SystemVaultOptions> = {}): SystemVault {
  return new SystemVault({
    home,
    protections,
    asks: true,
    remember: (answer) => void remembered.push(answer),
    clock,
    ...options,
  });
}

const signedIn = (subject: string, refreshToken: string): StoredState => ({
  version: 1,
  accounts: [
    {
      issuer: 'https://tenant.example/',
      subject,
      clientId: 'editor',
      scope: 'openid',
      accessToken: 'access-secret',
      issuedAt: 1,
      expiresAt: 2,
      idToken: 'id-secret',
      refreshToken,
    },
  ],
  active: subject,
  revocations: [],
});
const ada = signedIn('ada', 'refresh-secret');
const nobody: StoredState = { version: 1, accounts: [], revocations: [] };

/** The data folder after a run of Loopgate that stored this state. */
async function stored(state: StoredState, protections: Protection[], options: Partial<SystemVaultOptions> = {}) {
  clock.advance(1000);
  const vault = vaultOf(protections, options);
  await vault.load().catch(() => undefined);
  await vault.save(state);
}

const failureOf = (work: Promise<unknown>) =>
  work.then(
    () => new Error('it did not fail'),
    (error: unknown) => error as Error,
  );

describe('with a keyring', () => {
  it('vault: what was saved is there at the next start, and there is nothing to say of the place', async () => {
    const keyring = new TestKeyring('kwallet6');
    await stored(ada, [keyring]);
    const vault = vaultOf([keyring]);
    expect(await vault.load()).toEqual(ada);
    expect(vault.location).toEqual({ kind: 'keyring', changeable: false });
    expect(readdirSync(home)).toEqual(['session.kwallet6.json']);
  });

  it('vault: a locked keyring is waited for, said, and then opened; nothing is set aside', async () => {
    const keyring = new TestKeyring('kwallet6');
    await stored(ada, [keyring]);
    keyring.now = 'locked';
    keyring.opened = 0;
    const vault = vaultOf([keyring]);
    const places: (string | undefined)[] = [];
    vault.onLocationChanged(() => places.push(vault.location.needs));
    let done = false;
    const loading = vault.load().finally(() => {
      done = true;
    });
    await expect.poll(() => vault.location.needs).toBe('unlock');
    for (let look = 0; look < 5; look += 1) {
      clock.advance(2_000);
      await new Promise(setImmediate);
    }
    expect([done, keyring.opened]).toEqual([false, 0]);
    await expect(vault.save(ada)).rejects.toThrow('locked');
    // A save before the load must not overwrite what is stored.
    await vault.save({ version: 1, accounts: [], revocations: [] });
    keyring.now = 'ready';
    clock.advance(2_000);
    expect(await loading).toEqual(ada);
    expect(places).toEqual(['unlock', undefined]);
    expect(readdirSync(home)).toEqual(['session.kwallet6.json']);
  });

  it('vault: a keyring that is locked while it is asked is waited for, and not taken for unreadable', async () => {
    const keyring = new TestKeyring('kwallet6');
    await stored(ada, [keyring]);
    keyring.locksAtOpening = true;
    const vault = vaultOf([keyring]);
    const loading = vault.load();
    await expect.poll(() => vault.location.needs).toBe('unlock');
    keyring.now = 'ready';
    clock.advance(2_000);
    expect(await loading).toEqual(ada);
    expect(readdirSync(home)).toEqual(['session.kwallet6.json']);
  });

  it('vault: a keyring that goes away while it is waited for is one that is not there', async () => {
    const keyring = new TestKeyring('kwallet6');
    await stored(ada, [keyring]);
    keyring.now = 'locked';
    const vault = vaultOf([keyring]);
    const failure = failureOf(vault.load());
    await expect.poll(() => vault.location.needs).toBe('unlock');
    keyring.now = 'absent';
    clock.advance(2_000);
    expect(await failure).toBeInstanceOf(VaultUnreadable);
    expect(vault.location).toMatchObject({ kind: 'memory', needs: 'choice' });
  });

  it('vault: what it cannot read is set aside, said, and a new session can be saved', async () => {
    await stored(ada, [new TestKeyring('kwallet6', 1)]);
    const other = new TestKeyring('kwallet6', 2);
    const vault = vaultOf([other]);
    const failure = await failureOf(vault.load());
    expect(failure).toBeInstanceOf(VaultUnreadable);
    expect(failure.message).toMatch(/cannot be decrypted with KWallet; it was kept as .*unreadable-\d+\.json/);
    await vault.save(ada);
    expect(await vaultOf([other]).load()).toEqual(ada);
    expect(readdirSync(home)).toHaveLength(2);
  });

  it('vault: only the keyring that wrote it may set it aside; another leaves it, and says where it is', async () => {
    await stored(ada, [new TestKeyring('kwallet6')]);
    writeFileSync(join(home, 'session.kwallet6.json'), 'damaged');
    const failure = await failureOf(vaultOf([new TestKeyring('gnome_libsecret')]).load());
    expect(failure).toBeInstanceOf(VaultUnreadable);
    expect(failure.message).toContain('KWallet, which cannot be reached from here');
    expect(readFileSync(join(home, 'session.kwallet6.json'), 'utf8')).toBe('damaged');
    expect(readdirSync(home)).toEqual(['session.kwallet6.json']);
  });

  it.each(['constructor', 'toString'])(
    'vault: a file of a keyring that is called "%s" is said to be elsewhere',
    async (name) => {
      writeFileSync(join(home, `session.${name}.json`), '{}');
      const failure = await failureOf(vaultOf([new TestKeyring('kwallet6')]).load());
      expect(failure).toBeInstanceOf(VaultUnreadable);
      expect(failure.message).toContain(`is stored under ${name}, which cannot be reached from here`);
    },
  );

  it('no error has a token or a part of the sealed text [T9]', async () => {
    const keyring = new TestKeyring('kwallet6');
    await stored(ada, [keyring]);
    const { session } = JSON.parse(readFileSync(join(home, 'session.kwallet6.json'), 'utf8'));
    const unreadable = await failureOf(vaultOf([new TestKeyring('kwallet6', 2)]).load());
    const vault = vaultOf([keyring]);
    await vault.load().catch(() => undefined);
    rmSync(home, { recursive: true });
    const unsaved = await failureOf(vault.save(ada));
    mkdirSync(home);
    expect(unsaved.message).toContain(home);
    for (const { message } of [unreadable, unsaved]) {
      expect(message).not.toMatch(/-secret|tenant/);
      expect(message).not.toContain(String(session).slice(0, 12));
    }
  });
});

describe('when the keyring changes', () => {
  it('vault: what the weaker protection kept moves under the keyring, and its file and key are gone', async () => {
    await stored(ada, [], { withoutKeyring: 'file' });
    expect(readdirSync(home).sort()).toEqual(['session.file-key', 'session.file.json']);
    const keyring = new TestKeyring('kwallet6');
    const vault = vaultOf([keyring], { withoutKeyring: 'file' });
    expect(await vault.load()).toEqual(ada);
    expect(vault.location).toEqual({ kind: 'keyring', changeable: false });
    expect(readdirSync(home)).toEqual(['session.kwallet6.json']);
    expect(await vaultOf([keyring]).load()).toEqual(ada);
  });

  it('vault: from the keyring to the key and back, the newest of an account stays and the other is revoked', async () => {
    const keyring = new TestKeyring('secret-service');
    const key = new TestKeyring('vault-key', 2, 'key');
    await stored(signedIn('ada', 'first'), [keyring, key]);
    keyring.now = 'absent';
    const without = vaultOf([keyring, key]);
    const failure = await failureOf(without.load());
    expect(failure.message).toContain('the Secret Service, which cannot be reached from here');
    expect(inPlainWords(without.location)).toMatchObject({ kind: 'key', notice: 'Kept under a key.' });
    clock.advance(1000);
    await without.save(signedIn('ada', 'second'));
    expect(readdirSync(home)).toEqual(['session.secret-service.json', 'session.vault-key.json']);
    keyring.now = 'ready';
    const both = await vaultOf([keyring, key]).load();
    expect(both?.accounts.map(({ refreshToken }) => refreshToken)).toEqual(['second']);
    expect(both?.revocations.map(({ token }) => token)).toEqual(['first']);
    expect(readdirSync(home)).toEqual(['session.secret-service.json']);
  });

  it('vault: an old file that could not be removed is not merged again: a token renewed since is not revoked', async () => {
    const keyring = new TestKeyring('secret-service');
    const key = new TestKeyring('vault-key', 2, 'key');
    await stored(signedIn('ada', 'first'), [key]);
    const old = readFileSync(join(home, 'session.vault-key.json'));
    const vault = vaultOf([keyring, key]);
    await vault.load();
    await vault.save(signedIn('ada', 'renewed'));
    // As if the program had been killed before it removed the old file.
    writeFileSync(join(home, 'session.vault-key.json'), old);
    const next = await vaultOf([keyring, key]).load();
    expect(next?.accounts.map(({ refreshToken }) => refreshToken)).toEqual(['renewed']);
    expect(next?.revocations).toEqual([]);
    expect(readdirSync(home)).toEqual(['session.secret-service.json']);
  });

  it('vault: until the new file is written the old one stays', async () => {
    const key = new TestKeyring('vault-key', 2, 'key');
    await stored(ada, [key]);
    const keyring = new TestKeyring('secret-service');
    keyring.seal = () => Promise.reject(new Error('it refuses'));
    const vault = vaultOf([keyring, key]);
    expect(await vault.load()).toEqual(ada);
    expect(readdirSync(home)).toEqual(['session.vault-key.json']);
    await expect(vault.save(ada)).rejects.toThrow('it refuses');
  });

  it('vault: the key’s own unreadable file is set aside also when the keyring is used', async () => {
    const key = new TestKeyring('vault-key', 2, 'key');
    await stored(ada, [key]);
    const failure = await failureOf(
      vaultOf([new TestKeyring('secret-service'), new TestKeyring('vault-key', 3, 'key')]).load(),
    );
    expect(failure.message).toContain('cannot be decrypted');
    expect(readdirSync(home)).toEqual([expect.stringMatching(/^session\.vault-key\.unreadable-/)]);
  });
});

describe('without a keyring', () => {
  it('vault: the person is asked, and until the answer nothing is stored', async () => {
    const vault = vaultOf([]);
    expect(await vault.load()).toBeUndefined();
    expect(vault.location).toMatchObject({ kind: 'memory', needs: 'choice', changeable: true });
    await vault.save(ada);
    expect(readdirSync(home)).toEqual([]);
  });

  it('vault: "file" is remembered, visible, kept over a start, and can be changed; the key is not in the file', async () => {
    const vault = vaultOf([]);
    await vault.load();
    await vault.choose('file');
    await vault.save(ada);
    expect(remembered).toEqual(['file']);
    expect(vault.location).toMatchObject({ kind: 'file', changeable: true });
    expect(inPlainWords(vault.location).notice).toContain('only its permissions protect');
    expect(vault.location.needs).toBeUndefined();
    expect(readFileSync(join(home, 'session.file.json'), 'utf8')).not.toContain('secret');
    const next = vaultOf([], { withoutKeyring: 'file' });
    expect(await next.load()).toEqual(ada);
    await next.choose('memory');
    expect(readdirSync(home)).toEqual([]);
    expect(next.location).toMatchObject({ kind: 'memory', changeable: true });
    expect(next.location.needs).toBeUndefined();
  });

  it('vault: "memory" while something is being written: nothing of it comes back after its removal', async () => {
    const vault = vaultOf([], { withoutKeyring: 'file' });
    await vault.load();
    // At whichever step of the write the answer comes.
    for (let steps = 0; steps < 8; steps += 1) {
      const saving = vault.save(ada);
      for (let step = 0; step < steps; step += 1) await Promise.resolve();
      await vault.choose('memory');
      await saving;
      expect(readdirSync(home), `after ${steps} steps`).toEqual([]);
      await vault.choose('file');
    }
  });

  it('vault: where the answer was lost, the file that is there says what it was', async () => {
    await stored(ada, [], { withoutKeyring: 'file' });
    expect(await vaultOf([]).load()).toEqual(ada);
  });

  it('vault: an answer that cannot be remembered changes nothing', async () => {
    const remember = () => {
      throw new Error('there is no space left');
    };
    const vault = vaultOf([], { remember });
    await vault.load();
    await expect(vault.choose('file')).rejects.toThrow('no space');
    expect(vault.location).toMatchObject({ kind: 'memory', needs: 'choice' });
    await vault.save(ada);
    expect(readdirSync(home)).toEqual([]);
  });

  it('vault: where nobody can be asked nothing is kept, and the words say how to change that', async () => {
    const vault = vaultOf([], { asks: false, withoutKeyring: 'memory', remedy: verbatim('Set a key.') });
    await vault.load();
    expect(inPlainWords(vault.location)).toEqual({
      kind: 'memory',
      notice: 'No keyring is there. The sign-in is kept in memory and is gone when Loopgate stops. Set a key.',
      changeable: false,
    });
    await expect(vault.choose('file')).rejects.toThrow('nothing to choose');
  });

  it('vault: a weaker file that the setting does not allow is left, said, and never written over', async () => {
    await stored(ada, [], { withoutKeyring: 'file' });
    const file = readFileSync(join(home, 'session.file.json'));
    const vault = vaultOf([], { withoutKeyring: 'memory' });
    expect((await failureOf(vault.load())).message).toContain('withoutKeyring');
    await vault.save(signedIn('grace', 'other'));
    expect(readFileSync(join(home, 'session.file.json'))).toEqual(file);
    await vault.choose('file');
    await vault.save(signedIn('grace', 'other'));
    const aside = readdirSync(home).find((name) => name.includes('unreadable')) ?? '';
    expect(readFileSync(join(home, aside))).toEqual(file);
  });

  it('vault: look says the place and reads nothing', async () => {
    const keyring = new TestKeyring('kwallet6');
    await stored(ada, [keyring]);
    keyring.opened = 0;
    const vault = vaultOf([keyring]);
    await vault.look();
    expect(vault.location.kind).toBe('keyring');
    keyring.now = 'locked';
    await vault.look();
    expect(vault.location.needs).toBe('unlock');
    expect(keyring.opened).toBe(0);
  });
});

describe('a data folder that is not as it should be', () => {
  const keyring = () => new TestKeyring('kwallet6');
  const path = () => join(home, 'session.kwallet6.json');

  it.each<[string, () => Promise<string>]>([
    ['format', async () => JSON.stringify({ format: 2, sealedBy: 'kwallet6', somethingNew: true })],
    [
      'state',
      async () =>
        JSON.stringify({
          format: 1,
          sealedBy: 'kwallet6',
          writtenAt: 1,
          session: await keyring().seal('{"version":2}'),
        }),
    ],
  ])('vault: a newer %s is left exactly as it is; the sign-in is kept in memory, and why is said', async (_n, make) => {
    const newer = await make();
    writeFileSync(path(), newer);
    const vault = vaultOf([keyring()]);
    expect((await failureOf(vault.load())).message).toContain('newer version of Loopgate');
    expect(inPlainWords(vault.location)).toMatchObject({
      kind: 'memory',
      notice: expect.stringContaining('update Loopgate'),
    });
    await vault.save(ada);
    expect(readFileSync(path(), 'utf8')).toBe(newer);
    expect(readdirSync(home)).toEqual(['session.kwallet6.json']);
  });

  it('vault: what a killed write left is removed at the start, and nothing of anybody else', async () => {
    await stored(ada, [keyring()]);
    const left = [
      'session.kwallet6.json.tmp-1234567890abcdef',
      'session.kwallet6.new.json.tmp-1234567890abcdef',
      'session.kwallet6.new.json',
      'settings.json.tmp-1234567890abcdef',
    ];
    const others = [
      'settings.json',
      'notes.tmp',
      'session.kwallet6.unreadable-1.json',
      'other.json.tmp-1234567890abcdef',
    ];
    for (const name of [...left, ...others]) writeFileSync(join(home, name), 'x');
    expect(await vaultOf([keyring()]).load()).toEqual(ada);
    expect(readdirSync(home).sort()).toEqual([...others, 'session.kwallet6.json'].sort());
  });

  it('vault: a file that cannot be moved away is not written over; the sign-in is kept in memory, and why is said', async () => {
    // A folder that has the file's name cannot be read as a file; the system's answer is the same as for a file of others.
    mkdirSync(path());
    const vault = vaultOf([keyring()]);
    expect((await failureOf(vault.load())).message).toContain('cannot be read');
    expect(inPlainWords(vault.location)).toMatchObject({ kind: 'memory', notice: expect.stringContaining(path()) });
    await vault.save(ada);
    expect(readdirSync(home)).toEqual(['session.kwallet6.json']);
  });

  it('vault: a folder that is gone is said at the start, every save rejects, and it heals when the folder is back', async () => {
    const kept = keyring();
    const gone = join(home, 'gone');
    const vault = vaultOf([kept], { home: gone });
    expect(await vault.load()).toBeUndefined();
    expect(inPlainWords(vault.location)).toMatchObject({ kind: 'memory', notice: expect.stringContaining(gone) });
    await expect(vault.save(ada)).rejects.toThrow(gone);
    mkdirSync(gone);
    let changes = 0;
    vault.onLocationChanged(() => {
      changes += 1;
    });
    await vault.save(ada);
    expect(vault.location).toEqual({ kind: 'keyring', changeable: false });
    expect(changes).toBe(1);
    expect(await new SealedFile(gone, kept).read()).toMatchObject({ state: ada });
  });

  it('saves are written one after the other, the last one stays [T4]', async () => {
    const kept = keyring();
    const vault = vaultOf([kept]);
    await vault.load();
    await Promise.all(Array.from({ length: 10 }, (_, n) => vault.save(signedIn('ada', `token-${n}`))));
    expect((await vaultOf([kept]).load())?.accounts[0]?.refreshToken).toBe('token-9');
    expect(existsSync(join(home, 'session.kwallet6.new.json'))).toBe(false);
  });
});

describe('a keyring that has yet to be made', () => {
  const seconds = 2;
  /** One that seals nothing before it is made: what is asked of it earlier would have the person asked. */
  class NewKeyring extends TestKeyring {
    override now: ProtectionState = 'new';
    sealed = 0;
    override async seal(text: string) {
      this.sealed += 1;
      return await super.seal(text);
    }
  }

  it('vault: nothing is asked of it before there is something to keep', async () => {
    const keyring = new NewKeyring('gnome_libsecret');
    const vault = vaultOf([keyring]);
    expect(await vault.load()).toBeUndefined();
    expect(vault.location).toEqual({ kind: 'keyring', changeable: false });
    await vault.save(nobody);
    expect(vault.location).toEqual({ kind: 'keyring', changeable: false });
    expect(keyring.sealed + keyring.opened).toBe(0);
  });

  it('vault: what is to be kept waits until it is made, the latest of it, and is then written by itself', async () => {
    const keyring = new NewKeyring('gnome_libsecret');
    const vault = vaultOf([keyring]);
    await vault.load();
    await vault.save(ada);
    expect(vault.location).toMatchObject({ kind: 'keyring', needs: 'create', changeable: true });
    clock.advance(seconds * 1000);
    await vault.save(signedIn('ada', 'renewed'));
    expect(keyring.sealed).toBe(0);
    expect(readdirSync(home)).toEqual([]);
    keyring.now = 'ready';
    clock.advance(seconds * 1000);
    await expect.poll(() => readdirSync(home)).toEqual(['session.gnome_libsecret.json']);
    await expect.poll(() => vault.location).toEqual({ kind: 'keyring', changeable: false });
    expect(await vaultOf([keyring]).load()).toEqual(signedIn('ada', 'renewed'));
  });

  it('vault: locked since the start, it is waited for in the same way', async () => {
    const keyring = new NewKeyring('gnome_libsecret');
    keyring.now = 'ready';
    const vault = vaultOf([keyring]);
    await vault.load();
    keyring.now = 'locked';
    await vault.save(ada);
    expect(vault.location).toMatchObject({ kind: 'keyring', needs: 'unlock' });
    expect(keyring.sealed).toBe(0);
    keyring.now = 'ready';
    await vault.save(signedIn('ada', 'renewed'));
    expect(vault.location).toEqual({ kind: 'keyring', changeable: false });
    clock.advance(seconds * 1000);
    expect(await vaultOf([keyring]).load()).toEqual(signedIn('ada', 'renewed'));
  });

  it('vault: signed out meanwhile, nothing is needed any more, and nothing is written', async () => {
    const keyring = new NewKeyring('gnome_libsecret');
    const vault = vaultOf([keyring]);
    await vault.load();
    await vault.save(ada);
    await vault.save(nobody);
    expect(vault.location).toEqual({ kind: 'keyring', changeable: false });
    keyring.now = 'ready';
    clock.advance(seconds * 1000);
    await vault.save(nobody);
    expect(readdirSync(home)).toEqual([]);
  });

  it('vault: the person may keep it without one, and is not asked to make one from then on', async () => {
    const keyring = new NewKeyring('gnome_libsecret');
    const vault = vaultOf([keyring]);
    await vault.load();
    await vault.save(ada);
    await vault.choose('file');
    await vault.save(ada);
    expect(remembered).toEqual(['file']);
    expect(vault.location).toMatchObject({ kind: 'file', changeable: true });
    expect(vault.location.needs).toBeUndefined();
    const next = vaultOf([keyring], { withoutKeyring: 'file' });
    expect(await next.load()).toEqual(ada);
    expect(next.location.kind).toBe('file');
    expect(keyring.sealed).toBe(0);
  });

  it('vault: a disk that is full when it is made: the place says that it is kept for this run only', async () => {
    const keyring = new NewKeyring('gnome_libsecret');
    const vault = vaultOf([keyring]);
    await vault.load();
    await vault.save(ada);
    keyring.now = 'ready';
    rmSync(home, { recursive: true });
    clock.advance(seconds * 1000);
    await expect
      .poll(() => inPlainWords(vault.location))
      .toMatchObject({ kind: 'memory', notice: expect.stringContaining(home) });
    mkdirSync(home);
    await vault.save(ada);
    expect(vault.location).toEqual({ kind: 'keyring', changeable: false });
  });
});
