import './smallHeap.ts';
import { app, powerMonitor } from 'electron';
import { ListenError, OwnLoopgateError } from './api/listen.ts';
import { ownCommand, runsCommand } from './cli/packed.ts';
import { browserOpener } from './desktop/browser.ts';
import { startDesktop } from './desktop/desktop.ts';
import { desktopVault } from './desktop/desktopVault.ts';
import { endFailedStart } from './desktop/failedStart.ts';
import { placeFolders } from './desktop/folders.ts';
import { leaveToFirst, showWindowOf, takeLockOrHandOver, WindowToCome } from './desktop/handOver.ts';
import { KeptVault } from './desktop/keptVault.ts';
import { speakSystemLanguage } from './desktop/language.ts';
import { denyPermissions, lockDown } from './desktop/lockDown.ts';
import { openLogFile } from './desktop/logFile.ts';
import { declarePageScheme, servePage } from './desktop/page.ts';
import { choosePasswordStore } from './desktop/passwordStore.ts';
import { closeAtQuit } from './desktop/quit.ts';
import { RunningHost } from './desktop/runningHost.ts';
import { ownStartAtLogin, startsHidden } from './desktop/startAtLogin.ts';
import { systemFetch } from './desktop/systemFetch.ts';
import { ownUpdates } from './desktop/updates.ts';
import { startHost } from './host.ts';
import { LockedError } from './lock.ts';
import { createLog } from './log.ts';
import { servesHeadless } from './packedHeadless.ts';
import { readPolicy } from './policy.ts';
import { readSettings, SettingError } from './settings.ts';
import { readSettingsFile } from './settingsFile.ts';
import { outliveReaders } from './standardStreams.ts';

export { beforeReady } from './desktop/passwordStore.ts';

// Where a request goes: api/guard.ts (headers) → api/caller.ts (who) → api/server.ts (route) → api/pkce.ts, auth0.ts
// (operations) → broker/broker.ts, which asks broker/provider.ts and keeps what it gets in broker/session.ts.

/** Starts the desktop app, one step a line; or runs the command `loopgate` or the headless host in its place. */
async function start(): Promise<void> {
  if (runsCommand() || servesHeadless()) return;
  outliveReaders();
  lockDown();
  declarePageScheme();
  const settings = readSettings(process.env, readSettingsFile, process.platform, readPolicy());
  if (settings.demo && app.isPackaged)
    throw new SettingError('LOOPGATE_DEMO is for development: unset it and set an issuer.');
  const contactFolder = placeFolders(settings.home);
  choosePasswordStore(settings.home);
  const isHidden = startsHidden(process.argv, process.platform, app);
  const lock = await takeLockOrHandOver(settings.home, isHidden);
  if (!lock) return leaveToFirst(isHidden);
  app.on('quit', lock.release);
  const log = createLog(settings.logLevel, openLogFile(app.getPath('logs')));
  if (lock.notice !== undefined) log.warn({}, lock.notice);
  app.setAppUserModelId('dev.loopgate.app'); // Windows shows notifications for a named app only.
  const fetch = systemFetch();
  const vault = new KeptVault(desktopVault(settings));
  const window = new WindowToCome();
  const world = { fetch, vault, guard: 'ask', ownCommand, contactFolder, showWindow: window.show } as const;
  const listening = RunningHost.start(settings, (next) =>
    startHost(next, { ...world, openBrowser: browserOpener(next.issuer) }, log),
  );
  const [running] = await Promise.all([listening, app.whenReady()]);
  speakSystemLanguage();
  denyPermissions();
  servePage();
  const updates = await ownUpdates(app, running, log);
  const desktop = startDesktop(running, { fetch, vault, startAtLogin: ownStartAtLogin(app), updates });
  window.isIn(desktop);
  powerMonitor.on('resume', () => running.host.broker.wake()); // T7: timers stood still.
  closeAtQuit(running);
  const { portNotice = '', address } = running.host;
  process.stdout.write(`${portNotice}\nLoopgate ${app.getVersion()} listening on ${address}\n`.trimStart());
  if (!isHidden) desktop.open();
}

start().catch(async (error: unknown) => {
  if (error instanceof OwnLoopgateError && (await showWindowOf(error.pid))) return leaveToFirst(false);
  const isTheirs = error instanceof SettingError || error instanceof ListenError || error instanceof LockedError;
  return endFailedStart(error, error instanceof OwnLoopgateError ? 3 : isTheirs ? 2 : 1);
});
