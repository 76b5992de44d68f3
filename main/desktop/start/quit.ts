import { app } from 'electron';
import { endProcess } from '../../system/strangersFiles.ts';
import type { RunningHost } from './runningHost.ts';

/** Delays the quit until the sockets are closed and everything is written. */
export function closeAtQuit(running: RunningHost): void {
  app.once('will-quit', (event) => {
    event.preventDefault();
    void running.close().finally(() => endProcess(() => app.exit(0)));
  });
}
