import type { Metric, Result } from '../metric.ts';
import { compared, inTurns } from '../rounds.ts';
import { ratioResult } from '../target.ts';
import { type StartedApp, withComparedApps } from './desktop.ts';

const rounds = 15;
const most = 1.15;

/** P11. Both apps start without a window and are ended again, in turns. */
export const start: Metric = {
  id: 'P11',
  what: 'from the start of the app to its first answer and to its tray icon, against an Electron app of ten lines',
  async measure(announce) {
    return await withComparedApps(announce, async (apps) => {
      announce(`P11: ${rounds} starts of each app`);
      const startOnce = async (begin: () => Promise<StartedApp>) => {
        const app = await begin();
        await app.stop();
        return app;
      };
      // The first one makes its profile; Loopgate was started to sign somebody in.
      await startOnce(apps.startTenLines);
      const starts = await inTurns(
        rounds,
        () => startOnce(apps.startLoopgate),
        () => startOnce(apps.startTenLines),
      );
      return [
        resultOf('spawn → the API answers, ms', starts, ({ answered }) => answered),
        resultOf('spawn → the tray icon is there, ms', starts, ({ inTray }) => inTray),
      ];
    });
  },
};

function resultOf(
  metric: string,
  starts: { readonly values: readonly StartedApp[]; readonly references: readonly StartedApp[] },
  figure: (app: StartedApp) => number,
): Result {
  const rows = compared(starts.values.map(figure), starts.references.map(figure));
  return ratioResult({ id: 'P11', metric, note: `${rounds} rounds, both unpacked` }, rows, { atMost: most });
}
