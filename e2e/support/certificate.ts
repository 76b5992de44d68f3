import { generateKeyPairSync, sign } from 'node:crypto';

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
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const ecdsaWithSha256 = sequence(Buffer.from('06082a8648ce3d040302', 'hex'));
  const commonName = sequence(
    element(0x31, sequence(Buffer.from('0603550403', 'hex'), element(0x0c, Buffer.from(name)))),
  );
  const validity = sequence(...['20200101000000Z', '20991231235959Z'].map((time) => element(0x18, Buffer.from(time))));
  const version = element(0xa0, element(0x02, Buffer.of(2)));
  const serialNumber = element(0x02, Buffer.of(1));
  const publicKeyInfo = publicKey.export({ type: 'spki', format: 'der' });
  // RFC 5280 §4.1, without extensions.
  const toSign = sequence(version, serialNumber, ecdsaWithSha256, commonName, validity, commonName, publicKeyInfo);
  const signature = element(0x03, Buffer.of(0), sign('sha256', toSign, privateKey));
  const certificate = sequence(toSign, ecdsaWithSha256, signature);
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${certificate.toString('base64')}\n-----END CERTIFICATE-----\n`,
  };
}

const sequence = (...parts: readonly Buffer[]) => element(0x30, ...parts);

/** One element of DER: its tag, its length, what is in it. */
function element(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const head = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...head), content]);
}
