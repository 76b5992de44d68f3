import type { Metric, Result } from '../metric.ts';
import { compared, inTurns } from '../rounds.ts';
import { ratioResult } from '../target.ts';
import { type StartedApp, withComparedApps } from './desktop.ts';

const rounds = 15;
const fixedRounds = 7;
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
      const fixedStarts = await inTurns(
        fixedRounds,
        () => startOnce(apps.startFixedParts),
        () => startOnce(apps.startTenLines),
      );
      const [answers, tray] = ['spawn → the API answers, ms', 'spawn → the tray icon is there, ms'];
      return [
        resultOf('P11', answers, starts, ({ answered }) => answered),
        resultOf('P11', tray, starts, ({ inTray }) => inTray),
        resultOf('also', `P11 of the fixed packages alone, ${answers}`, fixedStarts, ({ answered }) => answered),
        resultOf('also', `P11 of the fixed packages alone, ${tray}`, fixedStarts, ({ inTray }) => inTray),
      ];
    });
  },
};

function resultOf(
  id: string,
  metric: string,
  starts: { readonly values: readonly StartedApp[]; readonly references: readonly StartedApp[] },
  figure: (app: StartedApp) => number,
): Result {
  const rows = compared(starts.values.map(figure), starts.references.map(figure));
  const note = `${rows.values.length} rounds, both unpacked`;
  return ratioResult({ id, metric, note }, rows, { atMost: most });
}
