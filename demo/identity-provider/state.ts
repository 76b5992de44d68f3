import { generateKeyPair, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { calculateJwkThumbprint, exportJWK, type JWK } from 'jose';
import type { Adapter, AdapterPayload } from 'oidc-provider';

interface Entry {
  payload: AdapterPayload;
  /** Milliseconds since the epoch; absent if it never expires. */
  expiresAt?: number;
}

interface StoredState {
  version: 1;
  port: number;
  signingKey: JWK;
  cookieKey: string;
  entries: [key: string, entry: Entry][];
}

const modelsOfAGrant = /^(Grant|RefreshToken|AccessToken|AuthorizationCode|DeviceCode):/;

/**
 * Everything that the provider remembers: its keys, and the models of oidc-provider under `<Model>:<id>`. With a file, every
 * change is on disk before the response that depends on it is sent. Without one, the state lives as long as the process.
 */
export class State {
  readonly signingKey: JWK;
  readonly cookieKey: string;
  /** The port of the run that wrote the file; 0 when there was none. */
  readonly port: number;
  readonly #file: string | undefined;
  readonly #entries: Map<string, Entry>;
  #boundPort = 0;

  private constructor(stored: StoredState, file: string | undefined) {
    this.signingKey = stored.signingKey;
    this.cookieKey = stored.cookieKey;
    this.port = stored.port;
    this.#file = file;
    this.#entries = new Map(stored.entries);
  }

  /** @param file - absolute path; a missing or invalid file gives a fresh state */
  static async open(file: string | undefined): Promise<State> {
    return new State((file && readState(file)) || (await freshState(file === undefined)), file);
  }

  /** Starts to write changes. Another port means another issuer, which makes all grants void. */
  bind(port: number): void {
    if (port !== this.port) this.#entries.clear();
    this.#boundPort = port;
    this.#save();
  }

  /** Returns a copy, so that every change goes through {@link set}. */
  get(key: string): AdapterPayload | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (isExpired(entry)) {
      this.#entries.delete(key);
      return undefined;
    }
    return structuredClone(entry.payload);
  }

  /** @param expiresIn - in seconds */
  set(key: string, payload: AdapterPayload, expiresIn?: number): void {
    const copy: AdapterPayload = JSON.parse(JSON.stringify(payload));
    this.#entries.set(key, {
      payload: copy,
      ...(expiresIn === undefined ? {} : { expiresAt: Date.now() + expiresIn * 1000 }),
    });
    this.#save();
  }

  find(prefix: string, matches: (payload: AdapterPayload) => boolean): AdapterPayload | undefined {
    for (const [key, entry] of this.#entries) {
      if (key.startsWith(prefix) && !isExpired(entry) && matches(entry.payload)) return structuredClone(entry.payload);
    }
    return undefined;
  }

  /** @returns the number of deleted entries */
  deleteWhere(matches: (key: string, payload: AdapterPayload) => boolean): number {
    const doomed = [...this.#entries].filter(([key, entry]) => matches(key, entry.payload));
    for (const [key] of doomed) this.#entries.delete(key);
    if (doomed.length > 0) this.#save();
    return doomed.length;
  }

  /** Ends these grants with everything that came from them. @returns the number of refresh tokens that were valid until now */
  endGrants(matches: (payload: AdapterPayload) => boolean): number {
    let refreshTokens = 0;
    this.deleteWhere((key, payload) => {
      const isDoomed = modelsOfAGrant.test(key) && matches(payload);
      if (isDoomed && key.startsWith('RefreshToken:') && payload.consumed === undefined) refreshTokens++;
      return isDoomed;
    });
    return refreshTokens;
  }

  /** The storage for one of oidc-provider's models. */
  adapter(model: string): Adapter {
    const keyOf = (id: string): string => `${model}:${id}`;
    return {
      upsert: async (id, payload, expiresIn) => this.set(keyOf(id), payload, expiresIn),
      find: async (id) => this.get(keyOf(id)),
      findByUid: async (uid) => this.find(`${model}:`, (payload) => payload.uid === uid),
      findByUserCode: async (userCode) => this.find(`${model}:`, (payload) => payload.userCode === userCode),
      consume: async (id) => this.#consume(keyOf(id)),
      destroy: async (id) => void this.deleteWhere((key) => key === keyOf(id)),
      revokeByGrantId: async (grantId) =>
        void this.deleteWhere((key, payload) => key.startsWith(`${model}:`) && payload.grantId === grantId),
    };
  }

  #consume(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    entry.payload.consumed = Math.floor(Date.now() / 1000);
    this.#save();
  }

  #save(): void {
    if (this.#file === undefined || this.#boundPort === 0) return;
    for (const [key, entry] of this.#entries) if (isExpired(entry)) this.#entries.delete(key);
    writeState(this.#file, {
      version: 1,
      port: this.#boundPort,
      signingKey: this.signingKey,
      cookieKey: this.cookieKey,
      entries: [...this.#entries],
    });
  }
}

function isExpired(entry: Entry): boolean {
  return entry.expiresAt !== undefined && entry.expiresAt <= Date.now();
}

function readState(file: string): StoredState | undefined {
  try {
    const stored: StoredState = JSON.parse(readFileSync(file, 'utf8'));
    return stored.version === 1 && Array.isArray(stored.entries) ? stored : undefined;
  } catch {
    return undefined;
  }
}

/** A rename replaces the whole file, so that a killed process never leaves half of it. */
function writeState(file: string, state: StoredState): void {
  const temporary = `${file}.${process.pid}.tmp`;
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  rmSync(temporary, { force: true });
  writeFileSync(temporary, JSON.stringify(state), { mode: 0o600, flag: 'wx' });
  renameSync(temporary, file);
}

async function freshState(isInMemory: boolean): Promise<StoredState> {
  return {
    version: 1,
    port: 0,
    signingKey: await (isInMemory ? keyOfThisProcess() : newSigningKey()),
    cookieKey: randomBytes(32).toString('base64url'),
    entries: [],
  };
}

let sharedKey: Promise<JWK> | undefined;

/** Creating an RSA key takes a quarter of a second, and tests start hundreds of providers. */
function keyOfThisProcess(): Promise<JWK> {
  sharedKey ??= newSigningKey();
  return sharedKey;
}

async function newSigningKey(): Promise<JWK> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  const key = await exportJWK(privateKey);
  return { ...key, kid: await calculateJwkThumbprint(key), use: 'sig', alg: 'RS256' };
}
