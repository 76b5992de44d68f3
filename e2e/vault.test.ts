import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  closeSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { findMissing } from '../build/systemPackages.ts';
import { type DesktopSession, startDesktopSession } from '../build/testDisplay.ts';
import { type IdentityProvider, startIdentityProvider } from '../demo/identity-provider/provider.ts';
import { keySealer } from '../main/storage/keySealer.ts';
import { SealedFile } from '../main/storage/sealedFile.ts';
import { providerEnvironment } from './support/client.ts';
import { failureOf, type Headless, startHeadless, testBrowser } from './support/headless.ts';
import { asOtherUser, otherUsersFolder, runAsOtherUser, whyNoOtherUser } from './support/otherUser.ts';

let provider: IdentityProvider;
let home: string;
let key: NodeJS.ProcessEnv;
beforeAll(async () => {
  provider = await startIdentityProvider({ anyLoopbackCallback: true });
});
afterAll(() => provider.close());
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'loopgate-vault-'));
  key = { LOOPGATE_VAULT_KEY: randomBytes(32).toString('base64') };
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

/** Lets a host run on the data folder for the time of the work. */
async function withHost<T>(
  environment: NodeJS.ProcessEnv,
  work: (host: Headless) => Promise<T>,
  options: { prefix?: readonly string[]; signal?: NodeJS.Signals } = {},
): Promise<T> {
  const host = await startHeadless({
    home,
    environment: { ...providerEnvironment(provider), BROWSER: testBrowser, ...environment },
    ...(options.prefix && { prefix: options.prefix }),
  });
  try {
    return await work(host);
  } finally {
    await host.stop(options.signal);
  }
}

async function signIn({ address }: Headless): Promise<void> {
  expect((await fetch(`${address}/pkce/code`, { method: 'POST' })).status).toBe(200);
  expect((await fetch(`${address}/pkce/token`, { method: 'POST' })).status).toBe(200);
}

/** The name of who is signed in, or why nobody is. */
async function person({ address }: Headless): Promise<string> {
  const body = (await (await fetch(`${address}/userinfo`)).json()) as { name?: string; error_description?: string };
  return body.name ?? body.error_description ?? '';
}

/** All that is stored in the data folder, name and content; not what is being written at this moment. */
const contents = () =>
  Object.fromEntries(
    readdirSync(home)
      .filter((name) => name.startsWith('session') && !name.includes('.new.'))
      .map((name) => [name, readFileSync(join(home, name), 'utf8')]),
  );
const underKey = 'session.vault-key.json';

