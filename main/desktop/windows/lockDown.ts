import { url as inspectorAddress } from 'node:inspector';
import { app, Menu, session } from 'electron';
import { SettingError } from '../../settings/settings.ts';
import { openingOf } from './openings.ts';
import { type PageName, pageAddresses } from './page.ts';

/**
 * Refuses a start of the packed app that would let others look into it or weaken it. Builds for end-to-end tests, which Playwright
 * attaches to, differ in the fuse that allows the inspector.
 * @throws SettingError
 */
function refuseOpenings(): void {
  // Chromium writes the keys of its connections to this file (SSLKEYLOGFILE).
  delete process.env.SSLKEYLOGFILE;
  if (!app.isPackaged || inspectorAddress() !== undefined) return;
  const opening = openingOf(app.commandLine);
  if (!opening) return;
  // Also remove the switches: Chromium keeps running until the person has read the reason.
  for (const name of opening.switches) app.commandLine.removeSwitch(name);
  throw new SettingError(opening.reason);
}

/**
 * Applies Electron's security checklist to all present and future web contents. Call it before the app is ready.
 * @throws SettingError for a start that would let others look into the app
 */
export function lockDown(): void {
  refuseOpenings();
  // All renderers run in Chromium's sandbox. As root there is none, and enforcing it would crash Chromium's helpers at every
  // start.
  if (!app.commandLine.hasSwitch('no-sandbox')) app.enableSandbox();
  // Without a menu there is no reload and no shortcut for the developer tools, and the start is faster.
  Menu.setApplicationMenu(null);
  app.on('web-contents-created', (_event, contents) => {
    // The page never navigates, opens nothing, embeds nothing.
    contents.on('will-navigate', (event) => event.preventDefault());
    contents.on('will-redirect', (event) => event.preventDefault());
    contents.on('will-frame-navigate', (event) => event.preventDefault());
    contents.on('will-attach-webview', (event) => event.preventDefault());
    contents.setWindowOpenHandler(() => ({ action: 'deny' }));
  });
}

/**
 * Denies the pages every permission (camera, notifications and so on) and all network access. Call it when the app is ready.
 */
export function denyPermissions(): void {
  const { defaultSession } = session;
  defaultSession.setPermissionRequestHandler((_contents, _permission, callback) => callback(false));
  defaultSession.setPermissionCheckHandler(() => false);
  defaultSession.setDevicePermissionHandler(() => false);
  // Otherwise every session would download dictionaries from Google, even without spell checking. This applies to all
  // sessions.
  defaultSession.setSpellCheckerDictionaryDownloadURL('none://none/');
}

/**
 * Identifies which of our own pages sent a message from its main frame; undefined for every other sender, which gets no
 * answer.
 */
export function ownPageOf(frame: Electron.WebFrameMain | null): PageName | undefined {
  if (frame === null || frame.parent !== null) return undefined;
  return (['main', 'consent'] as const).find((name) => frame.url === pageAddresses[name]);
}
