import { url as inspectorAddress } from 'node:inspector';
import { app, Menu, session } from 'electron';
import { verbatim } from '../../../preload/texts/messages.ts';
import { SettingError } from '../../settings/settings.ts';
import { type PageName, pageAddresses } from './page.ts';

/**
 * Switches of Chromium with which whoever starts the app could answer its questions, read its traffic or lead it elsewhere. No
 * fuse turns them off.
 */
const openings = [
  ...['remote-debugging-port', 'remote-debugging-pipe', 'remote-debugging-address', 'remote-allow-origins'],
  ...['ignore-certificate-errors', 'ignore-certificate-errors-spki-list', 'host-rules', 'host-resolver-rules'],
  ...['log-net-log', 'net-log-capture-mode', 'ssl-key-log-file', 'js-flags', 'enable-automation'],
  ...['renderer-cmd-prefix', 'utility-cmd-prefix', 'gpu-launcher', 'browser-subprocess-path', 'disable-web-security'],
] as const;

/**
 * Refuses a start of the packed app that somebody could look into. Builds for end-to-end tests, which Playwright attaches to,
 * differ in the fuse that lets the inspector in.
 * @throws SettingError
 */
function refuseOpenings(): void {
  // Chromium writes the keys of its connections there (SSLKEYLOGFILE).
  delete process.env.SSLKEYLOGFILE;
  if (!app.isPackaged || inspectorAddress() !== undefined) return;
  const found = openings.filter((name) => app.commandLine.hasSwitch(name));
  if (found.length === 0) return;
  // Taken away as well: Chromium goes on until the person has read why.
  for (const name of found) app.commandLine.removeSwitch(name);
  throw new SettingError(
    verbatim(`Loopgate was started with --${found.join(' --')}, by which others could use it. Start it without.`),
  );
}

/**
 * Electron's security checklist, for whatever web contents there will ever be. Called before the app is ready.
 * @throws SettingError for a start that somebody could look into
 */
export function lockDown(): void {
  refuseOpenings();
  // Everything that renders runs in Chromium's sandbox; but as root there is none, and enforcing it would crash Chromium's
  // helpers at every start.
  if (!app.commandLine.hasSwitch('no-sandbox')) app.enableSandbox();
  // No menu: no reload, no developer tools by shortcut, and a faster start.
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

/** No camera, no notifications by page, nothing; and no network for the window at all. Called when the app is ready. */
export function denyPermissions(): void {
  const { defaultSession } = session;
  defaultSession.setPermissionRequestHandler((_contents, _permission, callback) => callback(false));
  defaultSession.setPermissionCheckHandler(() => false);
  defaultSession.setDevicePermissionHandler(() => false);
  // Every session would download dictionaries from Google, even where nothing is spell-checked. This holds for all of them.
  defaultSession.setSpellCheckerDictionaryDownloadURL('none://none/');
}

/** Which of our own pages a message comes from, in its main frame: nobody else is answered. */
export function ownPageOf(frame: Electron.WebFrameMain | null): PageName | undefined {
  if (frame === null || frame.parent !== null) return undefined;
  return (['main', 'consent'] as const).find((name) => frame.url === pageAddresses[name]);
}
