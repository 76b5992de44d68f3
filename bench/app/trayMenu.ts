import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { inTime } from '../../build/inTime.ts';
import type { DesktopSession } from '../../build/testDisplay.ts';
import type { Metric } from '../metric.ts';
import { signInOnDevice } from '../signIn.ts';
import { figureResult } from '../target.ts';
import { withComparedApps } from './desktop.ts';

const rounds = 5;
const most = 100;
const timeout = 10_000;
/** The menu may change more than once after a sign-in: it is left alone for so long before the next change. Milliseconds. */
const settling = 1_000;

/** Beside P1 to P14: how soon the tray's menu tells the panel that it has changed, after a program has signed the person out. */
export const trayMenu: Metric = {
  id: 'tray',
  what: 'from a change of session to the changed menu of the tray',
  async measure(announce) {
    return await withComparedApps(announce, async ({ session, startLoopgate }) => {
      announce(`tray: ${rounds} changes of session`);
      const app = await startLoopgate();
      const menu = await watchMenu(session, app.trayItem);
      try {
        const values: number[] = [];
        for (let round = 0; round < rounds; round += 1) {
          await delay(settling);
          const changed = menu.nextChange();
          const began = performance.now();
          const [answer] = await Promise.all([fetch(`${app.address}/user/clear`, { method: 'POST' }), changed]);
          values.push((await changed) - began);
          if (!answer.ok) throw new Error(`POST /user/clear answered ${answer.status}`);
          await signInOnDevice(app.address, 'Ada Lovelace');
        }
        const metric = 'a change of session → the menu of the tray, ms';
        const note = `${rounds} rounds, from the request to the signal LayoutUpdated on the bus`;
        return [figureResult({ id: 'also', metric, note }, values, { atMost: most }, 'ms')];
      } finally {
        menu.stop();
        await app.stop();
      }
    });
  },
};

/** @param item - e.g. `:1.12/StatusNotifierItem` */
async function watchMenu({ environment }: DesktopSession, item: string) {
  const [bus = item] = item.split('/');
  const argv = ['monitor', '--session', '--dest', bus, '--object-path', '/com/canonical/dbusmenu'];
  const child = spawn('gdbus', argv, { env: environment, stdio: ['ignore', 'pipe', 'ignore'] });
  const lines = createInterface({ input: child.stdout });
  // Its first line says that it listens.
  await inTime('gdbus monitor', timeout, once(lines, 'line'));
  return {
    /** When the menu changes next, by `performance.now()`. */
    nextChange: () =>
      inTime(
        'a change of the menu',
        timeout,
        new Promise<number>((resolve) => {
          const look = (line: string) => {
            if (!/LayoutUpdated|ItemsPropertiesUpdated/.test(line)) return;
            lines.off('line', look);
            resolve(performance.now());
          };
          lines.on('line', look);
        }),
      ),
    stop: () => void child.kill(),
  };
}
