import type { Metric } from '../metric.ts';
import { compared, inTurns } from '../rounds.ts';
import { ratioResult } from '../target.ts';
import { type StartedApp, withComparedApps } from './desktop.ts';

const rounds = 15;

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
      const rows = (figure: (app: StartedApp) => number) =>
        compared(starts.values.map(figure), starts.references.map(figure));
      const named = (metric: string) => ({ id: 'P11', metric, note: `${rounds} rounds, both unpacked` });
      return [
        ratioResult(
          named('spawn → the API answers, ms'),
          rows(({ answered }) => answered),
          { atMost: 1.5 },
        ),
        ratioResult(
          named('spawn → the tray icon is there, ms'),
          rows(({ inTray }) => inTray),
          { atMost: 1.8 },
        ),
      ];
    });
  },
};
