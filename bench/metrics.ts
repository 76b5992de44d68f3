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

/** P1 to P14 in their order, with how long each takes on two cores, in seconds. */
export const metrics: readonly { readonly metric: Metric; readonly seconds: number }[] = [
  { metric: requestsASecond, seconds: 75 },
  { metric: againstExpress, seconds: 40 },
  { metric: latency, seconds: 1 },
  { metric: crowded, seconds: 45 },
  { metric: signingIn, seconds: 25 },
  { metric: renewal, seconds: 75 },
  { metric: profileCalls, seconds: 65 },
  { metric: loadTime, seconds: 30 },
  { metric: memory, seconds: 200 },
  { metric: archive, seconds: 20 },
  { metric: start, seconds: 60 },
  { metric: idle, seconds: 60 },
  { metric: trayMenu, seconds: 20 },
  { metric: listeners, seconds: 70 },
  { metric: command, seconds: 40 },
];
