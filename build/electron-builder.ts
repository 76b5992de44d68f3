/** How the app is packed: electron-builder's configuration, and the switches ("fuses") that are set in the packed program. */

import { join } from 'node:path';
import { FuseState, FuseV1Options, FuseVersion, flipFuses, getCurrentFuseWire } from '@electron/fuses';
import type { AfterPackContext, Configuration } from 'electron-builder';
import type { ElectronRuntime } from './electronRuntime.ts';

export interface PackingOptions {
  readonly runtime: ElectronRuntime;
  /** Relative to the project's folder, or absolute. */
  readonly outputFolder: string;
  /** Whether Playwright may attach to the packed app. Never for a release. */
  readonly inspectable: boolean;
  /** Where newer versions are published. Without it the app is not kept up to date by itself. */
  readonly updateFeed?: string;
}

/** Only what was bundled is packed; there are no modules, native or other, to be installed, rebuilt or unpacked. */
export function electronBuilderConfiguration(options: PackingOptions): Configuration {
  const { runtime, outputFolder, inspectable, updateFeed } = options;
  return {
    appId: 'dev.loopgate.app',
    productName: 'Loopgate',
    directories: { output: outputFolder, buildResources: 'build/icons' },
    files: ['package.json', 'out/main/**', 'out/preload/**', 'out/renderer/**', '!node_modules/**'],
    asar: true,
    npmRebuild: false,
    electronDist: runtime.distFolder,
    electronVersion: runtime.version,
    electronLanguages: ['en-US'],
    icon: 'build/icons/app.png',
    linux: { target: ['AppImage', 'deb'], category: 'Development', executableName: 'loopgate' },
    mac: { target: ['dmg', 'zip'], category: 'public.app-category.developer-tools', extendInfo: { LSUIElement: true } },
    win: { target: ['nsis'] },
    // The app then has an app-update.yml, and the installers come with the file that says which version they are.
    publish: updateFeed === undefined ? null : [{ provider: 'generic', url: updateFeed }],
    afterPack: (context) => setFuses(packedProgram(context), fuses(inspectable)),
  };
}

/** Every fuse that is known, so that a new one in `@electron/fuses` does not compile until it is decided here. */
export type Fuses = Readonly<Record<FuseV1Options, boolean>>;

/** Electron's security checklist, "Check which fuses you can change". */
export function fuses(inspectable: boolean): Fuses {
  return {
    [FuseV1Options.RunAsNode]: false,
    [FuseV1Options.EnableCookieEncryption]: true,
    [FuseV1Options.EnableNodeOptionsEnvironmentVariable]: false,
    // Playwright attaches through the inspector, so builds for end-to-end tests keep it.
    [FuseV1Options.EnableNodeCliInspectArguments]: inspectable,
    [FuseV1Options.EnableEmbeddedAsarIntegrityValidation]: true,
    [FuseV1Options.OnlyLoadAppFromAsar]: true,
    [FuseV1Options.LoadBrowserProcessSpecificV8Snapshot]: false,
    [FuseV1Options.GrantFileProtocolExtraPrivileges]: false,
    // Off, WebAssembly gets slower and nothing gets safer.
    [FuseV1Options.WasmTrapHandlers]: true,
  };
}

/** The fuses that the packed program has, by name, e.g. `{ RunAsNode: false, … }`. */
export async function readFuses(program: string): Promise<Record<string, boolean>> {
  const wire = Object.entries(await getCurrentFuseWire(program)).filter(([key]) => key !== 'version');
  return Object.fromEntries(
    wire.map(([key, state]) => [FuseV1Options[Number(key)] ?? key, state === FuseState.ENABLE]),
  );
}

/**
 * Done here, not by electron-builder's `electronFuses`, whose list lags behind. A fuse that Electron has and we have not
 * decided stops the build; one that only a newer Electron has is left out.
 */
async function setFuses(program: string, wanted: Fuses): Promise<void> {
  const present = await getCurrentFuseWire(program);
  const decided = Object.entries(wanted).filter(([fuse]) => fuse in present);
  await flipFuses(program, {
    version: FuseVersion.V1,
    resetAdHocDarwinSignature: process.platform === 'darwin',
    strictlyRequireAllFuses: true,
    ...(Object.fromEntries(decided) as Fuses),
  });
}

function packedProgram({ appOutDir, packager }: AfterPackContext): string {
  return programIn(appOutDir, packager.platform.nodeName);
}

/** The program in a folder that electron-builder has packed (`linux-unpacked`, `mac`, `win-unpacked`). */
export function programIn(packedFolder: string, platform: string): string {
  if (platform === 'darwin') return join(packedFolder, 'Loopgate.app');
  return join(packedFolder, platform === 'win32' ? 'Loopgate.exe' : 'loopgate');
}
