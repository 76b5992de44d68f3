import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

/** A key and its certificate, as node:https takes them. */
export interface ServerCertificate {
  readonly key: string;
  readonly cert: string;
}

/**
 * A certificate that signs itself, made anew each time so that no private key lies in the project. Nobody trusts it: the
 * browser of a test must be told to ignore that.
 * @param name - the host name that it is for
 */
export function selfSignedCertificate(name: string): ServerCertificate {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { key: pem(pair.privateKey), cert: certificate({ name, publicKey: pair.publicKey, by: { name, ...pair } }) };
}

/** A company's own authority: who trusts its certificate trusts what it issues. */
export interface CertificateAuthority {
  /** Its certificate, as PEM. */
  readonly cert: string;
  /** @param host - the host name that it is for */
  issue(host: string): ServerCertificate;
}

/** An authority, made anew each time. @param name - as it is shown in lists of authorities */
export function certificateAuthority(name: string): CertificateAuthority {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const by = { name, ...pair };
  const isAuthority = extension('551d13', true, sequence(element(0x01, Buffer.of(0xff))));
  return {
    cert: certificate({ name, publicKey: pair.publicKey, by, extensions: [isAuthority] }),
    issue(host) {
      const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const hostName = extension('551d11', false, sequence(element(0x82, Buffer.from(host))));
      const cert = certificate({ name: host, publicKey, by, serial: 2, extensions: [hostName] });
      return { key: pem(privateKey), cert };
    },
  };
}

interface CertificateParts {
  readonly name: string;
  readonly publicKey: KeyObject;
  readonly by: { readonly name: string; readonly privateKey: KeyObject };
  readonly serial?: number;
  readonly extensions?: readonly Buffer[];
}

/** RFC 5280 §4.1. */
function certificate({ name, publicKey, by, serial = 1, extensions = [] }: CertificateParts): string {
  const ecdsaWithSha256 = sequence(Buffer.from('06082a8648ce3d040302', 'hex'));
  const nameOf = (text: string) =>
    sequence(element(0x31, sequence(Buffer.from('0603550403', 'hex'), element(0x0c, Buffer.from(text)))));
  const validity = sequence(...['200101000000Z', '491231235959Z'].map((time) => element(0x17, Buffer.from(time))));
  const version = element(0xa0, element(0x02, Buffer.of(2)));
  const serialNumber = element(0x02, Buffer.of(serial));
  const publicKeyInfo = publicKey.export({ type: 'spki', format: 'der' });
  const toSign = sequence(
    ...[version, serialNumber, ecdsaWithSha256, nameOf(by.name), validity, nameOf(name), publicKeyInfo],
    ...(extensions.length > 0 ? [element(0xa3, sequence(...extensions))] : []),
  );
  const signature = element(0x03, Buffer.of(0), sign('sha256', toSign, by.privateKey));
  const signed = sequence(toSign, ecdsaWithSha256, signature);
  return `-----BEGIN CERTIFICATE-----\n${signed.toString('base64')}\n-----END CERTIFICATE-----\n`;
}

/** RFC 5280 §4.2. @param identifier - the last bytes of its object identifier, in hex */
function extension(identifier: string, isCritical: boolean, value: Buffer): Buffer {
  const critical = isCritical ? [element(0x01, Buffer.of(0xff))] : [];
  return sequence(element(0x06, Buffer.from(identifier, 'hex')), ...critical, element(0x04, value));
}

const pem = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'pem' }).toString();

const sequence = (...parts: readonly Buffer[]) => element(0x30, ...parts);

/** One element of DER: its tag, its length, what is in it. */
function element(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const head = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...head), content]);
}
