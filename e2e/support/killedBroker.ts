import { Broker } from '../../main/broker/broker.ts';
import { systemClock } from '../../main/broker/clock.ts';
import type { StoredState, Vault } from '../../main/broker/session/vault.ts';
import type { BrokerWorld } from '../../main/broker/world.ts';
import { MessageError } from '../../main/errors/errors.ts';
import { keySealer } from '../../main/storage/keySealer.ts';
import { SealedFile } from '../../main/storage/sealedFile.ts';
import { SystemVault } from '../../main/storage/systemVault.ts';
import { verbatim } from '../../preload/texts/messages.ts';

/** Where a session rests, and who gave it. Handed to the program that is killed, as JSON. */
export interface Place {
  /** The data folder. */
  readonly home: string;
  /** 32 bytes in hexadecimal. */
  readonly vaultKey: string;
  readonly issuer: string;
  readonly clientId: string;
}

/** The callback's address; nothing listens there, the test brings the callback itself. */
export const address = 'http://localhost:39300';

const silent = () => undefined;
const sealerOf = ({ vaultKey }: Place) => keySealer(Buffer.from(vaultKey, 'hex'));

/**
 * The broker as the headless host composes it: the machine's clock, the encrypted file of the data folder, Node's fetch. No
 * keyring is looked for, so that this machine's own is left alone.
 * @param world.around - puts fault points around the vault
 */
export function composeBroker(
  place: Place,
  world: Pick<BrokerWorld, 'fetch' | 'openBrowser'> & { around: (vault: Vault) => Vault },
): Broker {
  const vault = new SystemVault({
    home: place.home,
    protections: [
      { ...sealerOf(place), kind: 'key', notice: verbatim('Kept in an encrypted file.'), state: async () => 'ready' },
    ],
    withoutKeyring: 'memory',
    asks: false,
    remember: silent,
    clock: systemClock,
  });
  const settings = {
    issuer: place.issuer,
    clientId: place.clientId,
    scope: 'openid profile email offline_access',
    signInTimeout: 240_000,
    clients: [],
    redirectUris: [],
    returnTo: [],
    exposeRefreshToken: false,
  };
  return new Broker(settings, {
    clock: systemClock,
    random: Math.random,
    fetch: world.fetch,
    openBrowser: world.openBrowser,
    vault: world.around(vault),
    log: { info: silent, warn: silent, error: silent },
  });
}

/**
 * What is on disk, read without the vault, which would set a damaged file aside; undefined when nothing is.
 * @throws when the file is incomplete, or cannot be decrypted
 */
export async function readStored(place: Place): Promise<StoredState | undefined> {
  const reading = await new SealedFile(place.home, sealerOf(place)).read();
  if (reading.kind === 'nothing') return undefined;
  if (reading.kind === 'sessions') return reading.state;
  throw new MessageError(reading.why);
}
