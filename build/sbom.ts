/**
 * What a package of Loopgate consists of, for those who look for known weaknesses in it: CycloneDX 1.6 as JSON. It names what
 * the bundler really put into `out/` and the runtime that it was packed with. `npm sbom` would name what is installed.
 */

import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import type { ElectronRuntime } from './electronRuntime.ts';
import type { ShippedPackage } from './licences.ts';

/** The part of npm's lockfile that is of use here. */
const lockfile = z.object({
  packages: z.record(z.string(), z.object({ version: z.string().optional(), integrity: z.string().optional() })),
});
export type Lockfile = z.infer<typeof lockfile>;

/** The project's lockfile. @throws when there is none, or one of another form */
export async function readLockfile(root: string): Promise<Lockfile> {
  return lockfile.parse(JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')));
}

const component = z.object({
  type: z.enum(['application', 'framework', 'library', 'platform']),
  'bom-ref': z.string(),
  name: z.string(),
  version: z.string(),
  purl: z.string().optional(),
  cpe: z.string().optional(),
  licenses: z.array(
    z.union([z.object({ license: z.object({ id: z.string() }) }), z.object({ expression: z.string() })]),
  ),
  hashes: z.array(z.object({ alg: z.literal('SHA-512'), content: z.string() })).optional(),
  properties: z.array(z.object({ name: z.string(), value: z.string() })).optional(),
});

/** The fields of CycloneDX that are written here. */
const sbom = z.object({
  bomFormat: z.literal('CycloneDX'),
  specVersion: z.literal('1.6'),
  version: z.literal(1),
  metadata: z.object({ timestamp: z.string().optional(), component }),
  components: z.array(component),
  dependencies: z.array(z.object({ ref: z.string(), dependsOn: z.array(z.string()) })),
});
export type Sbom = z.infer<typeof sbom>;
export type Component = z.infer<typeof component>;

/**
 * What the bundle holds, without a runtime.
 * @throws for a package that the lockfile does not pin by its content; the message names it
 */
export function sbomOfBundle(version: string, packages: readonly ShippedPackage[], lock: Lockfile): Sbom {
  const app: Component = {
    type: 'application',
    'bom-ref': purlOf('loopgate', version),
    name: 'loopgate',
    version,
    purl: purlOf('loopgate', version),
    licenses: licensesOf('MIT'),
  };
  const components = packages.map((one): Component => {
    const purl = purlOf(one.name, one.version);
    return {
      type: 'library',
      'bom-ref': purl,
      name: one.name,
      version: one.version,
      purl,
      licenses: licensesOf(one.licence),
      hashes: [{ alg: 'SHA-512', content: pinnedHash(one, lock) }],
    };
  });
  // One bundle has them all inside, so that each is a part of the app itself.
  const dependencies = [{ ref: app['bom-ref'], dependsOn: components.map((one) => one['bom-ref']) }];
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: { component: app },
    components,
    dependencies,
  };
}

/** The versions of what is inside Electron, as `process.versions` has them. */
const runtimeVersions = z.object({ electron: z.string(), chrome: z.string(), node: z.string() });
export type RuntimeVersions = z.infer<typeof runtimeVersions>;

/** Asks the runtime itself. It must not have been packed yet: its fuse RunAsNode is on. */
export async function versionsOf({ executable }: ElectronRuntime): Promise<RuntimeVersions> {
  const { stdout } = await promisify(execFile)(executable, ['-p', 'JSON.stringify(process.versions)'], {
    env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
  });
  return runtimeVersions.parse(JSON.parse(stdout));
}

/**
 * What the packed app consists of: the bundle and its runtime.
 * @param isOfficial - whether the runtime is Electron's own build
 * @param date - when it was built, where that is stated
 */
export function sbomOfPackage(bundle: Sbom, versions: RuntimeVersions, isOfficial: boolean, date?: Date): Sbom {
  const { electron, chrome, node } = versions;
  const runtime: Component = {
    type: 'framework',
    'bom-ref': purlOf('electron', electron),
    name: 'electron',
    version: electron,
    purl: purlOf('electron', electron),
    licenses: licensesOf('MIT'),
    properties: [{ name: 'loopgate:official-build', value: String(isOfficial) }],
  };
  const chromium: Component = {
    type: 'framework',
    'bom-ref': `chromium@${chrome}`,
    name: 'chromium',
    version: chrome,
    cpe: `cpe:2.3:a:google:chrome:${chrome}:*:*:*:*:*:*:*`,
    // Its own; those of all its parts are in LICENSES.chromium.html, which is shipped.
    licenses: licensesOf('BSD-3-Clause'),
  };
  const nodeJs: Component = {
    type: 'platform',
    'bom-ref': `node@${node}`,
    name: 'node',
    version: node,
    cpe: `cpe:2.3:a:nodejs:node.js:${node}:*:*:*:*:*:*:*`,
    licenses: licensesOf('MIT'),
  };
  const [app = { ref: bundle.metadata.component['bom-ref'], dependsOn: [] }] = bundle.dependencies;
  return {
    ...bundle,
    metadata: { ...(date && { timestamp: date.toISOString() }), ...bundle.metadata },
    components: [...bundle.components, runtime, chromium, nodeJs],
    dependencies: [
      { ...app, dependsOn: [...app.dependsOn, runtime['bom-ref']] },
      { ref: runtime['bom-ref'], dependsOn: [chromium['bom-ref'], nodeJs['bom-ref']] },
    ],
  };
}

/** As it is written to a file. */
export const sbomText = (one: Sbom) => `${JSON.stringify(one, undefined, 2)}\n`;

/** Reads what `sbomText` has written. @throws for anything else */
export const parseSbom = (text: string): Sbom => sbom.parse(JSON.parse(text));

/** Package URL specification, type npm. */
function purlOf(name: string, version: string): string {
  return `pkg:npm/${name.replace('@', '%40')}@${version}`;
}

/** One licence by its id, a choice or several as an expression (both SPDX). */
function licensesOf(licence: string): Component['licenses'] {
  return /^[A-Za-z0-9.+-]+$/.test(licence) ? [{ license: { id: licence } }] : [{ expression: licence }];
}

/** SHA-512 of the package's archive, in hexadecimal. Two places of one package and version hold the same. */
function pinnedHash({ name, version }: ShippedPackage, { packages }: Lockfile): string {
  const places = Object.entries(packages).filter(([path]) => `/${path}`.endsWith(`/node_modules/${name}`));
  const integrity = places.find(([, entry]) => entry.version === version)?.[1].integrity;
  const [, sha512] = /(?:^| )sha512-([A-Za-z0-9+/=]+)/.exec(integrity ?? '') ?? [];
  if (sha512 === undefined)
    throw new Error(`${name} ${version} is shipped, but package-lock.json has no sha512 of it.`);
  return Buffer.from(sha512, 'base64').toString('hex');
}
