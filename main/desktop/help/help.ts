import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { app, clipboard, shell } from 'electron';
import type { Actions } from '../../../preload/contract.ts';
import { version } from '../../system/version.ts';
import { withoutDescriptors } from '../../system/withoutDescriptors.ts';
import type { RunningHost } from '../start/runningHost.ts';
import type { TrayAvailability } from '../tray/trayAvailability.ts';
import { readLog, reportOf } from './report.ts';

/** The actions of the window for a person who looks for help. */
export function helpActions(
  running: RunningHost,
  trayAvailability: Pick<TrayAvailability, 'isThere'>,
): Pick<Actions, 'copyReport' | 'openLogFolder' | 'openLicences'> {
  return {
    copyReport: () => clipboard.writeText(ownReport(running, trayAvailability)),
    openLogFolder: () => open(app.getPath('logs')),
    openLicences: () => open(licencesFile()),
  };
}

/**
 * Opens a file in the system's program for it. Electron's own way would block the thread that serves the API until that
 * program ends (on Linux).
 */
function open(path: string): void {
  if (process.platform !== 'linux') return void shell.openPath(path);
  const opener = withoutDescriptors((stdio) => spawn('xdg-open', [path], { stdio, detached: true }));
  // There is no other way to open it.
  opener.on('error', () => undefined);
  opener.unref();
}

function ownReport({ host }: RunningHost, trayAvailability: Pick<TrayAvailability, 'isThere'>): string {
  const { person, others, vault, problem } = host.broker.state();
  return reportOf({
    versions: {
      loopgate: version,
      electron: process.versions.electron,
      chromium: process.versions.chrome,
      node: process.versions.node,
    },
    system: {
      platform: process.platform,
      release: release(),
      architecture: process.arch,
      environment: process.env,
      isPackaged: app.isPackaged,
    },
    state: {
      isSignedIn: person !== undefined,
      accounts: others.length + (person ? 1 : 0),
      renewable: person?.renewable,
      provider: host.broker.providerHost,
      port: Number(new URL(host.address).port),
      guard: host.gate.mode,
      storage: vault.kind,
      hasTray: trayAvailability.isThere,
      programs: host.gate.programs.length,
      problem: problem?.code,
    },
    log: readLog(app.getPath('logs')),
  });
}

/** Copies the licences into a folder of their own, because other programs cannot open a file inside the app's archive. */
function licencesFile(): string {
  const path = join(mkdtempSync(join(tmpdir(), 'loopgate-licences-')), 'licences.txt');
  writeFileSync(path, readFileSync(join(__dirname, 'licences.txt')));
  return path;
}
