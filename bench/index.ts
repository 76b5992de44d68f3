/**
 * `npm run bench [-- --only P1,P6 [--write]]`: measures P1 to P14, each beside its reference in the same run, and prints one
 * table. A figure that is short is no failure: it ends with 0 whenever it has measured. See README.md.
 */
import { endAll } from './api/processes.ts';
import { type Asked, parseArguments } from './arguments.ts';
import { machineText } from './machine.ts';
import type { Metric } from './metric.ts';
import { type Listed, metrics } from './metrics.ts';
import { descendantsOf, endProcesses } from './processes.ts';
import { clockText, Progress } from './progress.ts';
import { record } from './record.ts';
import { type Line, textTable } from './table.ts';

/** What runs already, such as the loader's compiler, is nobody's left-over. */
const ownProcesses = new Set(await descendantsOf(process.pid));
const leftOver = async () => (await descendantsOf(process.pid)).filter((pid) => !ownProcesses.has(pid));

let isInterrupted = false;
const asked = argumentsOrExit();
const chosen = metrics.filter(({ metric }) => asked.ids.includes(metric.id));
const progress = new Progress(chosen.reduce((sum, { seconds }) => sum + seconds, 0));
endOnSignals();

const machine = machineText();
const found = new Map<Listed, readonly Line[]>();
for (const one of chosen.filter(({ isFirst }) => isFirst)) found.set(one, await measured(one.metric));
for (const one of chosen.filter(({ isFirst }) => !isFirst)) found.set(one, await measured(one.metric));
const lines = chosen.flatMap((one) => found.get(one) ?? []);
progress.clear();
console.log(`${textTable(lines)}\n\n${machine}. It took ${clockText(progress.elapsed())}.`);
if (asked.writes) await record(lines, { isWhole: asked.isWhole, machine });
process.exit(0);

function argumentsOrExit(): Asked {
  const known = metrics.map(({ metric }) => metric.id);
  try {
    return parseArguments(process.argv.slice(2), known);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exit(2);
  }
}

/** What cannot be measured here is a line that says why. */
async function measured(metric: Metric): Promise<readonly Line[]> {
  const say = (text: string) => progress.say(`${metric.id}  ${text}`);
  try {
    say(metric.what);
    return await metric.measure(say);
  } catch (error) {
    // What was ended under its hands fails: nothing follows from that.
    if (isInterrupted) return await new Promise(() => undefined);
    const why = error instanceof Error ? error.message : String(error);
    say(`not measured: ${why}`);
    return [{ id: metric.id, metric: metric.what, why }];
  } finally {
    await endAll();
    const forgotten = await leftOver();
    if (forgotten.length > 0) say(`${forgotten.length} processes were still running, and are ended`);
    endProcesses(forgotten);
  }
}

/** Ctrl-C leaves nothing running: what a metric has started is ended as it should be, and what is left then at once. */
function endOnSignals(): void {
  const end = async () => {
    isInterrupted = true;
    progress.clear();
    console.error('Interrupted. Nothing was written.');
    const timeout = new Promise((resolve) => setTimeout(resolve, 3_000));
    await Promise.race([endAll(), timeout]);
    endProcesses(await leftOver());
    process.exit(130);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => void end());
}
