import './system/smallHeap.ts';
import { app, powerMonitor } from 'electron';
import { message } from '../preload/texts/messages.ts';
import { ownCommand, runsCommand } from './cli/packed.ts';
import { startDesktop } from './desktop/desktop.ts';
import { ownUpdates } from './desktop/help/updates.ts';
import { ownStartAtLogin, startsHidden } from './desktop/settings/startAtLogin.ts';
import { announce } from './desktop/start/announcement.ts';
import { endFailedStart } from './desktop/start/failedStart.ts';
import { closeAtQuit } from './desktop/start/quit.ts';
import { RunningHost } from './desktop/start/runningHost.ts';
import { leaveToFirst, showWindowOf, takeLockOrHandOver, WindowToCome } from './desktop/start/showOtherInstance.ts';
import { browserOpener } from './desktop/system/browser.ts';
import { desktopVault } from './desktop/system/desktopVault.ts';
import { placeFolders } from './desktop/system/folders.ts';
import { speakSystemLanguage } from './desktop/system/language.ts';
import { openLogFile } from './desktop/system/logFile.ts';
import { choosePasswordStore } from './desktop/system/passwordStore.ts';
import { systemFetch } from './desktop/system/systemFetch.ts';
import { denyPermissions, lockDown } from './desktop/windows/lockDown.ts';
import { declarePageScheme, servePage } from './desktop/windows/page.ts';
import { startHost } from './host/host.ts';
import { ownSettings } from './host/ownSettings.ts';
import { isRefusal } from './host/refusal.ts';
import { OwnLoopgateError } from './listener/listenErrors.ts';
import { servesHeadless } from './packedHeadless.ts';
import { SettingError } from './settings/settings.ts';
import { KeptVault } from './storage/keptVault.ts';
import { createLog } from './system/log.ts';
import { outliveReaders } from './system/standardStreams.ts';

export { beforeReady } from './desktop/system/passwordStore.ts';

// Where a request goes: listener/listen.ts → api/server.ts, which asks api/guard.ts (headers), callers/ (who) and
// access/gate.ts (whether it may) → api/operations/ → broker/broker.ts → broker/provider/, broker/session/.

/** Starts the desktop app, one step a line; or runs the command `loopgate` or the headless host instead. */
async function start(): Promise<void> {
  if (runsCommand() || servesHeadless()) return;
  outliveReaders();
  lockDown();
  declarePageScheme();
  const { settings, folder } = ownSettings();
  if (settings.demo && app.isPackaged) throw new SettingError(message('demoForDevelopment'));
  const contactFolder = placeFolders(settings.home);
  choosePasswordStore(settings.home);
  const isHidden = startsHidden(process.argv, process.platform, app);
  const lock = await takeLockOrHandOver(settings.home, isHidden);
  if (!lock) return leaveToFirst(isHidden);
  app.on('quit', lock.release);
  const log = createLog(settings.logLevel, openLogFile(app.getPath('logs')));
  if (lock.notice !== undefined) log.warn({}, lock.notice);
  for (const notice of [...folder.notices, ...folder.warnings]) log.warn({}, notice);
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
  announce(running.host);
  if (!isHidden) desktop.open();
}

start().catch(async (error: unknown) => {
  if (error instanceof OwnLoopgateError && (await showWindowOf(error.pid))) return leaveToFirst(false);
  return endFailedStart(error, error instanceof OwnLoopgateError ? 3 : isRefusal(error) ? 2 : 1);
});
