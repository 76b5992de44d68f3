import type { PortResult, RemovalWay } from '../../preload/contract.ts';
import type { SettingsChange, SettingsView } from '../../preload/views/settings.ts';
import { systemClock } from '../broker/clock.ts';
import { tryPort } from '../host/host.ts';
import type { Settings } from '../settings/settings.ts';
import { readSettingsFile, writeSettings } from '../settings/settingsFile.ts';
import { ProviderChecker } from './settings/providerCheck.ts';
import { removeEverything } from './settings/removal.ts';
import { type Removed, removalWorld } from './settings/removalWorld.ts';
import { SettingsEditor } from './settings/settingsEditor.ts';
import type { StartAtLogin } from './settings/startAtLogin.ts';
import type { RunningHost } from './start/runningHost.ts';
import type { CurrentView } from './view/currentView.ts';
import type { MainWindowRequests } from './windows/ipc.ts';

/** What the requests of the main window need in addition to the running host. */
export interface RequestWorld extends Removed {
  readonly current: CurrentView;
  showTheme(theme: Settings['theme']): void;
}

/** Answers the requests of the main window. */
export function mainWindowRequests(running: RunningHost, world: RequestWorld): MainWindowRequests {
  const { current, startAtLogin, showTheme } = world;
  const checker = new ProviderChecker(world.fetch, systemClock);
  const editor = new SettingsEditor(running, {
    environment: process.env,
    read: readSettingsFile,
    write: writeSettings,
    checkProvider: (issuer) => checker.check(issuer),
    checkClient: (...asked) => checker.checkClient(...asked),
    tryPort,
    showTheme,
  });
  const tryPortAgain = async (): Promise<PortResult> => {
    const { host } = running;
    if (host.wantedPort === undefined) return { ok: true };
    const result = await editor.returnToPort(host.wantedPort);
    if (!result.ok) await current.findPortOwner(host);
    return result;
  };
  return {
    programs: () => current.programs(),
    settings: () => ({ ...editor.view(), ...startAtLoginOf(startAtLogin) }),
    changeSettings: (change: SettingsChange) => editor.change(change),
    checkProvider: (issuer: string) => checker.whileTyping(issuer),
    removeEverything: (way: RemovalWay) => removeEverything(way, removalWorld(running, world)),
    tryPortAgain,
    providerAddress: (id: string) => running.host.broker.providerAddress(id),
  };
}

function startAtLoginOf(startAtLogin: StartAtLogin): Pick<SettingsView, 'startAtLogin' | 'startAtLoginNotice'> {
  const { isOn, isAvailable, notice } = startAtLogin.state();
  return {
    ...(isAvailable && { startAtLogin: isOn }),
    ...(notice !== undefined && { startAtLoginNotice: notice }),
  };
}