describe('a store that cannot be read', () => {
  test.each<[string, (whole: string) => string]>([
    ['was cut short', (whole) => whole.slice(0, whole.length / 2)],
    ['is empty', () => ''],
    [
      'was changed',
      (whole) => whole.replace(/("session":\s*"....)./, (all, before) => `${before}${all.endsWith('A') ? 'B' : 'A'}`),
    ],
    ['is of something else', () => '{"hello": "world"}'],
  ])('one that %s: Loopgate starts, says why nobody is signed in, and deletes nothing', async (_name, damage) => {
    await withHost(key, signIn);
    const damaged = damage(readFileSync(join(home, underKey), 'utf8'));
    writeFileSync(join(home, underKey), damaged);
    await withHost(key, async (host) => {
      expect(await person(host)).toMatch(/stored sign-in.*it was kept as .*unreadable/);
      await signIn(host);
      expect(await person(host)).toBe('Ada Lovelace');
    });
    const { [underKey]: stored, ...others } = contents();
    expect(Object.values(others)).toEqual([damaged]);
    const [aside = ''] = Object.keys(others);
    expect(statSync(join(home, aside)).mode & 0o777).toBe(0o600);
    expect(stored).toBeDefined();
    await withHost(key, async (host) => expect(await person(host)).toBe('Ada Lovelace'));
  });

  test('one of an unknown newer version: Loopgate starts, says so, works in memory, and leaves it exactly as it is', async () => {
    const newer = '{"format": 2, "sealedBy": "vault-key", "sealed": ["something", "new"]}';
    writeFileSync(join(home, underKey), newer);
    await withHost(key, async (host) => {
      await host.waitForLine(/newer version of Loopgate: update Loopgate, or move the file away/);
      expect(await person(host)).toContain('newer version');
      await signIn(host);
      expect(await person(host)).toBe('Ada Lovelace');
    });
    expect(contents()).toEqual({ [underKey]: newer });
  });
});

describe.skipIf(whyNoOtherUser !== undefined)('a disk that is full', () => {
  beforeEach(() => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k,mode=700', 'loopgate-test', home]);
  });
  afterEach(() => {
    execFileSync('umount', ['--lazy', home]);
  });

  /** Leaves one page: enough for the beginning of a session, which a write that looks at no length takes for the whole. */
  function fillDisk(): void {
    const file = openSync(join(home, 'filling'), 'w');
    let length = 0;
    try {
      for (;;) length += writeSync(file, Buffer.alloc(4096));
    } catch {
      ftruncateSync(file, length - 4096);
    } finally {
      closeSync(file);
    }
  }

  /** A store of several pages: the account of another provider in it is kept as it is. */
  async function storeALot(): Promise<void> {
    const sealer = keySealer(Buffer.from(key.LOOPGATE_VAULT_KEY ?? '', 'base64'));
    const account = {
      issuer: 'https://other.example/',
      subject: 'somebody',
      clientId: 'editor',
      scope: 'openid',
      accessToken: 'access',
      issuedAt: 1,
      expiresAt: 2,
      idToken: 'id',
      profile: { about: 'x'.repeat(6000) },
    };
    await new SealedFile(home, sealer).write({ version: 1, accounts: [account], revocations: [] }, 1);
  }

  test('while it runs: the sign-in works, and the stored one stays whole and is there at the next start [T4]', async () => {
    await storeALot();
    await withHost(key, async (host) => {
      await signIn(host);
      const before = contents();
      expect(before[underKey]?.length).toBeGreaterThan(2 * 4096);
      fillDisk();
      await signIn(host);
      expect(await person(host)).toBe('Ada Lovelace');
      expect(contents()).toEqual(before);
    });
    rmSync(join(home, 'filling'));
    await withHost(key, async (host) => expect(await person(host)).toBe('Ada Lovelace'));
  });

  test('at the start: Loopgate starts, says so, has the stored session, deletes nothing, and saves when there is room', async () => {
    await storeALot();
    await withHost(key, signIn);
    const before = contents();
    fillDisk();
    await withHost(key, async (host) => {
      await host.waitForLine(/no space left on the disk/);
      expect(await person(host)).toBe('Ada Lovelace');
      await signIn(host);
      expect(contents()).toEqual(before);
      rmSync(join(home, 'filling'));
      await signIn(host);
      await host.waitForLine(/encrypted with LOOPGATE_VAULT_KEY/);
      expect(contents()[underKey]).not.toBe(before[underKey]);
    });
    await withHost(key, async (host) => expect(await person(host)).toBe('Ada Lovelace'));
  });
});

describe.skipIf(whyNoOtherUser !== undefined)('a data folder that is read-only', () => {
  const request = async (host: Headless, target: string) => {
    const script = 'const r = await fetch(process.argv[1]); console.log(await r.text());';
    return await runAsOtherUser([process.execPath, '--input-type=module', '-e', script, `${host.address}${target}`]);
  };

  /** The folder is root's from now on, what is in it the other user's. */
  function takeFolderAway(): void {
    const theirs = otherUsersFolder();
    const { uid, gid } = statSync(theirs);
    rmSync(theirs, { recursive: true });
    for (const name of readdirSync(home)) chownSync(join(home, name), uid, gid);
    chmodSync(home, 0o755);
  }

  test('Loopgate starts, says so, has the stored session, and changes nothing', async () => {
    await withHost(key, signIn);
    takeFolderAway();
    const before = contents();
    await withHost(
      key,
      async (host) => {
        await host.waitForLine(/Loopgate may not write to .*cannot lock the data folder/);
        await host.waitForLine(/kept for this run only: Loopgate may not write to/);
        expect(JSON.parse(await request(host, '/userinfo'))).toMatchObject({ name: 'Ada Lovelace' });
      },
      { prefix: asOtherUser },
    );
    expect(contents()).toEqual(before);
  });

  test('a damaged store in it stays where it is, and that is said', async () => {
    writeFileSync(join(home, underKey), '{"damaged');
    takeFolderAway();
    await withHost(
      key,
      async (host) => {
        await host.waitForLine(/damaged, and Loopgate may not write to .*it stays as/);
        expect(JSON.parse(await request(host, '/userinfo')).error_description).toContain('it stays as');
      },
      { prefix: asOtherUser },
    );
    expect(contents()).toEqual({ [underKey]: '{"damaged' });
  });

  test('a data folder that cannot even be made stops nobody', async () => {
    const missing = join(home, 'not', 'there');
    takeFolderAway();
    await withHost(
      { ...key, LOOPGATE_HOME: missing },
      async (host) => {
        expect(host.output()).toContain(`Loopgate may not write to ${missing}`);
        expect(JSON.parse(await request(host, '/userinfo'))).toMatchObject({ error: 'not_signed_in' });
      },
      { prefix: asOtherUser },
    );
    expect(readdirSync(home)).toEqual([]);
  });

  test('one host per folder holds there too, when the holder was there first', async () => {
    const folder = otherUsersFolder();
    try {
      const first = await startHeadless({ home: folder, prefix: asOtherUser });
      try {
        chownSync(folder, 0, 0);
        chmodSync(folder, 0o755);
        const failure = await failureOf(startHeadless({ home: folder, prefix: asOtherUser }));
        expect(failure.errors).toContain(`process ${first.pid}`);
      } finally {
        await first.stop();
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe('the key from systemd', () => {
  test('it keeps the session as LOOPGATE_VAULT_KEY does, and is said', async () => {
    const credentials = join(home, 'credentials');
    mkdirSync(credentials);
    writeFileSync(join(credentials, 'loopgate-vault-key'), `${key.LOOPGATE_VAULT_KEY}\n`);
    await withHost({ CREDENTIALS_DIRECTORY: credentials }, async (host) => {
      expect(host.output()).toContain('encrypted with the systemd credential loopgate-vault-key');
      await signIn(host);
    });
    await withHost(key, async (host) => expect(await person(host)).toBe('Ada Lovelace'));
  });

  test('one that is no key is refused by its file’s name, and not repeated', async () => {
    writeFileSync(join(home, 'loopgate-vault-key'), 'hush');
    const failure = await failureOf(startHeadless({ home, environment: { CREDENTIALS_DIRECTORY: home } }));
    expect(failure.exitCode).toBe(2);
    expect(failure.errors).toContain(`${join(home, 'loopgate-vault-key')}: expected 32 bytes as base64`);
    expect(failure.errors).not.toContain('hush');
  });
});

describe('the weaker protection', () => {
  test('only by the setting: kept over a start, said, readable by its person alone', async () => {
    const weaker = { LOOPGATE_WITHOUT_KEYRING: 'file' };
    await withHost(weaker, async (host) => {
      expect(host.output()).toContain('only its permissions protect');
      await signIn(host);
    });
    expect(readdirSync(home).sort()).toEqual(['programs.json', 'session.file-key', 'session.file.json']);
    for (const name of readdirSync(home)) expect(statSync(join(home, name)).mode & 0o777).toBe(0o600);
    await withHost(weaker, async (host) => expect(await person(host)).toBe('Ada Lovelace'));
    await withHost({}, async (host) => {
      expect(host.output()).toContain('kept in memory');
      expect(await person(host)).toContain('withoutKeyring');
    });
  });
});

const missing = process.platform === 'linux' ? await findMissing() : ['Linux'];

/** A real Secret Service: gnome-keyring on a session bus of its own. */
describe.skipIf(missing.length > 0)('the keyring without a desktop', () => {
  let session: DesktopSession;
  let bus: NodeJS.ProcessEnv;
  beforeAll(async () => {
    session = await startDesktopSession({ panel: false });
    const { DBUS_SESSION_BUS_ADDRESS, XDG_RUNTIME_DIR, HOME } = session.environment;
    bus = { DBUS_SESSION_BUS_ADDRESS, XDG_RUNTIME_DIR, HOME };
  });
  afterAll(() => session?.stop());
  const inKeyring = 'session.secret-service.json';

  test('in use: the session outlives a kill, encrypted, and there is nothing to say of the place', async () => {
    await withHost(
      bus,
      async (host) => {
        await signIn(host);
        expect(host.output()).not.toMatch(/keyring|memory|kept/);
      },
      { signal: 'SIGKILL' },
    );
    expect(Object.keys(contents())).toEqual([inKeyring]);
    expect(statSync(join(home, inKeyring)).mode & 0o777).toBe(0o600);
    expect(contents()[inKeyring]).not.toMatch(/Lovelace|eyJhbGci|refresh/);
    await withHost(bus, async (host) => expect(await person(host)).toBe('Ada Lovelace'));
  });

  test('locked: said and waited for, nothing set aside; unlocked, it goes on', async () => {
    await withHost(bus, signIn);
    const before = contents();
    await session.lockKeyring();
    try {
      await withHost(bus, async (host) => {
        await host.waitForLine(/The keyring is locked/);
        const answer = person(host);
        expect(contents()).toEqual(before);
        await session.unlockKeyring();
        expect(await answer).toBe('Ada Lovelace');
        await host.waitForLine(/under the system’s keyring/);
      });
    } finally {
      await session.unlockKeyring();
    }
    expect(Object.keys(contents())).toEqual([inKeyring]);
  });

  test('absent at the next start: said with its name, what it keeps is left, and it is there again with it', async () => {
    await withHost(bus, signIn);
    const before = contents();
    await withHost({}, async (host) => {
      expect(host.output()).toContain('kept in memory');
      expect(await person(host)).toContain('the Secret Service, which cannot be reached from here');
    });
    expect(contents()).toEqual(before);
    await withHost(bus, async (host) => expect(await person(host)).toBe('Ada Lovelace'));
  });

  test('changed between starts: to the key and back; the newest sign-in stays, the older one is revoked with it [T19]', async () => {
    await withHost({ ...bus, ...key }, signIn);
    expect(Object.keys(contents())).toEqual([inKeyring]);
    await withHost(key, async (host) => {
      expect(await person(host)).toContain('the Secret Service, which cannot be reached from here');
      await signIn(host);
    });
    expect(Object.keys(contents()).sort()).toEqual([inKeyring, underKey]);
    const revoked = provider.count('/oauth/revoke');
    await withHost({ ...bus, ...key }, async (host) => {
      expect(await person(host)).toBe('Ada Lovelace');
      expect(provider.count('/oauth/revoke')).toBe(revoked);
      await fetch(`${host.address}/os/sign_out`, { method: 'POST' });
      await expect.poll(() => provider.count('/oauth/revoke')).toBe(revoked + 2);
    });
    expect(Object.keys(contents())).toEqual([inKeyring]);
  });

  test('changed between starts: what the weaker file kept moves under the keyring, and the file and its key are gone', async () => {
    const weaker = { LOOPGATE_WITHOUT_KEYRING: 'file' };
    await withHost(weaker, signIn);
    await withHost({ ...bus, ...weaker }, async (host) => {
      expect(await person(host)).toBe('Ada Lovelace');
      expect(host.output()).not.toContain('permissions');
    });
    expect(readdirSync(home).sort()).toEqual(['programs.json', inKeyring]);
    await withHost(bus, async (host) => expect(await person(host)).toBe('Ada Lovelace'));
  });
});
