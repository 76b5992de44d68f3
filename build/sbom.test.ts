import { describe, expect, it } from 'vitest';
import type { ShippedPackage } from './licences.ts';
import { type Lockfile, parseSbom, sbomOfBundle, sbomOfPackage, sbomText } from './sbom.ts';

const bytes = (filler: number) => Buffer.alloc(64, filler);
const integrity = (filler: number) => `sha512-${bytes(filler).toString('base64')}`;
const shipped = (name: string, version: string, licence = 'MIT'): ShippedPackage => ({
  name,
  version,
  licence,
  text: '',
});
const lock: Lockfile = {
  packages: {
    'node_modules/plain': { version: '1.0.0', integrity: integrity(1) },
    'node_modules/@scope/scoped': { version: '2.0.0', integrity: `sha1-AAAA ${integrity(2)}` },
    'node_modules/@scope/scoped/node_modules/plain': { version: '3.0.0', integrity: integrity(3) },
    'node_modules/not-plain': { version: '3.0.0', integrity: integrity(4) },
    'node_modules/loose': { version: '1.0.0' },
  },
};
const versions = { electron: '45.4.1', chrome: '142.0.1.2', node: '24.1.0' };

describe('the list of what is shipped', () => {
  const bundle = sbomOfBundle(
    '0.1.0',
    [shipped('plain', '1.0.0'), shipped('plain', '3.0.0'), shipped('@scope/scoped', '2.0.0', '(MIT OR CC0-1.0)')],
    lock,
  );
  const whole = sbomOfPackage(bundle, versions, true, new Date('2026-01-02T03:04:05Z'));

  it('names each package with its address, licence, and the hash that the lockfile pins', () => {
    expect(bundle.components.map(({ purl, hashes, licenses }) => [purl, hashes?.[0]?.content, licenses])).toEqual([
      ['pkg:npm/plain@1.0.0', bytes(1).toString('hex'), [{ license: { id: 'MIT' } }]],
      ['pkg:npm/plain@3.0.0', bytes(3).toString('hex'), [{ license: { id: 'MIT' } }]],
      ['pkg:npm/%40scope/scoped@2.0.0', bytes(2).toString('hex'), [{ expression: '(MIT OR CC0-1.0)' }]],
    ]);
  });

  it.each([
    ['another version', shipped('plain', '9.0.0')],
    ['no package', shipped('unknown', '1.0.0')],
    ['no hash', shipped('loose', '1.0.0')],
  ])('a package of which the lockfile has %s stops the build with its name', (_name, one) => {
    expect(() => sbomOfBundle('0.1.0', [one], lock)).toThrow(
      `${one.name} ${one.version} is shipped, but package-lock.json has no sha512 of it.`,
    );
  });

  it('names the runtime with what is inside, so that a weakness of Chromium or Node is found', () => {
    const added = whole.components.slice(bundle.components.length);
    expect(added.map(({ name, version, purl, cpe }) => [name, version, purl ?? cpe])).toEqual([
      ['electron', '45.4.1', 'pkg:npm/electron@45.4.1'],
      ['chromium', '142.0.1.2', 'cpe:2.3:a:google:chrome:142.0.1.2:*:*:*:*:*:*:*'],
      ['node', '24.1.0', 'cpe:2.3:a:nodejs:node.js:24.1.0:*:*:*:*:*:*:*'],
    ]);
    const official = ({ components }: typeof whole) => components.find(({ name }) => name === 'electron')?.properties;
    expect(official(whole)).toEqual([{ name: 'loopgate:official-build', value: 'true' }]);
    expect(official(sbomOfPackage(bundle, versions, false))?.[0]?.value).toBe('false');
  });

  // CycloneDX's own schema is in no package that is installed: these are its required fields and its rules for references.
  it('has what CycloneDX 1.6 requires, and refers to nothing that is not there', () => {
    const read = JSON.parse(sbomText(whole)) as typeof whole;
    expect(read).toMatchObject({
      bomFormat: 'CycloneDX',
      specVersion: '1.6',
      version: 1,
      metadata: {
        timestamp: '2026-01-02T03:04:05.000Z',
        component: { type: 'application', name: 'loopgate', version: '0.1.0' },
      },
    });
    const references = [read.metadata.component, ...read.components].map((one) => one['bom-ref']);
    expect(new Set(references).size).toBe(references.length);
    for (const one of read.components) {
      expect(['framework', 'library', 'platform']).toContain(one.type);
      expect(one.name).not.toBe('');
      for (const { content } of one.hashes ?? []) expect(content).toMatch(/^[0-9a-f]{128}$/);
    }
    expect(new Set(read.dependencies.flatMap(({ ref, dependsOn }) => [ref, ...dependsOn]))).toEqual(
      new Set(references),
    );
    expect(new Set(read.dependencies.map(({ ref }) => ref)).size).toBe(read.dependencies.length);
  });

  it('is read back as it was written, and has no date where none was stated', () => {
    expect(parseSbom(sbomText(whole))).toEqual(whole);
    expect(sbomOfPackage(bundle, versions, true).metadata).not.toHaveProperty('timestamp');
  });
});
