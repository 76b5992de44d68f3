/** How the app is packed: electron-builder's configuration, and the switches ("fuses") that are set in the packed program. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FuseState, FuseV1Options, FuseVersion, flipFuses, getCurrentFuseWire } from '@electron/fuses';
import type { AfterPackContext, Configuration } from 'electron-builder';
import type { ElectronRuntime } from './electronRuntime.ts';

export interface PackingOptions {
  /** The project's folder, absolute. */
  readonly root: string;
  readonly runtime: ElectronRuntime;
  /** Relative to the project's folder, or absolute. */
  readonly outputFolder: string;
  /** What is shipped (`build/sbom.ts`), as it is put beside the program. */
  readonly sbom: string;
  /** Where the project is, for the packages that must name it (deb and rpm). */
  readonly homepage?: string;
  /** Without a certificate macOS and Windows packages are then refused. */
  readonly mustBeSigned: boolean;
  /** Where newer versions are published. Without it the app is not kept up to date by itself. */
  readonly updateFeed?: string;
}

/** What is beside the asar of a packed app. A scanner finds it there, which cannot look into the asar. */
export const sbomFile = 'sbom.cdx.json';

/**
 * All packages of all systems. Only what was bundled is packed; there are no modules, native or other, to be installed, rebuilt
 * or unpacked. The runtime is that of one system and processor, so each is packed on a machine of its own.
 */
export function electronBuilderConfiguration(options: PackingOptions): Configuration {
  const { root, runtime, outputFolder, homepage, mustBeSigned, updateFeed } = options;
  return {
    appId: 'dev.loopgate.app',
    productName: 'Loopgate',
    artifactName: `${artifactName}.\${ext}`,
    directories: { output: outputFolder, buildResources: 'build/icons' },
    files: [
      'package.json',
      'out/main/**',
      `!out/main/${sbomFile}`,
      'out/preload/**',
      'out/renderer/**',
      '!**/*.map',
      '!node_modules/**',
    ],
    ...(homepage !== undefined && { extraMetadata: { homepage } }),
    extraResources: [
      { from: 'build/launchers', to: 'bin', filter: [process.platform === 'win32' ? 'loopgate.cmd' : 'loopgate'] },
      // The administrator's consent to port 1000. Installing changes nothing of it; removing takes it back.
      ...(process.platform === 'linux' ? [{ from: 'build/linux', to: 'bin', filter: ['loopgate-port'] }] : []),
      // What starts `loopgate serve` by systemd, and how: for an administrator to put in place. Installing enables nothing.
      ...(process.platform === 'linux'
        ? [
            { from: 'build/linux', to: 'systemd', filter: ['loopgate@.*'] },
            { from: 'docs/remote', to: 'systemd', filter: ['headless-linux.md'] },
          ]
        : []),
    ],
    asar: true,
    npmRebuild: false,
    electronDist: runtime.distFolder,
    electronVersion: runtime.version,
    electronLanguages: ['en-US'],
    icon: 'build/icons/app.png',
    forceCodeSigning: mustBeSigned,
    // The older tools put `--no-sandbox` into every AppImage's start; these only where the system has no sandbox to offer.
    toolsets: { appimage: '1.0.3' },
    // The app then has an app-update.yml, and the installers come with the file that says which version they are.
    publish: updateFeed === undefined ? null : [{ provider: 'generic', url: updateFeed }],
    ...linuxPackages(root),
    ...macPackages(root),
    ...windowsPackages(root),
    afterPack: async (context) => {
      await writeFile(join(resourcesOf(context), sbomFile), options.sbom);
      await setFuses(packedProgram(context), fuses({ inspectable: false }));
    },
  };
}

/** electron-builder's macros: `Loopgate-0.1.0-linux-x64`. */
// biome-ignore lint/suspicious/noTemplateCurlyInString: they are filled in there.
const artifactName = '${productName}-${version}-${os}-${arch}';

