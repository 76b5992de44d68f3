/**
 * `npm run bench:curves`: how cost grows with callers, listeners, programs and accounts. Writes `bench/curves.md` and a chart
 * of each curve. `-- callers accounts` measures these alone, and leaves the others out of the text.
 */

import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { ensureBundle } from '../build/bundle.ts';
import { chart } from './curves/chart.ts';
import { accountsCurve, type Curve, callersCurve, listenersCurve, programsCurve } from './curves/measure.ts';
import { brokenPromises, curvesMarkdown, panelsOf } from './curves/page.ts';

const all = { callers: callersCurve, listeners: listenersCurve, programs: programsCurve, accounts: accountsCurve };
const place = (name: string) => fileURLToPath(new URL(name, import.meta.url));

await ensureBundle();
const asked = process.argv.slice(2);
const unknown = asked.find((name) => !(name in all));
if (unknown !== undefined) throw new Error(`There is no curve "${unknown}": ${Object.keys(all).join(', ')}.`);
const curves: Curve[] = [];
for (const [name, measure] of Object.entries(all)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  console.log(`${name} …`);
  const curve = await measure((line) => console.log(`  ${line}`));
  await writeFile(place(`${name}.svg`), chart(curve.counted, panelsOf(curve)));
  curves.push(curve);
}
await writeFile(place('curves.md'), curvesMarkdown(curves, process.versions.node));
const broken = curves.flatMap(brokenPromises);
for (const line of broken) console.error(line);
process.exitCode = broken.length > 0 ? 1 : 0;
