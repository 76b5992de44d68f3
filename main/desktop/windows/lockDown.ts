import { url as inspectorAddress } from 'node:inspector';
import { app, Menu, session } from 'electron';
import { verbatim } from '../../../preload/texts/messages.ts';
import { SettingError } from '../../settings/settings.ts';
import { type PageName, pageAddresses } from './page.ts';

/**
 * Chromium switches with which a program that starts the app could answer its questions, read its traffic or redirect it. No
 * fuse turns them off.
 */
const openings = [
  ...['remote-debugging-port', 'remote-debugging-pipe', 'remote-debugging-address', 'remote-allow-origins'],
  ...['ignore-certificate-errors', 'ignore-certificate-errors-spki-list', 'host-rules', 'host-resolver-rules'],
  ...['log-net-log', 'net-log-capture-mode', 'ssl-key-log-file', 'js-flags', 'enable-automation'],
  ...['renderer-cmd-prefix', 'utility-cmd-prefix', 'gpu-launcher', 'browser-subprocess-path', 'disable-web-security'],
] as const;

/**
 * Refuses a start of the packed app that would let others look into it. Builds for end-to-end tests, which Playwright
 * attaches to, differ in the fuse that allows the inspector.
 * @throws SettingError
 */
function refuseOpenings(): void {
  // Chromium writes the keys of its connections to this file (SSLKEYLOGFILE).
  delete process.env.SSLKEYLOGFILE;
  if (!app.isPackaged || inspectorAddress() !== undefined) return;
  const found = openings.filter((name) => app.commandLine.hasSwitch(name));
  if (found.length === 0) return;
  // Also remove the switches: Chromium keeps running until the person has read the reason.
  for (const name of found) app.commandLine.removeSwitch(name);
  throw new SettingError(
    verbatim(`Loopgate was started with --${found.join(' --')}, by which others could use it. Start it without.`),
  );
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
