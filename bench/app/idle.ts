import { setTimeout as delay } from 'node:timers/promises';
import type { Metric } from '../metric.ts';
import { type Footprint, footprintOf } from '../processes.ts';
import { compared, inTurns, median, spread } from '../rounds.ts';
import { ratioResult } from '../target.ts';
import { type StartedApp, withComparedApps } from './desktop.ts';

const rounds = 5;
const most = 1.15;
/** How long each app is left alone before it is measured, in milliseconds: Chromium starts and ends processes meanwhile. */
const settling = 8_000;

/** P12. Each app alone, without a window, Loopgate signed in. */
export const idle: Metric = {
  id: 'P12',
  what: 'processes and proportional memory with the window shut, against an Electron app of ten lines',
  async measure(announce) {
    return await withComparedApps(announce, async (apps) => {
      announce(`P12: ${rounds} times each app, left alone for ${settling / 1000} s`);
      const leaveAlone = async (begin: () => Promise<StartedApp>) => {
        const app = await begin();
        try {
          await delay(settling);
          return await footprintOf(app.pid);
        } finally {
          await app.stop();
        }
      };
      const { values, references } = await inTurns(
        rounds,
        () => leaveAlone(apps.startLoopgate),
        () => leaveAlone(apps.startTenLines),
      );
      const processes = compared(values.map(countOf), references.map(countOf));
      const memory = compared(values.map(megabytesOf), references.map(megabytesOf));
      return [
        {
          id: 'P12',
          metric: 'processes with the window shut',
          value: median(processes.values),
          reference: median(processes.references),
          ratio: median(processes.ratios),
          target: 'the same',
          pass: processes.ratios.every((one) => one === 1),
          spread: spread(processes.ratios),
          note: values.at(-1)?.names.join(' ') ?? '',
        },
        ratioResult(
          {
            id: 'P12',
            metric: 'proportional memory with the window shut, MB',
            note: `${rounds} rounds, each ${settling / 1000} s after the start`,
          },
          memory,
          { atMost: most },
        ),
      ];
    });
  },
};

const countOf = ({ processes }: Footprint) => processes;
const megabytesOf = ({ proportionalKilobytes }: Footprint) => (proportionalKilobytes * 1024) / 1_000_000;
