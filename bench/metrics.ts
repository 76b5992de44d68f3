import { crowded } from './api/crowded.ts';
import { againstExpress, latency, requestsASecond } from './api/hotPath.ts';
import { listeners } from './api/listeners.ts';
import { memory } from './api/memory.ts';
import { profileCalls } from './api/profileCalls.ts';
import { renewal } from './api/renewal.ts';
import { signingIn } from './api/signingIn.ts';
import { archive } from './app/archive.ts';
import { command } from './app/command.ts';
import { idle } from './app/idle.ts';
import { loadTime } from './app/loadTime.ts';
import { start } from './app/start.ts';
import { trayMenu } from './app/trayMenu.ts';
import type { Metric } from './metric.ts';

/** A metric of the list. */
export interface Listed {
  readonly metric: Metric;
  /** How long it takes on two cores, in seconds. */
  readonly seconds: number;
  /**
   * Measured before the others: who opens a new connection is looked for in the kernel's list of them, where the thousands that
   * others have ended stand for a minute.
   */
  readonly isFirst?: boolean;
}

/** P1 to P14 in their order. */
export const metrics: readonly Listed[] = [
  { metric: requestsASecond, seconds: 75 },
  { metric: againstExpress, seconds: 40 },
  { metric: latency, seconds: 1 },
  { metric: crowded, seconds: 45 },
  { metric: signingIn, seconds: 25, isFirst: true },
  { metric: renewal, seconds: 75 },
  { metric: profileCalls, seconds: 65 },
  { metric: loadTime, seconds: 30 },
  { metric: memory, seconds: 200 },
  { metric: archive, seconds: 20 },
  { metric: start, seconds: 60 },
  { metric: idle, seconds: 60 },
  { metric: trayMenu, seconds: 20 },
  { metric: listeners, seconds: 70 },
  { metric: command, seconds: 40, isFirst: true },
];