/** The tar.gz is made by `build/tarball.ts`, always the same from the same files. */
function linuxPackages(root: string): Pick<Configuration, 'linux' | 'deb' | 'rpm'> {
  const endsTheApp = `--before-remove=${join(root, 'build/linux/before-remove.sh')}`;
  return {
    linux: {
      target: ['AppImage', 'deb', 'rpm'],
      executableName: 'loopgate',
      // `desktopName` in package.json is what a window calls itself: desktops find the entry by it.
      syncDesktopName: true,
      category: 'Development',
      synopsis: "The local auth broker of a developer's machine",
      // No address: nobody has one yet that is read.
      maintainer: 'The Loopgate authors',
      vendor: 'The Loopgate authors',
      desktop: { entry: { Keywords: 'oauth;openid;login;sign-in;', SingleMainWindow: 'true' } },
    },
    deb: {
      packageCategory: 'net',
      depends: [
        ...['libgtk-3-0', 'libnotify4', 'libnss3', 'libxss1', 'libxtst6', 'libatspi2.0-0', 'libuuid1', 'libsecret-1-0'],
        ...['libgbm1', 'libasound2t64 | libasound2', 'xdg-utils'],
      ],
      // Where the sign-in rests.
      recommends: ['gnome-keyring | kwalletmanager'],
      afterRemove: 'build/linux/after-remove.sh',
      // GNOME shows a tray with an extension only.
      fpm: [endsTheApp, '--deb-suggests=gnome-shell-extension-appindicator'],
    },
    rpm: {
      depends: [
        ...[
          'gtk3',
          'libnotify',
          'nss',
          'libXScrnSaver',
          '(libXtst or libXtst6)',
          'at-spi2-core',
          '(libuuid or libuuid1)',
        ],
        ...['(mesa-libgbm or libgbm1)', '(alsa-lib or libasound2)', 'xdg-utils'],
      ],
      afterRemove: 'build/linux/after-remove.sh',
      fpm: [
        endsTheApp,
        '--rpm-tag=Recommends: (gnome-keyring or kwalletmanager)',
        '--rpm-tag=Suggests: gnome-shell-extension-appindicator',
      ],
    },
  };
}

/** Signed with `CSC_LINK`, notarized with `APPLE_API_KEY`, `APPLE_API_KEY_ID` and `APPLE_API_ISSUER`. */
function macPackages(root: string): Pick<Configuration, 'mac'> {
  const entitlements = join(root, 'build/mac/entitlements.plist');
  return {
    mac: {
      target: ['dmg', 'zip'],
      category: 'public.app-category.developer-tools',
      // It lives in the menu bar, not in the dock.
      extendInfo: { LSUIElement: true },
      hardenedRuntime: true,
      entitlements,
      entitlementsInherit: entitlements,
    },
  };
}

/** Signed with `WIN_CSC_LINK`. For one user, so that nothing of it ever needs an administrator. */
function windowsPackages(root: string): Pick<Configuration, 'win' | 'nsis' | 'portable'> {
  return {
    win: {
      target: ['nsis', 'portable'],
      icon: 'build/icons/app.ico',
      signtoolOptions: { signingHashAlgorithms: ['sha256'] },
    },
    nsis: {
      artifactName: `${artifactName}-setup.\${ext}`,
      oneClick: true,
      perMachine: false,
      packElevateHelper: false,
      include: join(root, 'build/windows/installer.nsh'),
    },
    portable: { artifactName: `${artifactName}-portable.\${ext}`, requestExecutionLevel: 'user' },
  };
}

/** Every fuse that is known, so that a new one in `@electron/fuses` does not compile until it is decided here. */
export type Fuses = Readonly<Record<FuseV1Options, boolean>>;

/** Electron's security checklist, "Check which fuses you can change". */
export function fuses({ inspectable }: { readonly inspectable: boolean }): Fuses {
  return {
    [FuseV1Options.RunAsNode]: false,
    [FuseV1Options.EnableCookieEncryption]: true,
    [FuseV1Options.EnableNodeOptionsEnvironmentVariable]: false,
    // Playwright attaches through the inspector, so copies for end-to-end tests have it.
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
export async function setFuses(program: string, wanted: Fuses): Promise<void> {
  const present = await getCurrentFuseWire(program);
  const decided = Object.entries(wanted).filter(([fuse]) => fuse in present);
  await flipFuses(program, {
    version: FuseVersion.V1,
    resetAdHocDarwinSignature: process.platform === 'darwin',
    strictlyRequireAllFuses: true,
    ...(Object.fromEntries(decided) as Fuses),
  });
}

function resourcesOf({ appOutDir, packager }: AfterPackContext): string {
  return packager.getResourcesDir(appOutDir);
}

function packedProgram({ appOutDir, packager }: AfterPackContext): string {
  return programIn(appOutDir, packager.platform.nodeName);
}

/** The program in a folder that electron-builder has packed (`linux-unpacked`, `mac`, `win-unpacked`). */
export function programIn(packedFolder: string, platform: string): string {
  if (platform === 'darwin') return join(packedFolder, 'Loopgate.app');
  return join(packedFolder, platform === 'win32' ? 'Loopgate.exe' : 'loopgate');
}
